"""How far hubs are trusted: nobody but the cloud says it, as an owner picked it, and it is a place in the order.

It is sealed under a key that only the cloud has: one that was restored from a backup of before believes its own word
from any hub, and that of none.
"""

import hashlib
import hmac
from typing import Any

from msgspec.structs import replace

from rex_auth_edge.sync.house import House, revoked
from rex_auth_edge.sync.kinds import Kind
from rex_auth_edge.sync.order import START, Position
from rex_auth_edge.sync.outcome import Verdict, take
from rex_auth_edge.sync.state import Cell, Held, Incoming, Mark, Rung, Secret, State

DISTRUST = "distrust"
"""The field of a removed hub that says from which place on its changes aren't trusted: [epoch, seq]."""
SEAL = "distrust_seal"
"""The field with the seal on it."""
SPARED = "spared"
"""The field with the session in which an owner has said it: that goes on."""


def said(hub: bytes, since: Position, key: bytes) -> dict[str, Any]:
    """The fields with which the cloud says it; `key` is the household's, as in `Ordering`."""
    return {DISTRUST: tuple(since), SEAL: _seal(hub, since, key)}


def sealed(hub: bytes, state: State, key: bytes) -> Position | None:
    """What the cloud has once said by these fields; None where it hasn't."""
    told, seal = (held and held.value for held in (state.fields.get(DISTRUST), state.fields.get(SEAL)))
    since = _place(told)
    good = since is not None and isinstance(seal, bytes) and hmac.compare_digest(seal, _seal(hub, since, key))
    return since if good else None


def _seal(hub: bytes, since: Position, key: bytes) -> bytes:
    said = repr((DISTRUST, hub, tuple(since))).encode()
    return hashlib.blake2b(said, digest_size=16, key=key).digest()


def distrusted(hub: Cell, house: House) -> Position | None:
    """From which place on, as somebody else than the hub has said; None where nobody has."""
    held = house.state(hub).fields.get(DISTRUST)
    return None if held is None or held.by.origin == hub.id else _place(held.value)


def _place(value: Any) -> Position | None:
    pair = isinstance(value, list | tuple) and len(value) == 2  # noqa: PLR2004 - a pair
    return Position(*value) if pair and all(isinstance(each, int) for each in value) else None


def is_later(part: Held | Mark | Rung | Secret, hub: bytes, since: Position) -> bool:
    """Whether the hub has said it, or handed it on as another's, and it came after it was trusted."""
    handed_on = isinstance(part, Mark | Rung) and part.actor == hub
    return (part.by.origin == hub or handed_on) and part.at > since


def later_marks(state: State, hub: bytes, since: Position) -> list[Mark]:
    """Those of the marks."""
    return [mark for mark in state.marks if is_later(mark, hub, since)]


def is_doubted(mark: Mark, house: House) -> bool:
    """Whether it comes from any hub that was removed, at a place from which on that isn't trusted."""
    return any(is_untrusted(each, mark.at, house) for each in (mark.by.origin, mark.actor) if each is not None)


def is_untrusted(hub: bytes, at: Position, house: House) -> bool:
    """Whether it was removed, and isn't trusted at this place any more."""
    since = distrusted(Cell(Kind.HUB, hub), house) if revoked(house, Kind.HUB, hub) else None
    return since is not None and at > since


def decide_hub(change: Incoming, house: House) -> Verdict:
    """What hubs are called, and how far each is trusted, no hub says: its thief would pose as another.

    Nor that one wasn't restored: what it had vouched for before would begin again.
    """
    if house.state(Cell(Kind.HUB, change.tag.origin)).rung is None:
        return take(change)
    return take(change, replace(change.state, fields={}, cleared=START, own=()))
