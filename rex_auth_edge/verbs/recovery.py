"""Recovery by the hub's label."""

from typing import Any

from rex_auth_edge.domain.caller import Caller
from rex_auth_edge.flows.household import presence
from rex_auth_edge.verbs.reach import Reach, Verbs, console
from rex_auth_edge.web.answers import rfc3339, unless_refused

_AT_THE_HUB = Caller(user_agent="console", on_lan=True)


async def _label(reach: Reach, *, again: bool = False) -> dict[str, Any]:
    """A secret for the hub's label, told this once; null where there is one."""
    return {"label_secret": unless_refused(await presence.make_label(reach.parts, again=again))}


async def _started(reach: Reach, *, label_secret: str, household: str | None = None) -> dict[str, Any]:
    """A recovery; its code is told this once."""
    tenant_id = (await console(reach, household)).tenant_id
    begun = unless_refused(await presence.start(reach.parts, label_secret, str(tenant_id), _AT_THE_HUB))
    return {
        "recovery_code": begun.code,
        "due_at": rfc3339(begun.due_at),
        "expires_at": rfc3339(begun.expires_at),
    }


async def _status(reach: Reach, *, household: str | None = None) -> dict[str, Any]:
    """What is under way; null where nothing is."""
    row = unless_refused(await presence.seen(reach.parts, await console(reach, household)))
    if row is None:
        return {"recovery": None}
    times = {"started_at": rfc3339(row.created_at), "due_at": rfc3339(row.due_at)}
    return {"recovery": times | {"asked_from": row.asked_from}}


async def _vetoed(reach: Reach, *, household: str | None = None) -> dict[str, Any]:
    """Stop what is under way."""
    refused = await presence.veto(reach.parts, await console(reach, household))
    unless_refused(refused)
    return {"stopped": True}


VERBS: Verbs = {"label": _label, "start": _started, "status": _status, "veto": _vetoed}
