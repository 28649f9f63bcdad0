"""Sessions of a household's people."""

from typing import Any
from uuid import UUID

import sqlalchemy as sa

from rex_auth_edge.domain.refusals import Code
from rex_auth_edge.flows import sessions as lives
from rex_auth_edge.flows.household import activity
from rex_auth_edge.storage import presence
from rex_auth_edge.verbs.reach import Reach, Verbs, bounded, console, find_person, member, refusal
from rex_auth_edge.web.answers import rfc3339, unless_refused

_TOO_LARGE = 2**63
"""No column holds it."""


async def _listed(
    reach: Reach, *, user: str | None = None, household: str | None = None, limit: int = 100
) -> list[dict[str, Any]]:
    """Live sessions, the latest used first."""
    actor = await console(reach, household)

    def query(conn: sa.Connection) -> list[Any]:
        user_id = None if user is None else find_person(conn, actor.tenant_id, user).id
        return presence.newest(conn, actor.tenant_id, user_id, bounded(limit))

    rows = lives.live(await reach.parts.store.read(query), reach.parts.clock.now())
    return [_described(row) for row in rows]


def _described(row: Any) -> dict[str, Any]:
    return {
        "number": row.number,
        "id": str(row.id),
        "username": row.username,
        "user_id": str(row.user_id),
        "device": row.device_info,
        "ip_address": row.ip_address,
        "created_at": rfc3339(row.created_at),
        "last_seen_at": rfc3339(row.last_seen_at),
    }


async def _ended(reach: Reach, *, session: str, household: str | None = None) -> dict[str, Any]:
    """End one session, by its number or id."""
    actor, named = await console(reach, household), _named(session)
    owner = await reach.parts.store.read(lambda conn: presence.owner(conn, actor.tenant_id, named))
    if owner is None:
        raise _none(session)
    return {"ended": unless_refused(await activity.end_session(reach.parts, actor, owner, str(named)))}


def _named(session: str) -> UUID | int:
    try:
        named = int(session) if session.isdecimal() else UUID(session)
    except ValueError:
        raise _none(session) from None
    if isinstance(named, int) and named >= _TOO_LARGE:
        raise _none(session)
    return named


def _none(session: str) -> Exception:
    return refusal(Code.NOT_FOUND, f"There is no session {session}: see `rex-auth-edge session list`.", "session")


async def _all_ended(reach: Reach, *, user: str | None = None, household: str | None = None) -> dict[str, Any]:
    """End all sessions of a person, or of the household."""
    actor = await console(reach, household)
    if user is None:
        owners = await reach.parts.store.read(lambda conn: presence.present(conn, actor.tenant_id))
    else:
        owners = [(await member(reach, actor, user)).id]
    counts = [unless_refused(await activity.end_session(reach.parts, actor, owner, None)) for owner in owners]
    return {"ended": sum(counts)}


VERBS: Verbs = {"list": _listed, "end": _ended, "end_all": _all_ended}
