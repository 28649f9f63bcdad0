"""The household's devices: the list by room, each one's record, and what its owners do about them."""

from collections.abc import Iterable
from itertools import groupby
from typing import Any
from uuid import UUID

from rex_auth_edge.client import jose
from rex_auth_edge.domain.devices import Kind, wish
from rex_auth_edge.domain.refusals import Refused, RefusedError
from rex_auth_edge.domain.roles import Act
from rex_auth_edge.flows.devices import adding, records
from rex_auth_edge.flows.devices.records import NO_DEVICE
from rex_auth_edge.flows.household import members
from rex_auth_edge.web.answers import unless_refused
from rex_auth_edge.web.api.household import uuid_in
from rex_auth_edge.web.pages.answer import Answer
from rex_auth_edge.web.pages.asked import Asked, Done, question
from rex_auth_edge.web.pages.handed import Handed, hand
from rex_auth_edge.web.pages.turn import Turn
from rex_auth_edge.web.pages.waiting import waiting

LIST = "/house/devices"
KINDS = [(kind.value, "Something else" if kind is Kind.OTHER else kind.value.capitalize()) for kind in Kind]


async def show(turn: Turn) -> Answer:
    """The list, room by room; what stands in none comes last."""
    found = await _found(turn)
    in_order = sorted(found.devices, key=lambda row: (not row.room, _room(row)))
    by_room = [list(rows) for _, rows in groupby(in_order, key=_room)]
    people, asking = await _people(turn), await waiting(turn)
    return await turn.page("devices.html", rooms=by_room, awaited=found.awaited, letters_in=people, waiting=asking)


def _room(row: Any) -> str:
    return (row.room or "").casefold()


async def _found(turn: Turn) -> records.Found:
    return unless_refused(await records.listed(turn.visit.desk.parts, turn.actor))


async def _people(turn: Turn) -> dict[UUID, str]:
    """Names by ids, to say who let a device in."""
    everybody = unless_refused(await members.listed(turn.visit.desk.parts, turn.actor))
    return {each.row.id: each.row.first_name or each.row.username for each in everybody}


def rooms(rows: Iterable[Any]) -> list[str]:
    """Rooms that are there already, to be chosen again."""
    return sorted({row.room for row in rows if row.room}, key=str.casefold)


def _picked(rows: Iterable[Any], name: str) -> Any:
    """The one that a path names. Raises RefusedError where it isn't the household's."""
    wanted = uuid_in(name, NO_DEVICE)
    row = next((row for row in rows if row.id == wanted), None)
    if row is None:
        raise RefusedError(NO_DEVICE)
    return row


async def _device(turn: Turn) -> Any:
    return _picked((await _found(turn)).devices, turn.named["device"])


# -------------------------------------------------------------------- letting one in


async def show_add(turn: Turn) -> Answer:
    """The form for a device that is to come."""
    await turn.ready(Act.ADD_DEVICE)
    return await turn.page("device_add.html", kinds=KINDS, rooms=rooms((await _found(turn)).devices))


async def add(turn: Turn) -> Answer:
    """Let it in, and show its code and what its camera reads."""
    parts = turn.visit.desk.parts
    wanted = wish(turn.typed("name"), turn.typed("kind"), turn.typed("room"), turn.form.get("scopes", "").split())
    if isinstance(wanted, Refused):
        return unless_refused(wanted)
    made = unless_refused(await adding.add(parts, turn.actor, wanted))
    return hand(turn, Handed("device", wanted.name, made.code, parts.invitation(made.code), made.expires_at))


# -------------------------------------------------------------------- a device's record


async def show_one(turn: Turn) -> Answer:
    """The record, and what may be done about it."""
    row = await _device(turn)
    key = jose.text(bytes(row.thumbprint)) if row.thumbprint else None
    return await turn.page("device.html", device=row, key=key, letters_in=await _people(turn))


async def show_change(turn: Turn) -> Answer:
    """The form for another name or room, or fewer scopes."""
    await turn.ready(Act.CHANGE_DEVICE)
    found = await _found(turn)
    row = _picked(found.devices, turn.named["device"])
    return await turn.page("device_change.html", device=row, rooms=rooms(found.devices))


async def change(turn: Turn) -> Answer:
    """Rename it, put it elsewhere, take from it what isn't ticked any more."""
    row = await _device(turn)
    kept = kept_scopes(turn, row.scopes.split())
    wanted = records.Change(turn.typed("name") or "", turn.typed("room") or "", kept)
    unless_refused(await records.change(turn.visit.desk.parts, turn.actor, row.id, wanted))
    return turn.see(f"{LIST}/{row.id}", "device-changed")


def kept_scopes(turn: Turn, scopes: Iterable[str]) -> tuple[str, ...] | None:
    """Those of `scopes` that are ticked; None where the form has no boxes for them.

    Boxes that aren't ticked aren't sent, so the form says that it has them.
    """
    if "scopes" not in turn.form:
        return None
    return tuple(scope for scope in scopes if turn.form.get(f"scope_{scope}"))


# -------------------------------------------------------------------- acts that are asked about first


def _suspend(turn: Turn, device_id: UUID) -> Done:
    return records.suspend(turn.visit.desk.parts, turn.actor, device_id)


def _resume(turn: Turn, device_id: UUID) -> Done:
    return records.resume(turn.visit.desk.parts, turn.actor, device_id)


def _remove(turn: Turn, device_id: UUID) -> Done:
    return records.remove(turn.visit.desk.parts, turn.actor, device_id)


_ELSEWHERE = (
    "The hub refuses whatever it holds, at once. Devices that check for themselves know it as soon as they have asked "
    "the hub: locks and cameras within 15 minutes, all others within a day."
)
ASKED = {
    "suspend": Asked(
        Act.END_DEVICE, "Suspend {name}?", f"{_ELSEWHERE} You can let it go on at any time.",
        "Suspend", "device-suspended", _suspend,
    ),
    "resume": Asked(
        Act.CHANGE_DEVICE, "Let {name} go on?", "It may do again what it might before.",
        "Let it go on", "device-resumed", _resume, harmful=False,
    ),
    "remove": Asked(
        Act.END_DEVICE, "Remove {name} for good?",
        f"{_ELSEWHERE} If you want it back, it has to be let in anew.",
        "Remove for good", "device-removed", _remove, stays=False,
    ),
}  # fmt: skip
"""By the last part of their path."""
WITHDRAWN = Asked(
    Act.END_DEVICE, "Withdraw {name}'s code?", "The code and the QR code are good for nothing any more.",
    "Withdraw", "device-withdrawn", _remove, stays=False,
)  # fmt: skip


async def show_asked(turn: Turn) -> Answer:
    """The question."""
    asked = ASKED[turn.named["act"]]
    await turn.ready(asked.act)
    row = await _device(turn)
    return await question(turn, asked, row.name, f"{LIST}/{row.id}")


async def do_asked(turn: Turn) -> Answer:
    """The act."""
    asked, row = ASKED[turn.named["act"]], await _device(turn)
    unless_refused(await asked.do(turn, row.id))
    return turn.see(f"{LIST}/{row.id}" if asked.stays else LIST, asked.notice)


async def show_withdraw(turn: Turn) -> Answer:
    """The question whether to withdraw the code of one that is to come."""
    await turn.ready(WITHDRAWN.act)
    return await question(turn, WITHDRAWN, (await _to_come(turn)).name, LIST)


async def withdraw(turn: Turn) -> Answer:
    """Withdraw it."""
    unless_refused(await WITHDRAWN.do(turn, (await _to_come(turn)).id))
    return turn.see(LIST, WITHDRAWN.notice)


async def _to_come(turn: Turn) -> Any:
    return _picked((await _found(turn)).awaited, turn.named["awaited"])
