"""What many do at once, and what much data costs: validating beside a crowd that signs in, refreshing among many."""

import asyncio
import shutil
import sqlite3
import statistics
from contextlib import AbstractContextManager, ExitStack, closing
from pathlib import Path

from tests.benchmarks import measures, servers
from tests.benchmarks.load import Result, run
from tests.benchmarks.servers import Account
from tests.processes import Process

CROWD = 48
"""Sign-ins at a time: one is hashed, the others wait, and the bounded queue of 64 refuses none."""

_MORE = """
INSERT INTO auth_sessions ({columns})
WITH RECURSIVE counted(number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM counted WHERE number < :wanted)
SELECT {values} FROM counted, (SELECT * FROM auth_sessions LIMIT 1) AS one
"""
_OWN = {"id": "randomblob(16)", "number": "counted.number", "refresh_hash": "randomblob(32)"}


async def beside_logins(url: str, accounts: list[Account], token: str, count: int) -> tuple[Result, Result]:
    """Validations one after the other over 4 connections: with nothing else to do, then while sign-ins never cease."""
    wanted = [measures.validate(token)] * count
    alone = await run(url, 4, wanted)
    crowd = [measures.login(accounts[number % len(accounts)], "10.9.9.9") for number in range(CROWD * 100)]
    signing_in = asyncio.create_task(run(url, CROWD, crowd))
    await asyncio.sleep(1)
    beside = await run(url, 4, wanted)
    signing_in.cancel()
    await asyncio.gather(signing_in, return_exceptions=True)
    assert set(alone.statuses) == set(beside.statuses) == {200}
    return alone, beside


async def refreshing_among(sizes: tuple[int, int], directory: Path, count: int, repeats: int) -> list[float]:
    """Refreshes a second of two hubs, in turn, whose databases hold so many sessions."""
    data, rates = directory / "household", [list[float]() for _ in sizes]
    tokens = await _few_sessions(data)
    with ExitStack() as stack:
        hubs = [stack.enter_context(_hub_with(data, size)) for size in sizes]
        own = [list(tokens) for _ in hubs]
        for _ in range(repeats):
            for process, shown, found in zip(hubs, own, rates, strict=True):
                found.append((await measures.rotate(process.url, shown, count))[0].rate)
    return [statistics.median(found) for found in rates]


async def _few_sessions(data: Path) -> list[str]:
    """Refresh tokens, good in every copy of a hub's directory."""
    with servers.hub(data) as process:
        people = [servers.joined(process, number) for number in range(8)]
        tokens = [one["refresh_token"] for one in await measures.sessions(process.url, people, 120)]
        await asyncio.to_thread(process.stop)
        return tokens


def _hub_with(data: Path, size: int) -> AbstractContextManager[Process]:
    """A hub on a copy of `data` with so many sessions."""
    copy = data.with_name(f"{data.name}-{size}")
    shutil.copytree(data, copy, ignore=shutil.ignore_patterns("*.sock"))
    with closing(sqlite3.connect(copy / "rex-auth-edge.db")) as database, database:
        _fill(database, size)
    return servers.hub(copy)


def _fill(database: sqlite3.Connection, size: int) -> None:
    """As many sessions as are missing, like one that is there but for what is each session's own."""
    (present,) = database.execute("SELECT count(*) FROM auth_sessions").fetchone()
    assert present <= size, present
    columns = [row[1] for row in database.execute("PRAGMA table_info(auth_sessions)")]
    values = ", ".join(_OWN.get(column, f"one.{column}") for column in columns)
    if present < size:
        database.execute(_MORE.format(columns=", ".join(columns), values=values), {"wanted": size - present})
