"""The one rule by which states become one: commutative, associative, idempotent, and without a clock.

What differs between kinds is who may add what (see `verdict`), never how two states join.
"""

from collections.abc import Iterable
from typing import Any, TypeVar

import msgspec
from msgspec.structs import replace

from rex_auth_edge.sync.order import START, UNSENT, Position
from rex_auth_edge.sync.state import EMPTY, Count, Held, Mark, Own, Reset, Rung, Secret, State

_bytes = msgspec.msgpack.Encoder(order="sorted").encode
_Part = TypeVar("_Part")


def join(one: State, other: State) -> State:
    """What both say together."""
    if one is EMPTY and _settled(other):
        return other
    cleared = max(one.cleared, other.cleared)
    own = _own((*one.own, *other.own))
    return State(
        rung=_either(one.rung, other.rung, _rung),
        fields=_fields(one.fields, other.fields),
        marks=_marks((*one.marks, *other.marks), cleared, own),
        cleared=cleared,
        own=own,
        counts=_counts((*one.counts, *other.counts)),
        secret=_either(one.secret, other.secret, _secret),
        resets=_resets((*one.resets, *other.resets)),
        version=max(one.version, other.version),
        needs=tuple(sorted({*one.needs, *other.needs})),
        rest=_rest(one.rest, other.rest),
    )


def _settled(state: State) -> bool:
    """Whether it has only parts that are as they are by themselves."""
    parts = state.marks or state.own or state.counts or state.resets or state.needs
    return not parts and state.cleared is START


def only_fields(state: State) -> bool:
    """Whether nothing else is in it, as in most."""
    return not (state.rung or state.secret or state.version or state.rest) and _settled(state)


def _either(one: _Part | None, other: _Part | None, rule: Any) -> Any:
    if one is None or other is None:
        return other if one is None else one
    return rule(one, other)


def _rung(one: Rung, other: Rung) -> Rung:
    """The higher; of equal ones the earlier."""
    return min(one, other, key=lambda each: (-each.step, each.at, each.by, each.seen, _bytes(each.actor)))


def _fields(one: dict[str, Held], other: dict[str, Held]) -> dict[str, Held]:
    """Each field by itself: the later in the cloud's order."""
    joined = {**one, **other}
    for name in one.keys() & other.keys():
        joined[name] = max(one[name], other[name], key=lambda each: (each.at, each.by, _bytes(each.value)))
    return joined


def _own(every: Iterable[Own]) -> tuple[Own, ...]:
    highest: dict[tuple[bytes, int], int] = {}
    for each in every:
        key = (each.origin, each.incarnation)
        highest[key] = max(each.number, highest.get(key, each.number))
    return tuple(Own(*key, number) for key, number in sorted(highest.items()))


def _marks(every: Iterable[Mark], cleared: Position, own: tuple[Own, ...]) -> tuple[Mark, ...]:
    """All that nobody who knew them has lifted. The same mark at two places, as after a cloud's restore: the later."""
    lifted = {(each.origin, each.incarnation): each.number for each in own}
    found: dict[Any, Mark] = {}
    for mark in every:
        before = found.get(mark.by)
        found[mark.by] = mark if before is None else max(before, mark, key=lambda each: (each.at, _bytes(each)))
    live = [each for each in found.values() if each.at > cleared and each.by.number > lifted.get(each.by[:2], -1)]
    return tuple(sorted(live, key=lambda each: each.by))


def _counts(every: Iterable[Count]) -> tuple[Count, ...]:
    """Each node's own count and what of it was forgiven: the higher of each."""
    found: dict[tuple[str, bytes, int], tuple[int, int]] = {}
    for each in every:
        key = (each.key, each.origin, each.incarnation)
        total, cleared = found.get(key, (0, 0))
        found[key] = (max(total, each.total), max(cleared, each.cleared))
    return tuple(Count(*key, *numbers) for key, numbers in sorted(found.items()))


def _secret(one: Secret, other: Secret) -> Secret:
    """The higher (reset, place). The same one, here with its hash and there withheld: withheld."""
    return max(one, other, key=lambda each: (each.reset, each.at, each.by, each.withheld, each.verifier or b""))


def _resets(every: Iterable[Reset]) -> tuple[Reset, ...]:
    found: dict[Any, Position] = {}
    for each in every:
        found[each.by] = min(each.at, found.get(each.by, each.at))
    return tuple(Reset(*each) for each in sorted(found.items()))


def _rest(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """What this program has no rule for: any choice will do that everybody makes alike."""
    joined = {**one, **other}
    for name in one.keys() & other.keys():
        joined[name] = max(one[name], other[name], key=_bytes)
    return joined


def placed(delta: State, at: Position, *, after: Position | None = None, before: Position | None = None) -> State:
    """The same with its place in the cloud's order, for all of it that has none yet, or one after `after`.

    `after` is where a restored cloud goes on from: what came later it has forgotten, and places anew; not what came
    when it had gone on, if that is known to be no sooner than `before`.
    """

    def put(place: Position) -> Position:
        return at if place.epoch == UNSENT or (after is not None and after < place < (before or at)) else place

    if only_fields(delta):
        return State(fields={name: Held(put(held.at), held.by, held.value) for name, held in delta.fields.items()})

    def moved(part: Any) -> Any:
        return replace(part, at=put(part.at))

    secret = delta.secret and replace(delta.secret, at=put(delta.secret.at), reset=put(delta.secret.reset))
    return replace(
        delta,
        rung=delta.rung and moved(delta.rung),
        fields={name: moved(held) for name, held in delta.fields.items()},
        marks=tuple(map(moved, delta.marks)),
        secret=secret,
        resets=tuple(map(moved, delta.resets)),
    )
