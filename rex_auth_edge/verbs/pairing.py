"""Devices that ask to be let in: the window, what asks, and the owner's word on it."""

from typing import Any

import msgspec

from rex_auth_edge.flows.devices import deciding, window
from rex_auth_edge.flows.devices.records import Change
from rex_auth_edge.verbs.reach import Reach, Verbs, console, identifier
from rex_auth_edge.web.answers import unless_refused
from rex_auth_edge.web.api.pairing import shown, told


async def _window(reach: Reach, *, household: str | None = None) -> dict[str, Any]:
    """Whether devices may ask at present."""
    found = unless_refused(await window.seen(reach.parts, await console(reach, household)))
    return msgspec.structs.asdict(shown(found))


async def _opened(reach: Reach, *, open_for: str | None = None, household: str | None = None) -> dict[str, Any]:
    """Devices may ask for some minutes."""
    made = unless_refused(await window.open_for(reach.parts, await console(reach, household), open_for))
    return msgspec.structs.asdict(shown(made))


async def _closed(reach: Reach, *, household: str | None = None) -> dict[str, Any]:
    """No device may ask any more, and those that wait are refused."""
    unless_refused(await window.close(reach.parts, await console(reach, household)))
    return msgspec.structs.asdict(shown(window.Window()))


async def _asks(reach: Reach, *, household: str | None = None) -> list[dict[str, Any]]:
    """What asks and hasn't been decided on."""
    found = unless_refused(await deciding.listed(reach.parts, await console(reach, household)))
    return [msgspec.structs.asdict(told(ask)) for ask in found]


async def _looked(reach: Reach, *, code: str, household: str | None = None) -> dict[str, Any]:
    """What asks with this code."""
    found = unless_refused(await deciding.look(reach.parts, await console(reach, household), code))
    return msgspec.structs.asdict(told(found))


async def _approved(
    reach: Reach,
    *,
    ask: str,
    code: str,
    name: str | None = None,
    room: str | None = None,
    scopes: list[str] | None = None,
    household: str | None = None,
) -> dict[str, Any]:
    """Let it in."""
    wanted = Change(name, room, None if scopes is None else tuple(scopes))
    actor, ask_id = await console(reach, household), identifier(ask, "device that asks")
    made = unless_refused(await deciding.approve(reach.parts, actor, ask_id, code, wanted))
    return msgspec.structs.asdict(told(made))


async def _denied(reach: Reach, *, ask: str, household: str | None = None) -> dict[str, Any]:
    """Refuse it."""
    actor, ask_id = await console(reach, household), identifier(ask, "device that asks")
    unless_refused(await deciding.deny(reach.parts, actor, ask_id))
    return {"id": str(ask_id), "denied": True}


VERBS: Verbs = {
    "show": _window, "open": _opened, "close": _closed, "asks": _asks, "look": _looked, "approve": _approved,
    "deny": _denied,
}  # fmt: skip
