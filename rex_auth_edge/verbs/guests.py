"""Guests' passes."""

from typing import Any

import msgspec

from rex_auth_edge.flows.household import passes
from rex_auth_edge.verbs.reach import Reach, Verbs, console, identifier
from rex_auth_edge.web.answers import rfc3339, unless_refused
from rex_auth_edge.web.api.passes import guest_pass


async def _created(
    reach: Reach,
    *,
    name: str,
    scopes: list[str],
    starts: str | None = None,
    ends: str | None = None,
    household: str | None = None,
) -> dict[str, Any]:
    """A link to hand over and, where the pass is over within a day, all that doors need."""
    wanted = passes.Wanted(name, tuple(scopes), starts, ends)
    made = unless_refused(await passes.create(reach.parts, await console(reach, household), wanted))
    return {
        "id": str(made.id),
        "name": made.shown.name,
        "link": made.link,
        "token": made.shown.token,
        "begins_at": rfc3339(made.shown.begins_at),
        "ends_at": rfc3339(made.shown.ends_at),
    }


async def _listed(reach: Reach, *, household: str | None = None) -> list[dict[str, Any]]:
    """The household's passes, the newest first."""
    rows = unless_refused(await passes.listed(reach.parts, await console(reach, household)))
    now = reach.parts.clock.now()
    return [msgspec.structs.asdict(guest_pass(row, now)) for row in rows]


async def _revoked(reach: Reach, *, guest_pass: str, household: str | None = None) -> dict[str, Any]:
    """End it before its time."""
    actor, pass_id = await console(reach, household), identifier(guest_pass, "pass")
    unless_refused(await passes.revoke(reach.parts, actor, pass_id))
    return {"id": str(pass_id), "status": "revoked"}


VERBS: Verbs = {"create": _created, "list": _listed, "revoke": _revoked}
