"""The household's devices."""

from typing import Any

import msgspec

from rex_auth_edge.domain.devices import wish
from rex_auth_edge.domain.refusals import Refused
from rex_auth_edge.flows.devices import adding, records
from rex_auth_edge.verbs.reach import Reach, Verbs, console, identifier
from rex_auth_edge.web.answers import rfc3339, unless_refused
from rex_auth_edge.web.api.devices import device, to_come


async def _listed(reach: Reach, *, household: str | None = None) -> dict[str, Any]:
    """All but removed ones, and those that are to come."""
    found = unless_refused(await records.listed(reach.parts, await console(reach, household)))
    devices = [msgspec.structs.asdict(device(row)) for row in found.devices]
    return {"devices": devices, "awaited": [msgspec.structs.asdict(to_come(row)) for row in found.awaited]}


async def _added(
    reach: Reach,
    *,
    name: str,
    kind: str,
    room: str | None = None,
    scopes: list[str] | None = None,
    code_life: str | None = None,
    household: str | None = None,
) -> dict[str, Any]:
    """A code for the device, and what its camera reads."""
    wanted = wish(name, kind, room, scopes or [])
    if isinstance(wanted, Refused):
        return unless_refused(wanted)
    actor = await console(reach, household)
    made = unless_refused(await adding.add(reach.parts, actor, wanted, code_life))
    return {
        "id": str(made.id),
        "name": wanted.name,
        "code": made.code,
        "qr": reach.parts.invitation(made.code),
        "expires_at": rfc3339(made.expires_at),
    }


async def _changed(
    reach: Reach,
    *,
    device: str,
    name: str | None = None,
    room: str | None = None,
    scopes: list[str] | None = None,
    household: str | None = None,
) -> dict[str, Any]:
    """Another name or room, or fewer scopes."""
    actor, device_id = await console(reach, household), identifier(device, "device")
    wanted = records.Change(name, room, None if scopes is None else tuple(scopes))
    unless_refused(await records.change(reach.parts, actor, device_id, wanted))
    return {"id": str(device_id), "changed": True}


async def _suspended(reach: Reach, *, device: str, household: str | None = None) -> dict[str, Any]:
    """What it holds is refused, until it may go on."""
    actor, device_id = await console(reach, household), identifier(device, "device")
    unless_refused(await records.suspend(reach.parts, actor, device_id))
    return {"id": str(device_id), "state": "suspended"}


async def _resumed(reach: Reach, *, device: str, household: str | None = None) -> dict[str, Any]:
    """Let it go on."""
    actor, device_id = await console(reach, household), identifier(device, "device")
    unless_refused(await records.resume(reach.parts, actor, device_id))
    return {"id": str(device_id), "state": "active"}


async def _removed(reach: Reach, *, device: str, household: str | None = None) -> dict[str, Any]:
    """For good."""
    actor, device_id = await console(reach, household), identifier(device, "device")
    unless_refused(await records.remove(reach.parts, actor, device_id))
    return {"id": str(device_id), "state": "removed"}


VERBS: Verbs = {
    "list": _listed, "add": _added, "change": _changed, "suspend": _suspended, "resume": _resumed, "remove": _removed,
}  # fmt: skip
