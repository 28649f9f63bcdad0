"""kill -9 under load, again and again: nothing that was confirmed is lost or undone."""

import asyncio
import gc
import json
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from rex_auth_edge import machine
from tests.bad_days import remains
from tests.bad_days.ledger import Letterbox, Person, visiting
from tests.doubles import SeededEntropy
from tests.mail.servers import listening
from tests.processes import Process, serving

KILLS = int(machine.environment().get("REX_KILLS", "5"))
NEWCOMERS, NEIGHBOURS = 4, 8
"""People who register in each of the hub's lives, and people of earlier ones who are about as well."""
SHORTEST, SPREAD = 250, 900
"""Milliseconds under load before a kill: at least, and at most so many more."""


@dataclass
class Town:
    """Everybody who has ever registered, and the sink for their letters."""

    letters: Letterbox = field(default_factory=Letterbox)
    entropy: SeededEntropy = field(default_factory=SeededEntropy)
    counts: Counter[str] = field(default_factory=Counter)
    people: list[Person] = field(default_factory=list)
    crowd: list[Person] = field(default_factory=list)
    on_record: dict[int, set[str]] = field(default_factory=dict)

    def gather(self) -> None:
        """Who will be about in this life."""
        begun = len(self.people)
        known = [self.people[self.entropy.below(begun)] for _ in range(NEIGHBOURS)] if begun else []
        new = [Person(f"p{begun + one}@example.com", self.letters, self.counts) for one in range(NEWCOMERS)]
        self.people += new
        self.crowd = [*{id(person): person for person in known if person.joined}.values(), *new]


@asynccontextmanager
async def hub(data_dir: Path, port: int) -> AsyncIterator[Process]:
    """A hub that sends its letters to the sink; killed at the end."""
    started = serving(
        data_dir,
        RATE_LIMIT_ENABLED="false",
        REX_LOG_LEVEL="error",
        SMTP_ENABLED="true",
        SMTP_SERVER="127.0.0.1",
        SMTP_PORT=str(port),
        SMTP_USE_TLS="false",
    )
    process = await asyncio.to_thread(started.__enter__)
    try:
        yield process
    finally:
        process.process.kill()
        started.__exit__(None, None, None)


async def one_life(town: Town, process: Process) -> None:
    """What held before holds, then a crowd at its doings, and kill -9 in the middle."""
    async with visiting(process.url) as client:
        await asyncio.gather(*(person.look(client) for person in town.crowd))
        town.gather()
        crowd = [asyncio.create_task(person.live_on(client, town.entropy)) for person in town.crowd]
        _, still = await asyncio.wait(crowd, timeout=(SHORTEST + town.entropy.below(SPREAD)) / 1000)
        process.process.kill()
        for task in still:
            await asyncio.wait([task], timeout=0.05)
            task.cancel()  # it waits for a letter that nobody will send now
        for outcome in await asyncio.gather(*crowd, return_exceptions=True):
            if isinstance(outcome, Exception):
                raise outcome


def after_death(town: Town, data_dir: Path, scratch: Path) -> None:
    """The database is whole, its log as well."""
    path = remains.copied(data_dir, scratch)
    assert remains.unwhole(path) == []
    town.counts["audit_rows"], broken = remains.audited(path)
    assert broken == []
    town.on_record[town.letters.life] = remains.sent(path)


def letters_twice(town: Town) -> tuple[list[str], int]:
    """Letters that were on record as sent and came again, and how many came again because of a kill in between."""
    again, by_kill, last = [], 0, dict[str, int]()
    for life, name in town.letters.taken:
        letter = name.split("@", maxsplit=1)[0]
        before = last.get(letter)
        if before is not None and (before == life or letter in town.on_record[before]):
            again.append(letter)
        elif before is not None:
            by_kill += 1
        last[letter] = life
    return again, by_kill


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_kill(tmp_path: Path) -> None:
    """No confirmed registration, revocation, rotation or reset is lost or undone; the database and its log are whole.

    No letter comes again that was on record as sent; one that the server took at the moment of the kill may.
    """
    began, town, data_dir = time.monotonic(), Town(), tmp_path / "data"
    async with listening(town.letters) as port:
        for town.letters.life in range(KILLS):
            async with hub(data_dir, port) as process:
                await one_life(town, process)
            after_death(town, data_dir, tmp_path / "copy")
        town.letters.life = KILLS
        async with hub(data_dir, port) as process, visiting(process.url) as client:
            await asyncio.gather(*(person.look(client) for person in town.people))
            await asyncio.gather(*(person.look_back(client) for person in town.people))
        after_death(town, data_dir, tmp_path / "copy")
    again, by_kill = letters_twice(town)
    assert again == []
    tell(town, kills=KILLS, letters=len(town.letters.taken), letters_twice_by_kill=by_kill,
         seconds=int(time.monotonic() - began))  # fmt: skip
    gc.collect()  # the client's connections that were being closed when their task was cancelled, here and not later


def tell(town: Town, **counts: int) -> None:
    """For the note, where asked."""
    if target := machine.environment().get("REX_COUNTS"):
        with Path(target).open("a") as file:
            file.write(json.dumps({"test": "kill -9", **counts, **town.counts}) + "\n")
