"""A household and its cloud: enrolled, looked at, paused; what waits for an owner."""

import dataclasses
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import msgspec

from rex_auth_edge.domain.refusals import Code, Refused, RefusedError
from rex_auth_edge.exchange.hub.synchronising import Synchronising
from rex_auth_edge.exchange.oversight import deciding
from rex_auth_edge.exchange.oversight.overview import overview
from rex_auth_edge.exchange.oversight.words import ago
from rex_auth_edge.flows.household.actor import Actor
from rex_auth_edge.verbs.reach import Reach, Verbs, console, identifier, refusal
from rex_auth_edge.web.answers import rfc3339, unless_refused
from rex_auth_edge.web.api.syncing import stands

_NOT_HERE = Refused(Code.NOT_ALLOWED, "This is a hub's to do: in the cloud see `rex-auth-edge sync hubs`")


async def _status(reach: Reach, *, household: str | None = None) -> dict[str, Any]:
    """In one line, in sentences and in facts."""
    return await _stands(reach, await console(reach, household))


async def _stands(reach: Reach, actor: Actor) -> dict[str, Any]:
    found = unless_refused(await overview(reach.parts, actor, reach.sync))
    return {"running": reach.running, **msgspec.structs.asdict(stands(found))} | {
        "waiting": msgspec.structs.asdict(stands(found).waiting)
    }


@asynccontextmanager
async def _synchronising(reach: Reach) -> AsyncIterator[Synchronising]:
    """The hub's synchronisation; where no hub runs it is taken up for this alone. Raises RefusedError in the cloud."""
    if reach.sync is None:
        raise RefusedError(_NOT_HERE)
    if reach.running:
        yield reach.sync
        return
    await reach.sync.runs.begin(looping=False)
    try:
        yield reach.sync
    finally:
        await reach.sync.runs.end()


def _cloud(reach: Reach, url: str | None) -> str:
    address = url or reach.settings.cloud_url
    if not address:
        raise refusal(Code.MISSING_FIELD, "Say the cloud's address, or set REX_CLOUD_URL", "url")
    return address


async def _looked(
    reach: Reach, *, url: str | None, code: str, owner: str | None = None, household: str | None = None
) -> dict[str, Any]:
    """Where a claim code leads; it stays good."""
    actor, address = await console(reach, household), _cloud(reach, url)
    async with _synchronising(reach) as sync:
        found = unless_refused(await sync.look(actor.tenant_id, address, code, owner))
        return dataclasses.asdict(found) | {"household": str(found.household), "cloud": address}


async def _enrolled(
    reach: Reach,
    *,
    url: str | None,
    code: str,
    owner: str | None = None,
    there: str | None = None,
    household: str | None = None,
) -> dict[str, Any]:
    """Join the household there whose owner has made this code (`there`, and no other), and have a first round."""
    actor, address = await console(reach, household), _cloud(reach, url)
    agreed = None if there is None else identifier(there, "household")
    async with _synchronising(reach) as sync:
        unless_refused(await sync.enrol(actor.tenant_id, address, code, owner, agreed))
        unless_refused(await sync.now(actor.tenant_id))
        return await _stands(reach, actor)


async def _now(reach: Reach, *, household: str | None = None) -> dict[str, Any]:
    """A round at once."""
    actor = await console(reach, household)
    async with _synchronising(reach) as sync:
        unless_refused(await sync.now(actor.tenant_id))
        return await _stands(reach, actor)


async def _progress(reach: Reach, *, household: str | None = None) -> dict[str, Any]:
    """How far what goes on is: changes that wait yet, and nodes of digests compared, of those that are known."""
    actor = await console(reach, household)
    if reach.sync is None:
        raise RefusedError(_NOT_HERE)
    compared, known = reach.sync.progress(actor.tenant_id)
    waiting = sum((await reach.sync.status(actor.tenant_id)).waiting)
    return {"waiting": waiting, "compared": compared, "known": known}


async def _paused(reach: Reach, *, pause: bool, household: str | None = None) -> dict[str, Any]:
    """Stop, or go on."""
    actor = await console(reach, household)
    async with _synchronising(reach) as sync:
        unless_refused(await (sync.pause if pause else sync.resume)(actor.tenant_id))
        return await _stands(reach, actor)


async def _forgotten(reach: Reach, *, household: str | None = None) -> dict[str, Any]:
    """Leave the cloud; the household stays here as it is."""
    actor = await console(reach, household)
    async with _synchronising(reach) as sync:
        unless_refused(await sync.forget(actor.tenant_id))
        return await _stands(reach, actor)


async def _rotated(reach: Reach, *, household: str | None = None) -> dict[str, Any]:
    """Sign with a new key."""
    actor = await console(reach, household)
    async with _synchronising(reach) as sync:
        unless_refused(await sync.rotate(actor.tenant_id))
        return await _stands(reach, actor)


async def _verified(reach: Reach, *, household: str | None = None) -> dict[str, Any]:
    """Compare everything: with the cloud, and with the household's own tables."""
    actor = await console(reach, household)
    async with _synchronising(reach) as sync:
        found = unless_refused(await sync.verify(actor.tenant_id))
        differing = [{"kind": str(cell.kind), "id": cell.id.hex()} for cell in found.differing]
        return {"ok": not differing, "repaired": found.repaired, "differing": differing}


async def _reviews(reach: Reach, *, household: str | None = None) -> dict[str, Any]:
    """What waits for an owner, and what was decided against somebody."""
    found = unless_refused(await deciding.matters(reach.parts, await console(reach, household)))
    now = reach.parts.clock.now().wall
    return {"held": [_dated(each, now) for each in found.held], "told": [_dated(each, now) for each in found.told]}


def _dated(each: deciding.Held | deciding.Told, now: int) -> dict[str, Any]:
    """With when it was decided, for programs and in words."""
    shown = dataclasses.asdict(each)
    at = shown.pop("at")
    dates = {"decided_at": None, "when": None} if at is None else {"decided_at": rfc3339(at), "when": ago(now - at)}
    return {name: str(value) if isinstance(value, UUID) else value for name, value in shown.items()} | dates


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


VERBS: Verbs = {
    "status": _status,
    "look": _looked,
    "enroll": _enrolled,
    "now": _now,
    "progress": _progress,
    "pause": _paused,
    "forget": _forgotten,
    "rotate": _rotated,
    "verify": _verified,
    "reviews": _reviews,
    "confirm": _confirmed,
    "dismiss": _dismissed,
}
