"""What members do, for owners: their sessions, their history, and the household's audit log."""

from typing import Any
from uuid import UUID

import sqlalchemy as sa

from rex_auth_edge.domain.refusals import Refused
from rex_auth_edge.domain.roles import Act
from rex_auth_edge.flows import sessions as lives
from rex_auth_edge.flows.household.actor import NO_MEMBER, Actor, forbidden, note, on_record, refusal
from rex_auth_edge.flows.parts import Parts
from rex_auth_edge.storage import audit, sessions, users
from rex_auth_edge.storage.tx import Tx

PAGE = 50


async def sessions_of(parts: Parts, actor: Actor, user_id: UUID) -> list[Any] | Refused:
    """A member's live sessions, the latest used first."""

    def query(conn: sa.Connection) -> list[Any] | Refused:
        if (refused := _unseen(conn, parts, actor, user_id)) is not None:
            return refused
        return lives.live(sessions.open_of(conn, actor.tenant_id, user_id), parts.clock.now())

    return await parts.store.read(query)


def _unseen(conn: sa.Connection, parts: Parts, actor: Actor, user_id: UUID) -> Refused | None:
    """Why the actor doesn't see what this member does, or None."""
    refused = forbidden(conn, parts.clock.now(), actor, Act.ACTIVITY)
    return refused or (None if users.get(conn, actor.tenant_id, user_id) else NO_MEMBER)


async def end_session(parts: Parts, actor: Actor, user_id: UUID, name: str | None) -> int | Refused:
    """End one of a member's sessions by its UUID or number, or with None all of them; says how many."""

    def work(tx: Tx) -> int | Refused:
        if (refused := refusal(tx, actor, Act.SIGN_OUT, user_id)) is not None:
            return refused
        if users.get(tx.conn, actor.tenant_id, user_id) is None:
            return on_record(tx, actor, Act.SIGN_OUT, user_id, NO_MEMBER)
        count = _end(tx, parts, actor.tenant_id, user_id, name)
        if not count and name is not None:
            return on_record(tx, actor, Act.SIGN_OUT, user_id, lives.NO_SESSION)
        note(tx, actor, Act.SIGN_OUT, user_id, detail={"ended": count})
        return count

    return await parts.store.write(work, urgent=True)


def _end(tx: Tx, parts: Parts, tenant_id: UUID, user_id: UUID, name: str | None) -> int:
    if name is None:
        return lives.end_all(tx, parts, tenant_id, user_id, "owner")
    rows = sessions.open_of(tx.conn, tenant_id, user_id)
    doomed = [row.id for row in rows if name.lower() in {str(row.id), str(row.number)}]
    lives.end(tx, parts, tenant_id, doomed, "owner")
    return len(doomed)


async def history_of(parts: Parts, actor: Actor, user_id: UUID, page: int) -> list[Any] | Refused:
    """What happened to a member's account, newest first, 50 a page; the first page is 1."""

    def query(conn: sa.Connection) -> list[Any] | Refused:
        if (refused := _unseen(conn, parts, actor, user_id)) is not None:
            return refused
        return audit.history(conn, actor.tenant_id, user_id, offset=(page - 1) * PAGE, limit=PAGE)

    return await parts.store.read(query)


async def log(parts: Parts, actor: Actor, page: int) -> list[Any] | Refused:
    """Everything that happened in the household, newest first, 50 a page."""

    def query(conn: sa.Connection) -> list[Any] | Refused:
        refused = forbidden(conn, parts.clock.now(), actor, Act.AUDIT)
        return refused or audit.page(conn, actor.tenant_id, offset=(page - 1) * PAGE, limit=PAGE)

    return await parts.store.read(query)
