"""Recoveries of households by the hub's label, and what is kept of the label's secret."""

from typing import Any
from uuid import UUID

import sqlalchemy as sa

from rex_auth_edge.domain.clock import Deadline
from rex_auth_edge.storage.columns import deadline_values
from rex_auth_edge.storage.guest_tables import recoveries
from rex_auth_edge.storage.passed import MOST, drop, passed_for
from rex_auth_edge.storage.tables import node_facts
from rex_auth_edge.storage.tx import Tx

_LABEL = "label"


def label(conn: sa.Connection) -> bytes | None:
    """The keyed hash of the label's secret that this hub has made."""
    value = conn.execute(sa.select(node_facts.c.value).where(node_facts.c.name == _LABEL)).scalar_one_or_none()
    return None if value is None else bytes(value)


def keep_label(tx: Tx, hashed: bytes) -> None:
    """Another secret from now on."""
    tx.conn.execute(sa.delete(node_facts).where(node_facts.c.name == _LABEL))
    tx.conn.execute(sa.insert(node_facts).values(name=_LABEL, value=hashed))


def add(tx: Tx, values: dict[str, Any], due: Deadline, expires: Deadline) -> None:
    """A new one."""
    times = deadline_values("due", due) | deadline_values("expires", expires)
    tx.conn.execute(sa.insert(recoveries).values({"created_at": tx.now.wall, "state": "waiting"} | values | times))


def waiting(conn: sa.Connection, tenant_id: UUID) -> list[sa.Row[Any]]:
    """The household's that nobody has decided, the newest first; some of them may be over."""
    where = (recoveries.c.tenant_id == tenant_id) & (recoveries.c.state == "waiting")
    return list(conn.execute(sa.select(recoveries).where(where).order_by(recoveries.c.id.desc())).all())


def decide(tx: Tx, tenant_id: UUID, recovery_id: UUID, state: str, by: UUID | None) -> bool:
    """Vetoed or redeemed; False where it was decided before. One conditional update: one wins."""
    where = (recoveries.c.tenant_id == tenant_id) & (recoveries.c.id == recovery_id) & (recoveries.c.state == "waiting")
    return tx.conn.execute(sa.update(recoveries).where(where).values(state=state, decided_by=by)).rowcount == 1


def forget(tx: Tx, age: int, most: int = MOST) -> int:
    """Delete those that were over `age` milliseconds ago, `most` of them; says how many."""
    return drop(tx, recoveries, passed_for(tx.conn, recoveries, "expires", tx.now, age), most)
