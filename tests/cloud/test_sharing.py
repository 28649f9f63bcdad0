"""What several processes share, one of them does: letters, upkeep, the first key."""

import asyncio
from pathlib import Path

import pytest

from rex_auth_edge.domain.clock import HOUR, MINUTE
from rex_auth_edge.mail.drain import CLAIM
from rex_auth_edge.storage import leases, outbox
from rex_auth_edge.storage.store import Store
from tests.doubles import HandClock
from tests.hub import household

pytestmark = pytest.mark.mariadb


async def test_a_letter_is_sent_by_one_process(mariadb_store: Store, clock: HandClock, tmp_path: Path) -> None:
    """Four processes that drain one outbox at once send each of its letters once."""
    homes = [await household(mariadb_store, clock, tmp_path / "data") for _ in range(4)]
    for home in homes:
        home.hub.drain.shared = True
    async with homes[0].client() as client:
        for number in range(6):
            await homes[0].begin(client, f"person{number}@example.com")
    await asyncio.gather(*(home.hub.drain.once() for home in homes))
    sent = [letter["To"] for home in homes for letter in home.mailbox.letters]
    assert sorted(sent) == [f"person{number}@example.com" for number in range(6)]
    for home in homes:
        await home.hub.close()


async def test_a_claim_ends_with_its_time(mariadb_store: Store, clock: HandClock, tmp_path: Path) -> None:
    """What a killed process had claimed another sends ten minutes later, if it is worth sending then."""
    home = await household(mariadb_store, clock, tmp_path / "data")
    home.hub.drain.shared = True
    async with home.client() as client:
        await home.join(client, "maya@example.com")
    row = (await mariadb_store.read(lambda conn: outbox.eldest(conn, 1)))[0]
    until = clock.now().after(CLAIM)
    assert await mariadb_store.write(lambda tx: outbox.claim(tx, row, until))
    assert not await mariadb_store.write(lambda tx: outbox.claim(tx, row, until))
    assert await home.hub.drain.once() == 0
    clock.advance(CLAIM)
    assert await home.hub.drain.once() == 1
    await home.hub.close()


async def test_a_claim_is_left_alone(mariadb_store: Store, clock: HandClock, tmp_path: Path) -> None:
    """`mail retry` hastens what rests, and not what a process is sending, which would leave twice."""
    home = await household(mariadb_store, clock, tmp_path / "data")
    async with home.client() as client:
        for name in ("maya", "noor"):
            await home.begin(client, f"{name}@example.com")
    claimed, rests = await mariadb_store.read(lambda conn: outbox.eldest(conn, 2))
    until = clock.now().after(CLAIM)
    assert await mariadb_store.write(lambda tx: outbox.claim(tx, claimed, until))
    assert await mariadb_store.write(lambda tx: outbox.hasten(tx, letter_id=claimed.id)) == 0
    assert await mariadb_store.write(outbox.hasten) == 1
    due = {row.id: row.due_at for row in await mariadb_store.read(lambda conn: outbox.eldest(conn, 2))}
    assert due == {claimed.id: until.wall, rests.id: clock.now().wall}
    await mariadb_store.write(lambda tx: outbox.release(tx, claimed, until))
    assert await mariadb_store.write(outbox.hasten) == 2
    await home.hub.close()


async def test_one_at_a_time(store: Store, clock: HandClock) -> None:
    """Of eight that want a lease at once one gets it, and another once it is over."""
    wanted = [store.write(lambda tx: leases.take(tx, "upkeep", HOUR)) for _ in range(8)]
    assert sorted(await asyncio.gather(*wanted)) == [False] * 7 + [True]
    clock.advance(HOUR - MINUTE)
    assert not await store.write(lambda tx: leases.take(tx, "upkeep", HOUR))
    clock.advance(MINUTE)
    assert await store.write(lambda tx: leases.take(tx, "upkeep", HOUR))
