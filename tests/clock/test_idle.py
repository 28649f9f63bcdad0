"""What a hub writes that nobody asks anything of: cards wear out by it."""

from pathlib import Path

from rex_auth_edge.domain.clock import HOUR, MINUTE, SECOND
from rex_auth_edge.flows import health, timekeeping, upkeep
from tests.clock.homes import MAYA, running
from tests.doubles import Machine

MOST = 256 * 1024
"""Bytes in an idle hour; the filesystem's own journal comes on top."""


async def test_an_idle_hour(tmp_path: Path) -> None:
    """Of what the hub does by itself only the mark of how far time has come is written: 12 pages of 4 KiB an hour."""
    machine, log = Machine(ntp=True), tmp_path / "hub.db-wal"
    async with running(machine, tmp_path) as home, home.client() as client:
        await home.join(client, MAYA)
        machine.advance(2 * HOUR)
        await home.keep_up()
        await home.mail()
        before = log.stat().st_size
        for minute in range(60):
            machine.advance(MINUTE)
            await upkeep.erase(home.hub.parts)
            await home.mail()
            assert await health.answers(home.store, tmp_path)
            if minute % (timekeeping.OFTEN // (MINUTE // SECOND)) == 0:
                await timekeeping.keep(home.store)
        await upkeep.purge(home.hub.parts, home.hub.authenticator)
        assert 0 < log.stat().st_size - before <= MOST
