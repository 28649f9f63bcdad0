"""A household and its cloud: how that stands, what waits for an owner, what was decided."""

import dataclasses
from typing import Any

import msgspec

from rex_auth_edge.domain.refusals import Code, Refused
from rex_auth_edge.exchange.people import deciding
from rex_auth_edge.exchange.people.overview import overview
from rex_auth_edge.verbs.reach import Reach, Verbs, console, identifier
from rex_auth_edge.web.answers import unless_refused
from rex_auth_edge.web.api.syncing import stands


async def _status(reach: Reach, *, household: str | None = None) -> dict[str, Any]:
    """In one line, in sentences and in facts."""
    found = unless_refused(await overview(reach.parts, await console(reach, household)))
    return msgspec.structs.asdict(stands(found))


async def _reviews(reach: Reach, *, household: str | None = None) -> dict[str, Any]:
    """What waits for an owner, and what was decided against somebody."""
    found = unless_refused(await deciding.matters(reach.parts, await console(reach, household)))
    return dataclasses.asdict(found)


async def _confirmed(reach: Reach, *, which: str, household: str | None = None) -> dict[str, Any]:
    """Do what waits, by the console's right."""
    actor, review_id = await console(reach, household), identifier(which, "change that waits")
    unless_refused(await deciding.confirm(reach.parts, actor, review_id))
    return {"id": str(review_id), "decided": "confirmed"}


async def _dismissed(reach: Reach, *, which: str, household: str | None = None) -> dict[str, Any]:
    """Let it be; a notice is shown no more."""
    actor, named = await console(reach, household), identifier(which, "change that waits, or of a notice")
    refused = await deciding.dismiss(reach.parts, actor, named)
    if isinstance(refused, Refused) and refused.code is Code.NOT_FOUND:
        refused = await deciding.clear(reach.parts, actor, named)
    unless_refused(refused)
    return {"id": str(named), "decided": "dismissed"}


VERBS: Verbs = {"status": _status, "reviews": _reviews, "confirm": _confirmed, "dismiss": _dismissed}
