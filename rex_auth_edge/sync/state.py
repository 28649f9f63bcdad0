"""What a cell holds. Every part joins with another of its kind in any order, so that the whole does (see `merge`).

A change carries the same structure, with what it adds: a hub's unsent changes to one cell become one by joining them.
Entries of parts are arrays and never grow; what is new comes as a new field or a new part.

There are many of these, as of rows and entries, and none can hold itself: the garbage collector needn't look through
them (`gc=False`).
"""

from typing import Any

from msgspec import Struct

from rex_auth_edge.sync.order import START, Position, Seen, Tag


class Held(Struct, frozen=True, array_like=True, gc=False):
    """A field's value; the later in the cloud's order wins."""

    at: Position
    by: Tag
    value: Any


class Rung(Struct, frozen=True, array_like=True, gc=False):
    """How far up its ladder something is. `seen` is what its writer had seen of the security lane."""

    step: int
    at: Position
    by: Tag
    seen: Position
    actor: bytes | None = None


class Mark(Struct, frozen=True, array_like=True, gc=False):
    """Something that was put on its bearer and stays until lifted by one who had seen it: a ban, a role."""

    by: Tag
    at: Position
    what: Any
    actor: bytes | None = None


class Own(Struct, frozen=True, array_like=True, gc=False):
    """Up to which of its own marks a node has lifted."""

    origin: bytes
    incarnation: int
    number: int


class Count(Struct, frozen=True, array_like=True, gc=False):
    """How often something failed, as one incarnation of one node counted it, and how much of that was forgiven.

    Both only grow. `key` is the known device, or "unknown".
    """

    key: str
    origin: bytes
    incarnation: int
    total: int
    cleared: int = 0


class Secret(Struct, frozen=True, array_like=True, gc=False):
    """A password. `reset` is the place of the latest mailed reset that its writer knew of, its own if it is one.

    `verifier` is its hash, or None where a policy keeps that at home (`withheld`).
    """

    reset: Position
    at: Position
    by: Tag
    verifier: bytes | None
    withheld: bool = False


class Reset(Struct, frozen=True, array_like=True, gc=False):
    """A mailed reset and its place."""

    by: Tag
    at: Position


class State(Struct, frozen=True, omit_defaults=True, gc=False):
    """A cell's content, or what a change adds to it. A kind uses the parts that it needs.

    `cleared` and `own` say which marks have been lifted: those that the cloud had ordered up to there, and those that
    the lifting node had written itself. `needs` names the rules that a node must know, or else refuse the subject.
    `rest` is what a newer program has put here; it is carried along.
    """

    rung: Rung | None = None
    fields: dict[str, Held] = {}
    marks: tuple[Mark, ...] = ()
    cleared: Position = START
    own: tuple[Own, ...] = ()
    counts: tuple[Count, ...] = ()
    secret: Secret | None = None
    resets: tuple[Reset, ...] = ()
    version: int = 0
    needs: tuple[str, ...] = ()
    rest: dict[str, Any] = {}


EMPTY = State()


class Cell(Struct, frozen=True, array_like=True, order=True, gc=False):
    """The unit of change within a household: a kind of thing about one subject."""

    kind: str
    id: bytes


class Incoming(Struct, frozen=True, gc=False):
    """A change that has arrived, unpacked, and who wrote it."""

    cell: Cell
    tag: Tag
    seen: Seen
    state: State
    actor: bytes | None = None
