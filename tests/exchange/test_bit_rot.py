"""Bits that flip in a hub's file: no comparison of what is kept of the sums shows them, so rows are summed up anew."""

import sqlalchemy as sa

from rex_auth_edge.domain.clock import DAY
from rex_auth_edge.domain.refusals import Refused
from rex_auth_edge.storage.sync_tables import sync_cells, sync_sums
from rex_auth_edge.storage.tx import Tx
from rex_auth_edge.sync.kinds import Kind
from rex_auth_edge.sync.order import Lane
from tests.exchange.conftest import Street
from tests.exchange.people import add, agree, joined
from tests.exchange.street import Hub

_OF_NAMES = (sync_cells.c.kind == Kind.USERNAME) & (sync_cells.c.epoch > 0)


async def flip(hub: Hub, old: bytes, new: bytes) -> None:
    """Write one for the other into usernames' cells, past everything that would notice."""

    def work(tx: Tx) -> None:
        for row in tx.conn.execute(sa.select(sync_cells).where(_OF_NAMES)).all():
            one = (sync_cells.c.kind == row.kind) & (sync_cells.c.id == row.id)
            tx.conn.execute(sa.update(sync_cells).where(one).values(state=bytes(row.state).replace(old, new)))

    await hub.home.store.write(work)


async def names(hub: Hub) -> bytes:
    """All that these cells hold."""
    states = await hub.home.store.read(
        lambda conn: conn.execute(sa.select(sync_cells.c.state).where(_OF_NAMES)).scalars().all()
    )
    return b"".join(map(bytes, states))


async def test_verify_finds_a_row_and_mends_it(street: Street) -> None:
    """The cloud's row comes in its place; it counts as a difference, and a second look finds none."""
    hub = await joined(street)
    await add(hub.home, "noah")
    await agree(street)
    await flip(hub, b"noah", b"noch")
    found = await hub.sync.verify(hub.tenant)
    assert not isinstance(found, Refused)
    assert (found.repaired > 0, found.differing) == (True, ())
    assert (b"noah" in await names(hub), b"noch" in await names(hub)) == (True, False)
    compared, known = hub.sync.progress(hub.tenant)
    assert compared == known > len(Lane) * 65
    await agree(street)


async def test_sums_that_rot_are_made_anew(street: Street) -> None:
    """No row is another, and that both ends agree is known again without asking for any."""
    hub = await joined(street)

    def rot(tx: Tx) -> None:
        tx.conn.execute(sa.update(sync_sums).values(sums=bytes(64 * 16)))

    await hub.home.store.write(rot)
    found = await hub.sync.verify(hub.tenant)
    assert not isinstance(found, Refused)
    assert found.repaired > 0
    await agree(street)


async def test_a_hub_looks_by_itself_each_day(street: Street) -> None:
    """Not with each round, which costs too much, and counted where it is found."""
    hub = await joined(street)
    await add(hub.home, "noah")
    await agree(street)
    await flip(hub, b"noah", b"noch")
    await hub.meet()
    assert b"noch" in await names(hub)
    street.clock.advance(DAY)
    said = await hub.meet()
    assert (said.repairs > 0, b"noch" in await names(hub)) == (True, False)
