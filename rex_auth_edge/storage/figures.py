"""Counts, for whoever looks after the hub."""

from typing import Any
from uuid import UUID

import sqlalchemy as sa

from rex_auth_edge.domain.clock import Moment
from rex_auth_edge.domain.roles import Role
from rex_auth_edge.storage.passed import passed_for
from rex_auth_edge.storage.tables import auth_sessions, outbox, users


def members(conn: sa.Connection) -> dict[UUID, tuple[int, int]]:
    """For each household that has any: its people, and how many of them own it and aren't disabled."""
    owner = (users.c.role == Role.OWNER) & users.c.disabled.is_(False)
    counted = sa.select(users.c.tenant_id, sa.func.count(), sa.func.sum(sa.case((owner, 1), else_=0)))
    return {
        tenant: (int(people), int(owners))
        for tenant, people, owners in conn.execute(counted.group_by(users.c.tenant_id))
    }


def sessions(conn: sa.Connection, now: Moment) -> dict[UUID, int]:
    """For each household that has any: sessions that haven't ended and can be refreshed."""
    over = (passed_for(conn, auth_sessions, name, now, 0) for name in ("refresh", "ends"))
    alive = sa.and_(auth_sessions.c.revoked_at.is_(None), *(sa.not_(each) for each in over))
    counted = sa.select(auth_sessions.c.tenant_id, sa.func.count()).where(alive).group_by(auth_sessions.c.tenant_id)
    return {tenant: int(count) for tenant, count in conn.execute(counted)}


def eldest_letter(conn: sa.Connection) -> sa.Row[Any] | None:
    """The letter that has waited longest, None where none waits."""
    waiting = sa.select(outbox).where(outbox.c.state == "waiting")
    return conn.execute(waiting.order_by(outbox.c.created_at).limit(1)).one_or_none()
