"""Children who ask to join: waiting, then approved, refused or missed for ever. The username isn't theirs before."""

from typing import Any
from uuid import UUID

import sqlalchemy as sa

from rex_auth_edge.domain.clock import Deadline
from rex_auth_edge.storage.columns import deadline_values
from rex_auth_edge.storage.guest_tables import child_requests
from rex_auth_edge.storage.passed import MOST, drop, passed_for
from rex_auth_edge.storage.tx import Tx

_waiting = child_requests.c.state == "waiting"


def add(tx: Tx, values: dict[str, Any], expires: Deadline) -> None:
    """A new one, waiting until `expires`."""
    fresh = {"created_at": tx.now.wall, "state": "waiting", "misses": 0}
    tx.conn.execute(sa.insert(child_requests).values(fresh | values | deadline_values("expires", expires)))


def get(conn: sa.Connection, tenant_id: UUID, request_id: UUID) -> sa.Row[Any] | None:
    """One of the household's, in whatever state."""
    return conn.execute(sa.select(child_requests).where(_is(tenant_id, request_id))).one_or_none()


def waiting(conn: sa.Connection, tenant_id: UUID) -> list[sa.Row[Any]]:
    """The household's that wait, the oldest first; some of them may have expired."""
    where = (child_requests.c.tenant_id == tenant_id) & _waiting
    return list(conn.execute(sa.select(child_requests).where(where).order_by(child_requests.c.id)).all())


def decide(tx: Tx, tenant_id: UUID, request_id: UUID, state: str, by: UUID | None, username: str | None = None) -> bool:
    """Approved (as `username`), refused or missed; False where it was decided before: one conditional update."""
    values = {"state": state, "decided_by": by, "password_hash": ""} | ({"username": username} if username else {})
    where = _is(tenant_id, request_id) & _waiting
    return tx.conn.execute(sa.update(child_requests).where(where).values(values)).rowcount == 1


def miss(tx: Tx, tenant_id: UUID, request_id: UUID) -> None:
    """Somebody has typed another code for it."""
    where = _is(tenant_id, request_id)
    tx.conn.execute(sa.update(child_requests).where(where).values(misses=child_requests.c.misses + 1))


def forget(tx: Tx, age: int, most: int = MOST) -> int:
    """Delete those that expired `age` milliseconds ago, `most` of them; says how many."""
    return drop(tx, child_requests, passed_for(tx.conn, child_requests, "expires", tx.now, age), most)


def _is(tenant_id: UUID, request_id: UUID) -> sa.ColumnElement[bool]:
    return sa.and_(child_requests.c.tenant_id == tenant_id, child_requests.c.id == request_id)
