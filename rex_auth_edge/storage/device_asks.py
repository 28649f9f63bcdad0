"""Who is to be let in, or asks to be: each with codes that are kept as hashes, and states that only go forward."""

from typing import Any
from uuid import UUID

import sqlalchemy as sa

from rex_auth_edge.domain.asks import AskState, Way, unless_illegal
from rex_auth_edge.domain.clock import Deadline, Moment
from rex_auth_edge.storage import tenants
from rex_auth_edge.storage.columns import deadline_of, deadline_values
from rex_auth_edge.storage.device_tables import device_asks
from rex_auth_edge.storage.passed import MOST, passed_for
from rex_auth_edge.storage.tx import Tx


def add(tx: Tx, values: dict[str, Any], expires: Deadline) -> None:
    """A new ask, pending until `expires`."""
    fresh = {"created_at": tx.now.wall, "state": AskState.PENDING.value}
    tx.conn.execute(sa.insert(device_asks).values(fresh | values | deadline_values("expires", expires)))


def get(conn: sa.Connection, tenant_id: UUID, ask_id: UUID) -> sa.Row[Any] | None:
    """One of the household's, whatever became of it."""
    return conn.execute(sa.select(device_asks).where(_is(tenant_id, ask_id))).one_or_none()


def hold(tx: Tx, tenant_id: UUID, ask_id: UUID) -> sa.Row[Any] | None:
    """The same, and nobody else's decision on it until the end of this transaction."""
    query = sa.select(device_asks).where(_is(tenant_id, ask_id))
    return tx.conn.execute(query.with_for_update()).one_or_none()


def by_code(conn: sa.Connection, tenant_id: UUID, code_hash: bytes) -> sa.Row[Any] | None:
    """What the household's owner has added with this code."""
    where = (device_asks.c.tenant_id == tenant_id) & (device_asks.c.code_hash == code_hash)
    return conn.execute(sa.select(device_asks).where(where & (device_asks.c.way == Way.SCAN.value))).one_or_none()


def pending(conn: sa.Connection, tenant_id: UUID, now: Moment, *ways: Way) -> list[sa.Row[Any]]:
    """The household's of these ways that are pending and haven't expired, the oldest first."""
    where = (device_asks.c.tenant_id == tenant_id) & (device_asks.c.state == AskState.PENDING.value)
    return _alive(conn, where & device_asks.c.way.in_([way.value for way in ways]), now)


def alive_from(conn: sa.Connection, tenant_id: UUID, now: Moment, address: str) -> int:
    """How many of this address haven't expired, whatever has become of them."""
    where = (device_asks.c.tenant_id == tenant_id) & (device_asks.c.asked_from == address)
    return len(_alive(conn, where, now))


def _alive(conn: sa.Connection, where: sa.ColumnElement[bool], now: Moment) -> list[sa.Row[Any]]:
    rows = conn.execute(sa.select(device_asks).where(where).order_by(device_asks.c.id)).all()
    return [row for row in rows if (due := deadline_of(row, "expires")) is not None and not due.passed(now)]


def move(tx: Tx, row: Any, state: AskState, **values: Any) -> bool:
    """Go on from the state in which `row` was read; False where it has gone on since. One of several at a time wins.

    Raises IllegalMoveError.
    """
    unless_illegal(Way(row.way), AskState(row.state), state)
    where = _is(row.tenant_id, row.id) & (device_asks.c.state == row.state)
    return tx.conn.execute(sa.update(device_asks).where(where).values(values | {"state": state.value})).rowcount == 1


def miss(tx: Tx, row: Any) -> int:
    """Count a wrong code; how many there were."""
    where = _is(row.tenant_id, row.id)
    tx.conn.execute(sa.update(device_asks).where(where).values(misses=device_asks.c.misses + 1))
    return int(tx.conn.execute(sa.select(device_asks.c.misses).where(where)).scalar_one())


def polled(tx: Tx, row: Any, pace: int, following: Deadline) -> None:
    """The device has asked whether it may come in: it may ask again at `following`, and then every `pace` seconds."""
    values = {"pace": pace} | deadline_values("poll", following)
    tx.conn.execute(sa.update(device_asks).where(_is(row.tenant_id, row.id)).values(values))


def forget(tx: Tx, age: int, most: int = MOST) -> int:
    """Delete asks that expired `age` milliseconds ago, and their codes from the directory: `most`; says how many."""
    gone = passed_for(tx.conn, device_asks, "expires", tx.now, age)
    columns = (device_asks.c.tenant_id, device_asks.c.id, device_asks.c.code_hash)
    rows = tx.conn.execute(sa.select(*columns).where(gone).limit(most)).all()
    for row in rows:
        tx.conn.execute(sa.delete(device_asks).where(_is(row.tenant_id, row.id)))
        if row.code_hash is not None:
            tenants.strike_from_directory(tx, bytes(row.code_hash), row.tenant_id)
    return len(rows)


def _is(tenant_id: UUID, ask_id: UUID) -> sa.ColumnElement[bool]:
    return (device_asks.c.tenant_id == tenant_id) & (device_asks.c.id == ask_id)
