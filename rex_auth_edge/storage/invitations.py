"""Invitations: a code each, kept as a keyed hash; pending, then used or revoked for ever."""

from typing import Any
from uuid import UUID

import sqlalchemy as sa

from rex_auth_edge.domain.clock import Deadline
from rex_auth_edge.storage.columns import deadline_values
from rex_auth_edge.storage.passed import passed_for
from rex_auth_edge.storage.tables import invitations
from rex_auth_edge.storage.tx import Tx, What

_unused = invitations.c.used_at.is_(None) & invitations.c.revoked_at.is_(None)


def add(tx: Tx, values: dict[str, Any], expires: Deadline) -> None:
    """A new invitation, pending until `expires`."""
    tx.touch(values["tenant_id"], What.INVITATION, values["id"])
    fresh = {"created_at": tx.now.wall, "used_at": None, "used_by": None, "revoked_at": None}
    tx.conn.execute(sa.insert(invitations).values(values | fresh | deadline_values("expires", expires)))


def get(conn: sa.Connection, tenant_id: UUID, invitation_id: UUID) -> sa.Row[Any] | None:
    """One of the household's invitations, used and revoked ones included."""
    return conn.execute(sa.select(invitations).where(_is(tenant_id, invitation_id))).one_or_none()


def by_code(conn: sa.Connection, tenant_id: UUID, code_hash: bytes) -> sa.Row[Any] | None:
    """The household's invitation with this code, used and revoked ones included."""
    where = (invitations.c.tenant_id == tenant_id) & (invitations.c.code_hash == code_hash)
    return conn.execute(sa.select(invitations).where(where)).one_or_none()


def every(conn: sa.Connection, tenant_id: UUID) -> list[sa.Row[Any]]:
    """The household's invitations, the newest first."""
    where = invitations.c.tenant_id == tenant_id
    return list(conn.execute(sa.select(invitations).where(where).order_by(invitations.c.id.desc())).all())


def use(tx: Tx, tenant_id: UUID, invitation_id: UUID, user_id: UUID) -> bool:
    """The person has joined by it; False where it was used or revoked before. One conditional update: one wins."""
    tx.touch(tenant_id, What.INVITATION, invitation_id)
    where = _is(tenant_id, invitation_id) & _unused
    used = {"used_at": tx.now.wall, "used_by": user_id}
    return tx.conn.execute(sa.update(invitations).where(where).values(used)).rowcount == 1


def revoke(tx: Tx, tenant_id: UUID, invitation_id: UUID) -> bool:
    """It is good for nobody any more; False where it was used or revoked before."""
    tx.touch(tenant_id, What.INVITATION, invitation_id)
    where = _is(tenant_id, invitation_id) & _unused
    return tx.conn.execute(sa.update(invitations).where(where).values(revoked_at=tx.now.wall)).rowcount == 1


def revoke_used(tx: Tx, tenant_id: UUID, invitation_id: UUID) -> None:
    """It was revoked on another node before it was used here: that is what counts in the end."""
    tx.conn.execute(sa.update(invitations).where(_is(tenant_id, invitation_id)).values(revoked_at=tx.now.wall))


def forget(tx: Tx, age: int) -> None:
    """Delete invitations that expired `age` milliseconds ago."""
    over = passed_for(tx.conn, invitations, "expires", tx.now, age)
    for row in tx.conn.execute(sa.select(invitations.c.tenant_id, invitations.c.id).where(over & _unused)).all():
        tx.touch(row.tenant_id, What.INVITATION, row.id)
    tx.conn.execute(sa.delete(invitations).where(over))


def _is(tenant_id: UUID, invitation_id: UUID) -> sa.ColumnElement[bool]:
    return sa.and_(invitations.c.tenant_id == tenant_id, invitations.c.id == invitation_id)
