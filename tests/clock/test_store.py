"""What is on record of time, in both databases, and where nothing can be written."""

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from rex_auth_edge.domain.clock import DAY, HOUR, Past
from rex_auth_edge.flows import timekeeping
from rex_auth_edge.storage import clock as kept
from rex_auth_edge.storage import resets
from rex_auth_edge.storage.store import StorageUnavailableError, Store
from rex_auth_edge.storage.tables import password_reset_tokens
from rex_auth_edge.storage.tx import Tx
from tests.doubles import HandClock


async def test_remembers(store: Store, clock: HandClock) -> None:
    """Running time goes on over reboots; marking twice at the same moment is no fault."""
    await timekeeping.begin(store, clock)
    began = clock.now().running
    clock.advance(HOUR)
    for _ in range(2):
        await timekeeping.keep(store)
    for boot in (b"c" * 16, b"d" * 16):
        clock.reboot(boot)
        await timekeeping.begin(store, clock)
        await timekeeping.begin(store, clock)
    assert clock.past is not None
    assert len(clock.past.boots) == 3
    assert clock.now().running == began + HOUR + 2 * clock.boot
    assert clock.past.boots[b"c" * 16].began == began + HOUR


async def test_the_lift_is_remembered(store: Store, clock: HandClock) -> None:
    """As far as it was set the last time, with an anchor that is forgotten."""
    await timekeeping.begin(store, clock)
    await timekeeping.keep(store)
    assert clock.past is not None
    past = Past(clock.past.boot_id, clock.past.boots, lift=-DAY)
    for _ in range(2):
        await store.write(lambda tx: kept.set_lift(tx, past))
    found = await store.read(lambda conn: kept.past(conn, clock.now(), b"s" * 16))
    assert (found.lift, found.present.anchor) == (-DAY, None)


async def test_purging_of_several_boots(store: Store, clock: HandClock) -> None:
    """Each boot's rows go when they have been over for long enough in running time; others' by the floor."""

    async def add(number: int) -> None:
        def work(tx: Tx) -> None:
            resets.add(tx, tx.new_id(), tx.new_id(), tx.new_id(), bytes([number]) * 32, tx.now.after(HOUR))

        await store.write(work)

    async def left() -> int:
        await store.write(lambda tx: resets.forget(tx, DAY))
        query = sa.select(sa.func.count()).select_from(password_reset_tokens)
        return int(await store.read(lambda conn: conn.execute(query).scalar_one()))

    await add(0)  # by a boot that isn't on record
    clock.reboot(b"c" * 16)
    await timekeeping.begin(store, clock)
    await add(1)
    await timekeeping.keep(store)
    clock.step(9000 * DAY)
    clock.reboot(b"d" * 16)
    await timekeeping.begin(store, clock)
    await add(2)
    assert await left() == 3
    clock.advance(DAY + HOUR - 2 * clock.boot)
    assert await left() == 3
    clock.advance(1000)
    assert await left() == 1
    clock.advance(HOUR)
    assert await left() == 0


class Broken:
    """A database that can only be read."""

    def __init__(self, store: Store) -> None:
        self.read = store.read

    async def write(self, work: Callable[[Tx], Any], *, urgent: bool = False) -> Any:  # noqa: ARG002 - Store's own
        """Refused."""
        reason = "The disk is read-only."
        raise StorageUnavailableError(reason)


@pytest.mark.parametrize("begun", [False, True])
async def test_where_nothing_can_be_written(sqlite_store: Store, clock: HandClock, begun: bool) -> None:  # noqa: FBT001
    """The hub starts all the same, and goes on from what is there."""
    broken: Any = Broken(sqlite_store)
    if begun:
        await timekeeping.begin(sqlite_store, clock)
        clock.advance(HOUR)
        await timekeeping.keep(sqlite_store)
    before = clock.now().running
    clock.reboot()
    await timekeeping.begin(broken, clock)
    await timekeeping.keep(broken)
    assert clock.past is not None
    if begun:
        assert clock.now().running == before + clock.boot
