"""The machine's power cut while people register, sign in and rotate: nothing that was confirmed is lost or undone."""

import asyncio
import ctypes
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rex_auth_edge import machine
from tests.bad_days import disks
from tests.bad_days.ledger import visiting
from tests.bad_days.test_kills import Town, after_death, letters_twice
from tests.mail.servers import listening
from tests.systemd.conftest import Boot
from tests.systemd.machines import Machine
from tests.systemd.power import Card, card

CUTS = int(machine.environment().get("REX_CUTS", "2"))
SHORTEST, SPREAD = 500, 1500
"""Milliseconds under load before a cut: at least, and at most so many more."""
SMTP_PORT = 2525
URL = "http://127.0.0.1:8000"
UNIT = "rex-auth-edge.service"
SETTINGS = f"""[Service]
Environment=SMTP_ENABLED=true SMTP_SERVER=127.0.0.1 SMTP_PORT={SMTP_PORT} SMTP_USE_TLS=false RATE_LIMIT_ENABLED=false
Environment=REX_ARGON2_MEMORY_KIB=19456 REX_ARGON2_PASSES=2
"""
DELIVERED = """
rex-auth-edge mail retry --all
until rex-auth-edge mail list --state waiting --json | grep -qx '\\[\\]'; do sleep 0.1; done
"""
"""What was written before the cut is delivered first, or somebody takes an old link for the one just asked for."""
_NETWORK = 0x40000000
"""CLONE_NEWNET of setns(2)."""


@contextmanager
def in_network_of(hub: Machine) -> Iterator[None]:
    """This thread's new sockets are in the machine's network."""
    setns = ctypes.CDLL(None, use_errno=True).setns
    own = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    there = os.open(f"/proc/{hub.pid}/ns/net", os.O_RDONLY)
    try:
        assert setns(there, _NETWORK) == 0, os.strerror(ctypes.get_errno())
        yield
    finally:
        assert setns(own, _NETWORK) == 0, os.strerror(ctypes.get_errno())
        os.close(own)
        os.close(there)


async def one_life(town: Town, hub: Machine, disk: Card) -> None:
    """What held before the cut holds, then a crowd at its doings, and the power goes in the middle."""
    with in_network_of(hub):
        async with listening(town.letters, port=SMTP_PORT), visiting(URL) as client:
            await asyncio.to_thread(hub.shell, DELIVERED)
            await asyncio.gather(*(person.look(client) for person in town.crowd))
            town.gather()
            crowd = [asyncio.create_task(person.live_on(client, town.entropy)) for person in town.crowd]
            _, still = await asyncio.wait(crowd, timeout=(SHORTEST + town.entropy.below(SPREAD)) / 1000)
            disk.cut_off(hub)
            for task in still:
                await asyncio.wait([task], timeout=0.05)
                task.cancel()  # it waits for a letter that nobody will send now
            for outcome in await asyncio.gather(*crowd, return_exceptions=True):
                if isinstance(outcome, Exception):
                    raise outcome


async def last_look(town: Town, hub: Machine) -> None:
    """Everybody's everything, once more."""
    with in_network_of(hub):
        async with listening(town.letters, port=SMTP_PORT), visiting(URL) as client:
            await asyncio.gather(*(person.look(client) for person in town.people))
            await asyncio.gather(*(person.look_back(client) for person in town.people))


def settle_in(boot: Boot, place: Path) -> None:
    """A hub that mails to the test and that anybody may join, as it is before the first cut."""
    with boot(upper=place) as hub:
        folder = f"/etc/systemd/system/{UNIT}.d"
        hub.run("mkdir", "-p", folder)
        hub.run("tee", f"{folder}/test.conf", typed=SETTINGS)
        hub.run("systemctl", "daemon-reload")
        hub.run("systemctl", "restart", UNIT)
        hub.run("rex-auth-edge", "household", "policy", "set", "--registration", "open")
        hub.run("sync")


async def test_power_cuts(boot: Boot, room: Path, tmp_path: Path) -> None:
    """After each cut the hub is back by itself, with every registration, rotation, revocation and reset confirmed."""
    disks.needed()
    town, ready = Town(), list[float]()
    with card(room / "card", 1000) as disk:
        data_dir = disk.place / "files/var/lib/rex-auth-edge"
        settle_in(boot, disk.place)
        for town.letters.life in range(CUTS):
            began = time.monotonic()
            with boot(upper=disk.place) as hub:
                hub.until(f"systemctl is-active {UNIT}")
                ready.append(time.monotonic() - began)
                await one_life(town, hub, disk)
            after_death(town, data_dir, tmp_path / "copy")
        town.letters.life = CUTS
        with boot(upper=disk.place) as hub:
            hub.until(f"systemctl is-active {UNIT}")
            await last_look(town, hub)
    again, by_kill = letters_twice(town)
    assert again == []
    tell(town, ready, letters_twice_by_cut=by_kill)


def tell(town: Town, ready: list[float], **counts: int) -> None:
    """For the note, where asked."""
    if target := machine.environment().get("REX_COUNTS"):
        said = {"test": "power cut", "cuts": CUTS, "seconds_to_ready": [round(each, 2) for each in ready]}
        with Path(target).open("a") as file:
            file.write(json.dumps({**said, **counts, **town.counts}) + "\n")
