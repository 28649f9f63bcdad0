"""Before, after, or neither: the cloud's order, who wrote what, and what a writer had seen."""

from enum import IntEnum
from typing import NamedTuple


class Lane(IntEnum):
    """Changes travel in lanes, the most urgent first, each with its own cursor; no lane waits for a later one."""

    SECURITY = 0
    IDENTITY = 1
    SESSIONS = 2
    AUDIT = 3


class Position(NamedTuple):
    """A place in the order that the cloud gives to a household's changes.

    A restored cloud begins a new epoch and counts on, so that a position is never given twice.
    """

    epoch: int
    seq: int


class Tag(NamedTuple):
    """What a change is known by for ever: the node that wrote it, that node's incarnation, and its count there."""

    origin: bytes
    incarnation: int
    number: int


START = Position(0, 0)
"""Before everything."""

UNSENT = 1 << 62
"""The epoch of what the cloud hasn't ordered yet: after everything that it has."""

Seen = tuple[Position, Position, Position, Position]
"""For each lane up to where its writer had applied everything; frozen when the change is written."""

NOTHING: Seen = (START, START, START, START)


def unsent(number: int) -> Position:
    """The place of a node's own change that the cloud hasn't ordered: after all it has, in the order of writing."""
    return Position(UNSENT, number)


def is_unsent(at: Position) -> bool:
    """Whether the cloud has yet to order it."""
    return at.epoch == UNSENT


def follows(tag: Tag, seen: Position, earlier: Tag, at: Position) -> bool:
    """Whether the change `tag`, whose writer had seen the lane up to `seen`, was written knowing `earlier` at `at`.

    If not, and `earlier` doesn't follow `tag` either, the two are concurrent.
    """
    return at <= seen or (tag[:2] == earlier[:2] and earlier.number < tag.number)
