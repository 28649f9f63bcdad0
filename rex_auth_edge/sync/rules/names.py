"""Usernames and addresses, of which there is one each in a household: the cloud's order decides, the loser is told.

Whoever has them in the cloud keeps them where a hub joins that calls the same person otherwise.
"""

import base64
import hashlib
from typing import Any

from msgspec.structs import replace

from rex_auth_edge.domain.names import LONGEST_USERNAME, email_key, is_username, username_key
from rex_auth_edge.sync.house import House, field, revoked
from rex_auth_edge.sync.kinds import Kind
from rex_auth_edge.sync.outcome import Follow, Outcome, Then, Verdict, along, take
from rex_auth_edge.sync.rules.newcomers import is_there
from rex_auth_edge.sync.state import Cell, Held, Incoming, State

RENAMED = "username_taken"
ADDRESS_TAKEN = "email_taken"
NAME, KEY, ADDRESS, PROVEN = "username", "key", "address", "proven"
_PROOF = frozenset({PROVEN, "verified"})
_OF_ADDRESS = frozenset({KEY, PROVEN})
_SAID = frozenset({NAME, KEY, ADDRESS})


def decide_username(change: Incoming, house: House) -> Verdict:
    """Whoever comes later is suffixed, by their id, so that every node finds the same name. What is no name is none."""
    wanted = change.state.fields.get(NAME)
    if wanted is None or not isinstance(wanted.value, str) or not is_username(wanted.value):
        return take(change, _nameless(change.state))
    if is_there(change, house, NAME):
        return Verdict(Outcome.REFUSED)
    granted = next(name for name in _candidates(wanted.value, change.cell.id) if _free(name, change, house))
    fields = {**change.state.fields, NAME: _with(wanted, granted), KEY: _with(wanted, username_key(granted))}
    verdict = take(change, replace(change.state, fields=_news(change, fields, house)))
    return verdict if granted == wanted.value else along(verdict, tell=RENAMED, about=change.cell.id)


def _news(change: Incoming, fields: dict[str, Held], house: House) -> dict[str, Held]:
    """The same without a name or an address that is there already: it stays the word of who has said it first.

    A hub that repeats it isn't who has given it, nor is the cloud what a hub has given that is proven there later.
    """
    there = house.state(change.cell).fields
    same = {name for name in _SAID & there.keys() & fields.keys() if there[name].value == fields[name].value}
    return {name: held for name, held in fields.items() if name not in same}


def _nameless(state: State) -> State:
    """The same without what is no name: whoever has one keeps it."""
    return replace(state, fields={name: held for name, held in state.fields.items() if name not in {NAME, KEY}})


def _candidates(wanted: str, user: bytes) -> list[str]:
    suffix = base64.b32encode(hashlib.blake2b(user, digest_size=15).digest()).decode().lower()
    suffixed = [f"{wanted[: LONGEST_USERNAME - 1 - length]}-{suffix[:length]}" for length in (4, 8, 16, 24)]
    return [wanted, *suffixed]


def _free(name: str, change: Incoming, house: House) -> bool:
    return not _others(change, house, KEY, username_key(name)) or name.endswith(_candidates("", change.cell.id)[-1])


def _others(change: Incoming, house: House, name: str, value: Any) -> list[bytes]:
    """Who else has it, and isn't deleted."""
    holders = house.bearing(change.cell.kind, name, value)
    return [user for user in holders if user != change.cell.id and not revoked(house, Kind.USER, user)]


def _with(held: Held, value: Any) -> Held:
    return replace(held, value=value)


def _has_proven(house: House, user: bytes) -> bool:
    return bool(field(house, Cell(Kind.EMAIL, user), PROVEN))


def address_key(state: State) -> Any:
    """Under what key this makes an address be found: None for none, where it takes one away."""
    wanted = state.fields[ADDRESS].value
    return email_key(wanted) if isinstance(wanted, str) else None


def _unaddressed(state: State, wanted: Held | None) -> State:
    """The same where it names no address: with what is taken away goes its proof, and nothing else is proven."""
    fields = {name: held for name, held in state.fields.items() if name not in _OF_ADDRESS}
    gone = {} if wanted is None else {name: _with(wanted, None) for name in (ADDRESS, KEY, PROVEN)}
    return replace(state, fields=fields | gone)


def decide_email(change: Incoming, house: House) -> Verdict:
    """The first account to prove an address keeps it, and whoever else has it loses it.

    A proof stays one where another node, which hasn't seen it, tells of the same address; without an address nothing is
    said of one.
    """
    wanted = change.state.fields.get(ADDRESS)
    if is_there(change, house, KEY):
        return Verdict(Outcome.REFUSED)
    if wanted is None or not isinstance(wanted.value, str):
        return take(change, _unaddressed(change.state, wanted))
    key, proven = email_key(wanted.value), change.state.fields.get(PROVEN)
    others = _others(change, house, KEY, key)
    if any(_has_proven(house, other) for other in others):
        nothing = {name: _with(wanted, None) for name in (ADDRESS, KEY, PROVEN)}
        unset = replace(change.state, fields={**change.state.fields, **nothing})
        return along(take(change, unset), tell=ADDRESS_TAKEN, about=change.cell.id)
    fields = {**change.state.fields, KEY: _with(wanted, key)}
    if field(house, change.cell, KEY) == key and _has_proven(house, change.cell.id):
        fields = {name: held for name, held in fields.items() if name not in _PROOF or held.value}
    verdict = take(change, replace(change.state, fields=_news(change, fields, house)))
    for other in others if proven is not None and proven.value else []:
        unset_other = Follow(Then.UNSET_EMAIL, Cell(Kind.EMAIL, other))
        verdict = along(verdict, unset_other, tell=ADDRESS_TAKEN, about=other)
    return verdict
