"""A household's people."""

from typing import Any

from rex_auth_edge.flows.household import activity, handing, members
from rex_auth_edge.flows.household.actor import Actor
from rex_auth_edge.flows.household.members import Member, Newcomer
from rex_auth_edge.verbs.reach import Reach, Verbs, console, member
from rex_auth_edge.web.answers import rfc3339, unless_refused


async def _listed(reach: Reach, *, household: str | None = None) -> list[dict[str, Any]]:
    """Everybody, in the order that they joined."""
    found = unless_refused(await members.listed(reach.parts, await console(reach, household)))
    return [_described(each) for each in found]


def _described(found: Member) -> dict[str, Any]:
    row = found.row
    return {
        "id": str(row.id),
        "username": row.username,
        "name": " ".join(part for part in (row.first_name, row.last_name) if part) or None,
        "email": row.email,
        "email_proven": bool(row.email_proven),
        "role": row.role,
        "status": found.status,
        "joined_at": rfc3339(row.created_at),
        "last_login_at": None if row.last_login_at is None else rfc3339(row.last_login_at),
    }


async def _shown(reach: Reach, *, user: str, household: str | None = None) -> dict[str, Any]:
    """One of them, and how many sessions they have open."""
    actor = await console(reach, household)
    person = await member(reach, actor, user)
    sessions = unless_refused(await activity.sessions_of(reach.parts, actor, person.id))
    return await _again(reach, actor, person) | {"sessions": len(sessions)}


async def _again(reach: Reach, actor: Actor, person: Any) -> dict[str, Any]:
    """The person as they are now."""
    return _described(unless_refused(await members.find(reach.parts, actor, person.id)))


async def _added(
    reach: Reach,
    *,
    username: str,
    password: str,
    role: str,
    first_name: str | None = None,
    last_name: str | None = None,
    household: str | None = None,
) -> dict[str, Any]:
    """Somebody without an e-mail address, for whom the console vouches."""
    actor = await console(reach, household)
    newcomer = Newcomer(username, password, role, first_name, last_name)
    added = unless_refused(await members.add(reach.parts, actor, newcomer))
    return _described(unless_refused(await members.find(reach.parts, actor, added.id))) | {"waits": added.waits}


async def _role(reach: Reach, *, user: str, role: str, household: str | None = None) -> dict[str, Any]:
    actor = await console(reach, household)
    person = await member(reach, actor, user)
    waits = unless_refused(await members.set_role(reach.parts, actor, person.id, role))
    return await _again(reach, actor, person) | {"waits": waits}


async def _disabled(reach: Reach, *, user: str, household: str | None = None) -> dict[str, Any]:
    actor = await console(reach, household)
    person = await member(reach, actor, user)
    unless_refused(await members.disable(reach.parts, actor, person.id, reach.people))
    return await _again(reach, actor, person)


async def _enabled(reach: Reach, *, user: str, household: str | None = None) -> dict[str, Any]:
    actor = await console(reach, household)
    person = await member(reach, actor, user)
    unless_refused(await members.enable(reach.parts, actor, person.id))
    return await _again(reach, actor, person)


async def _unbanned(reach: Reach, *, user: str, household: str | None = None) -> dict[str, Any]:
    actor = await console(reach, household)
    person = await member(reach, actor, user)
    unless_refused(await members.pardon(reach.parts, actor, person.id))
    return await _again(reach, actor, person)


async def _reset(reach: Reach, *, user: str, household: str | None = None) -> dict[str, Any]:
    """End the person's sessions, and make the link with which they choose a new password."""
    actor = await console(reach, household)
    person = await member(reach, actor, user)
    started = unless_refused(await handing.start_reset(reach.parts, actor, person.id))
    return {"username": person.username, "link": started.link, "expires_at": rfc3339(started.expires_at)}


async def _removed(reach: Reach, *, user: str, household: str | None = None) -> dict[str, Any]:
    actor = await console(reach, household)
    person = await member(reach, actor, user)
    unless_refused(await members.remove(reach.parts, actor, person.id, reach.people))
    return {"id": str(person.id), "username": person.username}


VERBS: Verbs = {
    "list": _listed,
    "show": _shown,
    "add": _added,
    "role": _role,
    "disable": _disabled,
    "enable": _enabled,
    "unban": _unbanned,
    "reset": _reset,
    "remove": _removed,
}
