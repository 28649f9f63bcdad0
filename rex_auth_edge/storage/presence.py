"""Who is signed in: sessions together with whose they are."""

from typing import Any
from uuid import UUID

import sqlalchemy as sa

from rex_auth_edge.storage.tables import auth_sessions, users

_whose = (auth_sessions.c.tenant_id == users.c.tenant_id) & (auth_sessions.c.user_id == users.c.id)
_open = auth_sessions.c.revoked_at.is_(None)


def newest(conn: sa.Connection, tenant_id: UUID, user_id: UUID | None, limit: int) -> list[sa.Row[Any]]:
    """Sessions that nobody has ended, a person's or the household's, the latest used first, with a `username` each."""
    where = [auth_sessions.c.tenant_id == tenant_id, _open]
    if user_id is not None:
        where.append(auth_sessions.c.user_id == user_id)
    query = sa.select(auth_sessions, users.c.username).join(users, _whose).where(*where)
    latest = query.order_by(auth_sessions.c.last_seen_at.desc(), auth_sessions.c.id).limit(limit)
    return list(conn.execute(latest).all())


def owner(conn: sa.Connection, tenant_id: UUID, session: UUID | int) -> UUID | None:
    """Whose session this is, by its id or its number, unless somebody has ended it."""
    named = auth_sessions.c.id == session if isinstance(session, UUID) else auth_sessions.c.number == session
    query = sa.select(auth_sessions.c.user_id).where(auth_sessions.c.tenant_id == tenant_id, named, _open)
    return conn.execute(query).scalar_one_or_none()


def present(conn: sa.Connection, tenant_id: UUID) -> list[UUID]:
    """Everybody in the household who has a session that nobody has ended."""
    query = sa.select(auth_sessions.c.user_id).where(auth_sessions.c.tenant_id == tenant_id, _open).distinct()
    return list(conn.execute(query).scalars())
