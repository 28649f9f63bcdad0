"""What a hub says that a restored cloud has forgotten, where it is another node's: no more of it than anybody may say.

Whoever has a hub's key can make up what he likes, and nothing shows what another node has really said. What closes
doors is taken all the same, for a hub may close them itself; no field of anything, which somebody else would have put.
The hub answers for what it hands on, as whoever has done something does: once it isn't trusted, that isn't either. A
record isn't taken: it becomes one of its own, which says who has handed it on, and takes no place in the log of whom it
speaks of.
"""

import hashlib
from typing import Any, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from rex_auth_edge.domain.roles import Role
from rex_auth_edge.sync.house import RESTORED, House, role_by, role_in
from rex_auth_edge.sync.kinds import Kind, closing
from rex_auth_edge.sync.order import Tag
from rex_auth_edge.sync.rules.record import record_id
from rex_auth_edge.sync.state import EMPTY, Cell, Held, Mark, Rung, State

HANDED_ON = "handed_on"
"""The field of a record with what somebody else is said to have put on record; its writer is who says so."""
_OF_THE_CLOUD = frozenset({Kind.NOTICE, Kind.REVIEW})
"""What a restored cloud may lose: what it had told, and held back, since, for else whoever has a key could fake it."""
_Part = TypeVar("_Part", Mark, Rung)


class Believed(Struct, frozen=True):
    """What is taken: of which cell, and what of it."""

    cell: Cell
    state: State


def believed(hub: bytes, cell: Cell, state: State, house: House) -> Believed:
    """As far as this hub can be believed."""
    if cell.kind == Kind.AUDIT:
        return _record(hub, cell, state, house)
    if cell.kind in _OF_THE_CLOUD and house.state(cell).rung is None:
        return Believed(cell, EMPTY)
    if cell.kind == Kind.HUB:
        marks = tuple(mark for mark in state.marks if mark.what != RESTORED or cell.id == hub)
        state = replace(state, marks=marks)
    told = replace(closing(cell.kind, state), fields={})
    marks = tuple(_its_word(hub, mark) for mark in told.marks)
    told = replace(told, marks=marks, rung=told.rung and _its_word(hub, told.rung))
    return Believed(cell, _lowering(hub, told, role_in(house.state(cell))) if cell.kind == Kind.ROLE else told)


def _its_word(hub: bytes, part: _Part) -> _Part:
    """The same, for which the hub answers if it isn't its own; it stays the other's, who may lift it."""
    return part if part.by.origin == hub else replace(part, actor=hub)


def _lowering(hub: bytes, state: State, present: Role | None) -> State:
    """What it says of a role that somebody has less by; all else waits until the node that gave it tells it again.

    Of somebody who has none any role would raise them. One that isn't lower would count as its giver's word later; so
    would another node's that is: by it somebody is a guest, or who was raised by a thief would stay more than that.
    """
    if present is None:
        return replace(state, marks=tuple(map(_guest, state.marks)))
    lower = [mark for mark in state.marks if role_by(mark).below(present)]
    return replace(state, marks=tuple(mark if mark.by.origin == hub else _guest(mark) for mark in lower))


def _guest(mark: Mark) -> Mark:
    return replace(mark, what=Role.GUEST.value)


def _record(hub: bytes, cell: Cell, state: State, house: House) -> Believed:
    """Its own as it is; another node's as handed on, unless it is known."""
    if all(held.by.origin == hub for held in state.fields.values()):
        return Believed(cell, State(fields=state.fields))
    if house.state(cell).fields:
        return Believed(cell, EMPTY)
    told: dict[str, Any] = {name: held.value for name, held in sorted(state.fields.items())}
    held = Held(min(held.at for held in state.fields.values()), Tag(hub, 0, 0), told)
    return Believed(Cell(Kind.AUDIT, _id(hub, cell)), State(fields={HANDED_ON: held}))


def _id(hub: bytes, cell: Cell) -> bytes:
    return record_id(hub, hashlib.blake2b(b"handed on" + hub + cell.id, digest_size=8).digest())
