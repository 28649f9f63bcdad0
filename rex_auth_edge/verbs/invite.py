"""Invitations to a household."""

from typing import Any

from rex_auth_edge.flows.household import admission, invite
from rex_auth_edge.verbs.reach import Reach, Verbs, console, identifier
from rex_auth_edge.web.answers import rfc3339, unless_refused


async def _created(
    reach: Reach,
    *,
    role: str,
    name: str | None = None,
    email: str | None = None,
    expires_in: str | None = None,
    household: str | None = None,
) -> dict[str, Any]:
    """A code to hand over, mailed as well where an address is given."""
    guest = invite.Guest(role, name, email, expires_in)
    made = unless_refused(await invite.create(reach.parts, await console(reach, household), guest))
    return {
        "id": str(made.id),
        "role": role,
        "email": email,
        "code": made.code,
        "link": made.link,
        "expires_at": rfc3339(made.expires_at),
        "mailed": made.mailed,
    }


async def _listed(reach: Reach, *, household: str | None = None) -> list[dict[str, Any]]:
    """The household's invitations, the newest first, without their codes."""
    rows = unless_refused(await invite.listed(reach.parts, await console(reach, household)))
    now = reach.parts.clock.now()
    return [
        {
            "id": str(row.id),
            "role": row.role,
            "name": row.name,
            "email": row.email,
            "status": admission.status(row, now),
            "created_at": rfc3339(row.created_at),
            "expires_at": rfc3339(row.expires_at),
        }
        for row in rows
    ]


async def _revoked(reach: Reach, *, invitation: str, household: str | None = None) -> dict[str, Any]:
    """Make it good for nobody."""
    actor, invitation_id = await console(reach, household), identifier(invitation, "invitation")
    unless_refused(await invite.revoke(reach.parts, actor, invitation_id))
    return {"id": str(invitation_id), "status": "revoked"}


VERBS: Verbs = {"create": _created, "list": _listed, "revoke": _revoked}
