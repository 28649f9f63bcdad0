"""What a node may say of itself in a change, and how its changes become those of its next incarnation."""

from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from rex_auth_edge.sync.kinds import Kind
from rex_auth_edge.sync.merge import only_fields
from rex_auth_edge.sync.order import Position, Tag, is_unsent
from rex_auth_edge.sync.state import Incoming, Own, State

_HIGHEST_VERSION = 1 << 32


def tags_of(state: State) -> list[Tag]:
    """Whose changes it consists of."""
    single = [part.by for part in (state.rung, state.secret) if part is not None]
    many = [held.by for held in state.fields.values()] + [mark.by for mark in state.marks]
    return [*single, *many, *(each.by for each in state.resets)]


def _places_of(state: State) -> list[Position]:
    single = [part.at for part in (state.rung, state.secret) if part is not None]
    return [*single, *(mark.at for mark in state.marks), *(each.at for each in state.resets)]


def is_own(change: Incoming, upto: Position) -> bool:
    """Whether it speaks for its writer only, claims no place in the order, and has seen nothing that isn't there.

    Fields may claim a place that has been given, as what a restored cloud forgot: see `only_news`.
    """
    state, (origin, incarnation, number) = change.state, change.tag
    for held in state.fields.values():
        by, at = held.by, held.at
        if by.origin != origin or by.incarnation != incarnation or by.number > number:
            return False
        if at > upto and not (is_unsent(at) and at.seq <= number):
            return False
    if max(change.seen) > upto:
        return False
    return only_fields(state) or _are_own(change, upto)


def only_news(change: Incoming, forgotten: Callable[[Position], bool]) -> Incoming:
    """The same without fields at a place that was given and that the cloud hasn't `forgotten`: it has what came there.

    Else what a thief puts where nothing was would stand, by its place, from before the theft.
    """
    fields = change.state.fields
    news = {name: held for name, held in fields.items() if is_unsent(held.at) or forgotten(held.at)}
    if len(news) == len(fields) or change.cell.kind == Kind.PASSWORD:
        return change
    return replace(change, state=replace(change.state, fields=news))


def _are_own(change: Incoming, upto: Position) -> bool:
    """The parts other than fields."""
    state, (origin, incarnation, number) = change.state, change.tag
    if any(tag[:2] != (origin, incarnation) or tag.number > number for tag in tags_of(state)):
        return False
    if not all(is_unsent(at) and at.seq <= number for at in _places_of(state)):
        return False
    claims = [state.cleared, *([state.rung.seen] if state.rung else [])]
    reset = state.secret.reset if state.secret else upto
    if any(place > upto for place in claims) or (reset > upto and not (is_unsent(reset) and reset.seq <= number)):
        return False
    counts = all(each.total == 0 or (each.origin, each.incarnation) == (origin, incarnation) for each in state.counts)
    return counts and all(each.origin == origin for each in state.own) and state.version == 0


def may_be_forgotten(state: State, upto: Position) -> bool:
    """Whether a restored cloud can have forgotten this: nothing of it has a place that nobody can ever have seen."""
    places = [*_places_of(state), *(held.at for held in state.fields.values())]
    return all(at <= upto or is_unsent(at) for at in places) and 0 <= state.version < _HIGHEST_VERSION


def reissued(state: State, old: int, new: int, origin: bytes, known: int) -> State:
    """The same as written by the next incarnation. Numbers stay.

    Of what the incarnation before has written it lifts only what it knew: its numbers up to `known`.
    """

    def tag(by: Tag) -> Tag:
        return by._replace(incarnation=new) if by[:2] == (origin, old) else by

    def moved(part: Any) -> Any:
        return replace(part, by=tag(part.by))

    own: list[Own] = []
    for each in state.own:
        mine = (each.origin, each.incarnation) == (origin, old)
        own += [replace(each, number=min(each.number, known)), replace(each, incarnation=new)] if mine else [each]
    return replace(
        state,
        rung=state.rung and moved(state.rung),
        secret=state.secret and moved(state.secret),
        fields={name: moved(held) for name, held in state.fields.items()},
        marks=tuple(map(moved, state.marks)),
        resets=tuple(map(moved, state.resets)),
        counts=tuple(replace(each, incarnation=new) if _counted(each, origin, old) else each for each in state.counts),
        own=tuple(own),
    )


def _counted(count: Any, origin: bytes, incarnation: int) -> bool:
    return (count.origin, count.incarnation) == (origin, incarnation) and count.total > 0
