"""How far hubs are trusted: nobody but the cloud says it, as an owner picked it, and it is a place in the order."""

from typing import Any

from rex_auth_edge.sync.kinds import Kind
from rex_auth_edge.sync.order import Position, Tag
from rex_auth_edge.sync.standing import House, revoked
from rex_auth_edge.sync.state import Cell, Mark, State

DISTRUST = "distrust"
"""The field of a removed hub that says from which place on its changes aren't trusted: [epoch, seq]."""


def distrusted(hub: Cell, house: House) -> Position | None:
    """From which place on, as somebody else than the hub has said; None where nobody has."""
    held = house.state(hub).fields.get(DISTRUST)
    return None if held is None or held.by.origin == hub.id else _place(held.value)


def _place(value: Any) -> Position | None:
    pair = isinstance(value, list | tuple) and len(value) == 2  # noqa: PLR2004 - a pair
    return Position(*value) if pair and all(isinstance(each, int) for each in value) else None


def is_later(by: Tag, at: Position, hub: bytes, since: Position) -> bool:
    """Whether the hub has said it, and it came after it was trusted."""
    return by.origin == hub and at > since


def later_marks(state: State, hub: bytes, since: Position) -> list[Mark]:
    """Those of the marks."""
    return [mark for mark in state.marks if is_later(mark.by, mark.at, hub, since)]


def is_doubted(mark: Mark, house: House) -> bool:
    """Whether it comes from any hub that was removed, at a place from which on that isn't trusted."""
    cell = Cell(Kind.HUB, mark.by.origin)
    since = distrusted(cell, house) if revoked(house, cell.kind, cell.id) else None
    return since is not None and mark.at > since
