"""Who is to be let in: a code each, kept as a keyed hash; pending, then redeemed, withdrawn or expired for ever."""

from typing import Any
from uuid import UUID

import sqlalchemy as sa

from rex_auth_edge.domain.clock import Deadline
from rex_auth_edge.storage.columns import deadline_values
from rex_auth_edge.storage.device_tables import device_asks
from rex_auth_edge.storage.passed import passed_for
from rex_auth_edge.storage.tx import Tx


def add(tx: Tx, values: dict[str, Any], expires: Deadline) -> None:
    """A new ask, pending until `expires`."""
    fresh = {"created_at": tx.now.wall, "state": "pending"}
    tx.conn.execute(sa.insert(device_asks).values(fresh | values | deadline_values("expires", expires)))


def by_code(conn: sa.Connection, tenant_id: UUID, code_hash: bytes) -> sa.Row[Any] | None:
    """The household's ask with this code."""
    where = (device_asks.c.tenant_id == tenant_id) & (device_asks.c.code_hash == code_hash)
    return conn.execute(sa.select(device_asks).where(where)).one_or_none()


def pending(conn: sa.Connection, tenant_id: UUID) -> list[sa.Row[Any]]:
    """The household's pending asks, the oldest first; some of them may have expired."""
    where = (device_asks.c.tenant_id == tenant_id) & (device_asks.c.state == "pending")
    return list(conn.execute(sa.select(device_asks).where(where).order_by(device_asks.c.id)).all())


def end(tx: Tx, tenant_id: UUID, ask_id: UUID, state: str, device_id: UUID | None = None) -> bool:
    """Redeemed or withdrawn; False where it was before. One conditional update: one wins."""
    where = (device_asks.c.tenant_id == tenant_id) & (device_asks.c.id == ask_id) & (device_asks.c.state == "pending")
    values = {"state": state, "device_id": device_id}
    return tx.conn.execute(sa.update(device_asks).where(where).values(values)).rowcount == 1


def forget(tx: Tx, age: int) -> list[tuple[UUID, bytes]]:
    """Delete asks that expired `age` milliseconds ago; the codes that are to leave the directory, by household."""
    gone = passed_for(tx.conn, device_asks, "expires", tx.now, age)
    columns = (device_asks.c.tenant_id, device_asks.c.code_hash)
    codes = tx.conn.execute(sa.select(*columns).where(gone & device_asks.c.code_hash.is_not(None))).all()
    tx.conn.execute(sa.delete(device_asks).where(gone))
    return [(row.tenant_id, bytes(row.code_hash)) for row in codes]
