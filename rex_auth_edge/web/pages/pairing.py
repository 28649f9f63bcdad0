"""Devices that ask to be let in: the window in which they may, what asks and from where, and the owner's decision."""

import re
from typing import Any
from uuid import UUID

from rex_auth_edge.domain.clock import MINUTE, SECOND
from rex_auth_edge.domain.refusals import RefusedError
from rex_auth_edge.domain.roles import Act
from rex_auth_edge.flows.devices import deciding, records, window
from rex_auth_edge.flows.devices.deciding import NO_ASK, Ask
from rex_auth_edge.web import limited
from rex_auth_edge.web.answers import unless_refused
from rex_auth_edge.web.api.household import uuid_in
from rex_auth_edge.web.pages.answer import Answer
from rex_auth_edge.web.pages.devices import LIST, kept_scopes, rooms
from rex_auth_edge.web.pages.turn import Turn
from rex_auth_edge.web.pages.waiting import waiting

WINDOW, _ASKS, _CODE_PAGE = f"{LIST}/window", f"{LIST}/asks", "/device"
LENGTHS = (("3m", "3 minutes"), ("5m", "5 minutes"), ("10m", "10 minutes"), ("15m", "15 minutes"))
_LINKED, _TYPED = "rex_user_code", "rex_typed_code"
_PLAIN = re.compile(r"[A-Za-z]+(?:[- ][A-Za-z]+)*")
_LONGEST = 80
_LIFE = 10 * MINUTE // SECOND


# -------------------------------------------------------------------- the window, and what waits


async def show_window(turn: Turn) -> Answer:
    """Whether devices may ask, for how long and how often still; and those that do."""
    found = unless_refused(await window.seen(turn.visit.desk.parts, turn.actor))
    asks = unless_refused(await deciding.listed(turn.visit.desk.parts, turn.actor))
    return await turn.page("device_window.html", window=found, asks=asks, lengths=LENGTHS)


async def open_window(turn: Turn) -> Answer:
    """Let devices ask, for minutes."""
    unless_refused(await window.open_for(turn.visit.desk.parts, turn.actor, turn.typed("open_for")))
    return turn.see(WINDOW, "window-open")


async def close_window(turn: Turn) -> Answer:
    """Let no device ask any more."""
    unless_refused(await window.close(turn.visit.desk.parts, turn.actor))
    return turn.see(WINDOW, "window-closed")


# -------------------------------------------------------------------- a code, typed by a person


async def show_code(turn: Turn) -> Answer:
    """The form for a device's code (RFC 8628 section 3.3). One in the address is filled in, and does nothing more."""
    if "user_code" in turn.query:
        linked = turn.query["user_code"].strip()
        good = len(linked) <= _LONGEST and _PLAIN.fullmatch(linked)
        turn.keep(_LINKED, linked.replace(" ", "-") if good else "", _LIFE if good else 0, _CODE_PAGE)
        return turn.see(_CODE_PAGE)
    # Who isn't signed in goes there first, and a fresh sign-in is asked for before anything is typed.
    await turn.ready(Act.ADD_DEVICE)
    linked = turn.visit.cookie(_LINKED) or ""
    good = _PLAIN.fullmatch(linked)
    return await turn.page("device_code.html", linked=linked if good else "", waiting=await waiting(turn))


async def find_by_code(turn: Turn) -> Answer:
    """What asks with this code, to be looked at before it is let in."""
    code = turn.typed("code")
    ask = await limited.look_at_ask(turn.visit, turn.actor, code)
    turn.put_aside(_TYPED, {"ask": str(ask.id), "code": code}, _LIFE, _ASKS)
    turn.keep(_LINKED, "", 0, _CODE_PAGE)
    return turn.see(f"{_ASKS}/{ask.id}")


# -------------------------------------------------------------------- one that asks


async def show_ask(turn: Turn) -> Answer:
    """What asks, from where, and for what; and the form to let it in, or to refuse it."""
    await turn.ready(Act.ADD_DEVICE)
    ask = await _ask(turn)
    listed = unless_refused(await records.listed(turn.visit.desk.parts, turn.actor))
    return await turn.page("device_ask.html", ask=ask, code=_known_code(turn, ask), rooms=rooms(listed.devices))


async def _ask(turn: Turn) -> Ask:
    wanted = _ask_id(turn)
    asks = unless_refused(await deciding.listed(turn.visit.desk.parts, turn.actor))
    found = next((ask for ask in asks if ask.id == wanted), None)
    if found is None:
        raise RefusedError(NO_ASK)
    return found


def _ask_id(turn: Turn) -> UUID:
    return uuid_in(turn.named["ask"], NO_ASK)


def _known_code(turn: Turn, ask: Ask) -> str:
    """The words that are compared, or the code that this person has just typed for it; else it is asked for."""
    if ask.compare:
        return " ".join(ask.compare)
    if turn.refused is not None:
        return "" if "code" in turn.refused.fields else turn.form.get("code", "")
    typed: dict[str, Any] = turn.aside(_TYPED) or {}
    return str(typed["code"]) if typed.get("ask") == str(ask.id) else ""


async def approve(turn: Turn) -> Answer:
    """Let it in: by the name and to the room that were chosen, with what is still ticked."""
    ask = await _ask(turn)
    wanted = records.Change(turn.typed("name") or "", turn.typed("room") or "", kept_scopes(turn, ask.scopes))
    await limited.approve_ask(turn.visit, turn.actor, ask.id, turn.typed("code"), wanted)
    turn.keep(_TYPED, "", 0, _ASKS)
    return turn.see(LIST, "ask-approved")


async def refuse(turn: Turn) -> Answer:
    """Refuse it."""
    unless_refused(await deciding.deny(turn.visit.desk.parts, turn.actor, _ask_id(turn)))
    return turn.see(WINDOW, "ask-refused")
