"""In the cloud: a household's hubs, and what an operator says of the database."""

from typing import Any
from uuid import UUID

from rex_auth_edge.domain.refusals import Code, Refused, RefusedError
from rex_auth_edge.exchange.cloud import claims, durability, hubs, restored
from rex_auth_edge.flows.parts import NOBODY
from rex_auth_edge.verbs.reach import Reach, Verbs, console, identifier, member
from rex_auth_edge.web.answers import rfc3339, unless_refused

_NOT_HERE = Refused(Code.NOT_ALLOWED, "This is the cloud's to do: run it where REX_ROLE=cloud")


def _unless_hub(reach: Reach) -> None:
    if reach.parts.home != NOBODY:
        raise RefusedError(_NOT_HERE)


async def _claim(reach: Reach, *, owner: str, household: str | None = None) -> dict[str, Any]:
    """A code with which one hub joins the household, as this owner's."""
    _unless_hub(reach)
    actor = await console(reach, household)
    made = unless_refused(await claims.make(reach.parts, actor, (await member(reach, actor, owner)).id))
    return {"code": made.code, "expires_at": rfc3339(made.expires_at)}


async def _listed(reach: Reach, *, household: str | None = None) -> list[dict[str, Any]]:
    """The household's hubs, removed ones too."""
    _unless_hub(reach)
    found = unless_refused(await hubs.listed(reach.parts, await console(reach, household)))
    return [{"id": str(hub.id), "name": hub.name, "state": hub.state, "seen_at": rfc3339(hub.seen_at)} for hub in found]


async def _removed(
    reach: Reach, *, which: str, stolen: bool, since: str | None = None, household: str | None = None
) -> dict[str, Any]:
    """End its keys; a stolen one is trusted in nothing that it has let in since then, or ever."""
    _unless_hub(reach)
    actor, hub_id = await console(reach, household), identifier(which, "hub")
    told = unless_refused(await hubs.remove(reach.parts, actor, hub_id, stolen=stolen, since=since or ""))
    return {"id": str(hub_id), "state": "removed", "stolen": stolen, "told": [each.says for each in told]}


async def _marked(reach: Reach) -> list[dict[str, Any]]:
    """How far every household's order goes at this moment."""
    _unless_hub(reach)
    return [{"household": str(tenant_id), "at": list(at)} for tenant_id, at in await durability.mark(reach.parts)]


async def _durable(reach: Reach, *, marks: list[dict[str, Any]]) -> dict[str, Any]:
    """What was there when these marks were made can't be lost any more."""
    _unless_hub(reach)
    try:
        places = [(UUID(each["household"]), (int(each["at"][0]), int(each["at"][1]))) for each in marks]
    except (KeyError, TypeError, ValueError, IndexError):
        raise RefusedError(Refused(Code.INVALID_FIELD, "These are no marks of `rex-auth-edge sync mark`")) from None
    return {"households": await durability.durable(reach.parts, places)}


async def _restored(reach: Reach) -> dict[str, Any]:
    """The database was put back from before."""
    _unless_hub(reach)
    return {"households": await restored.begin_epochs(reach.parts)}


VERBS: Verbs = {
    "claim": _claim,
    "hubs": _listed,
    "remove_hub": _removed,
    "mark": _marked,
    "durable": _durable,
    "restored": _restored,
}
