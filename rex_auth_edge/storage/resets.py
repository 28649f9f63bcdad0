"""Password reset tokens: stored hashed, good once, and void together."""

from typing import Any
from uuid import UUID

import sqlalchemy as sa

from rex_auth_edge.domain.clock import Deadline
from rex_auth_edge.storage.columns import deadline_values
from rex_auth_edge.storage.passed import MOST, drop, passed_for
from rex_auth_edge.storage.tables import password_reset_tokens
from rex_auth_edge.storage.tx import Tx

_table = password_reset_tokens


def add(
    tx: Tx,
    tenant_id: UUID,
    token_id: UUID,
    user_id: UUID,
    token_hash: bytes,
    expires: Deadline,
    *,
    started_by: UUID | None = None,
) -> None:
    """A token that may reset the person's password until `expires`.

    One `started_by` somebody else is handed over, not mailed: using it proves no address.
    """
    ids = {"tenant_id": tenant_id, "id": token_id, "user_id": user_id, "token_hash": token_hash}
    times = deadline_values("expires", expires) | {"created_at": tx.now.wall, "used_at": None, "started_by": started_by}
    tx.conn.execute(sa.insert(_table).values(ids | times))


def get(conn: sa.Connection, tenant_id: UUID, token_id: UUID) -> sa.Row[Any] | None:
    """One token, used ones included."""
    return conn.execute(
        sa.select(_table).where((_table.c.tenant_id == tenant_id) & (_table.c.id == token_id))
    ).one_or_none()


def redeem(tx: Tx, tenant_id: UUID, token_id: UUID) -> bool:
    """Use the token; False when another request was first. One conditional update."""
    where = (_table.c.tenant_id == tenant_id) & (_table.c.id == token_id) & _table.c.used_at.is_(None)
    return tx.conn.execute(sa.update(_table).where(where).values(used_at=tx.now.wall)).rowcount == 1


def void_all(tx: Tx, tenant_id: UUID, user_id: UUID) -> None:
    """End every token that the person still has."""
    where = (_table.c.tenant_id == tenant_id) & (_table.c.user_id == user_id) & _table.c.used_at.is_(None)
    tx.conn.execute(sa.update(_table).where(where).values(used_at=tx.now.wall))


def prove_nothing(tx: Tx, tenant_id: UUID, user_id: UUID) -> None:
    """The person has another address now: who has a token that was mailed to the former one shows nothing by it."""
    where = (_table.c.tenant_id == tenant_id) & (_table.c.user_id == user_id) & _table.c.used_at.is_(None)
    mailed = where & _table.c.started_by.is_(None)
    tx.conn.execute(sa.update(_table).where(mailed).values(started_by=UUID(int=0)))


def forget(tx: Tx, age: int, most: int = MOST) -> int:
    """Delete tokens that expired `age` milliseconds ago, `most` of them; says how many."""
    return drop(tx, _table, passed_for(tx.conn, _table, "expires", tx.now, age), most)
