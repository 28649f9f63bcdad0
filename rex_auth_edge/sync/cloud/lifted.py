"""What is taken away of roles, bars and addresses: the cloud notes it beside the rest, for should a hub be a thief's.

A mark that is lifted is gone from its cell, as is an address in whose place there is another, and whose word it was.
"""

from collections.abc import Iterator
from typing import NamedTuple

from msgspec.structs import replace

from rex_auth_edge.sync.kinds import Kind
from rex_auth_edge.sync.merge import join
from rex_auth_edge.sync.order import Position, Tag
from rex_auth_edge.sync.rules.names import ADDRESS
from rex_auth_edge.sync.state import Held, Incoming, Mark, State
from rex_auth_edge.sync.wire import pack_state, unpack_state

NOTED = frozenset({Kind.ROLE, Kind.DISABLED, Kind.EMAIL})
_LIFTED = "lifted"
"""The field in which it is: which node has taken it away, at which place, who did it there, and what it was, packed."""
MOST = 32
"""Notes of a cell: it travels whole."""
_Told = tuple[bytes, Position, bytes | None, bytes]


class Lifted(NamedTuple):
    """A mark that is gone, which node has lifted it, at which place, and who did it there."""

    mark: Mark
    origin: bytes
    at: Position
    actor: bytes | None


def noted(change: Incoming, before: State, delta: State, at: Position, tag: Tag) -> State:
    """What a change adds, with what it takes from the cell as it was `before`; no hub says anything of that."""
    fields = {name: held for name, held in delta.fields.items() if name != _LIFTED}
    left = {mark.by for mark in join(before, delta).marks}
    gone = tuple(mark for mark in before.marks if mark.by not in left)
    if gone or ADDRESS in fields:
        former = {name: held for name, held in before.fields.items() if name != _LIFTED}
        told = (change.tag.origin, at, change.actor, pack_state(State(marks=gone, fields=former)))
        fields[_LIFTED] = Held(at, tag, _kept((*_told(before), told)))
    return replace(delta, fields=fields)


def _kept(notes: tuple[_Told, ...]) -> tuple[_Told, ...]:
    """Of too many the oldest goes that took nothing from others: else a thief would hide what was there before."""
    if len(notes) <= MOST:
        return notes
    gone = next((number for number, each in enumerate(notes) if _is_its_own(each)), 0)
    return notes[:gone] + notes[gone + 1 :]


def _is_its_own(note: _Told) -> bool:
    origin, _, _, packed = note
    state = unpack_state(packed)
    tags = [*(mark.by for mark in state.marks), *(held.by for held in state.fields.values())]
    return all(by.origin == origin for by in tags)


def lifted(state: State) -> Iterator[Lifted]:
    """All marks of it."""
    for origin, at, actor, packed in _told(state):
        yield from (Lifted(mark, origin, Position(*at), actor) for mark in unpack_state(packed).marks)


def formerly(state: State) -> Iterator[dict[str, Held]]:
    """Fields as they were each time when there came another address."""
    return (unpack_state(packed).fields for *_, packed in _told(state))


def _told(state: State) -> tuple[_Told, ...]:
    held = state.fields.get(_LIFTED)
    return () if held is None else tuple(held.value)
