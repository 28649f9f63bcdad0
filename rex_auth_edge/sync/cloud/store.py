"""What the cloud keeps of a household, and how it asks for it (see `sync.store`)."""

from collections.abc import Iterable
from typing import Protocol

from msgspec import Struct

from rex_auth_edge.sync.bodies import Head
from rex_auth_edge.sync.order import NOTHING, START, Lane, Position, Seen
from rex_auth_edge.sync.store import Rows


class Standing(Struct, frozen=True):
    """Where the cloud's order of a household stands.

    `began` says for each epoch up to which place the ones before it count. `floor`: what was written without having
    seen this may speak of ids that have been deleted and forgotten. `gone` counts the subjects that have been. `hour`
    is the one by the cloud's clock in which the latest change came (see `cloud.arrivals`).
    """

    at: Position
    began: dict[int, Position]
    durable: Position = START
    floor: Position = START
    gone: int = 0
    hour: int = 0


class Member(Struct, frozen=True):
    """A hub, as the cloud knows it.

    `nonce` is what it has to show next; `last`, `digest` and `answer` are of the request before, for when its answer
    was lost, and `recent` of those before it. `keys` are the public halves of those that are good: the present one, and
    the one that takes its place once it is used. `contact` is when it was last heard, in milliseconds by the
    cloud's clock. What was written without having seen `refresh` is taken as far as it closes doors. `locked`: there
    are two of it. `epoch` is the one in which it has introduced itself. `past` is what it has seen for good. `speaks`
    are the oldest and the newest version of the exchange that it speaks.
    """

    incarnation: int
    keys: tuple[bytes, ...]
    nonce: bytes
    epoch: int
    contact: int
    last: bytes = b""
    digest: bytes = b""
    answer: bytes = b""
    recent: tuple[tuple[bytes, bytes], ...] = ()
    past: Seen = NOTHING
    locked: bool = False
    removed: bool = False
    refresh: Position = START
    speaks: tuple[int, int] = (1, 1)


class End(Struct, frozen=True):
    """How far a hub's incarnation has got with a lane, and where in the order that is contained."""

    head: Head = Head()
    at: Position = START


class CloudStore(Rows, Protocol):
    """One household in the cloud."""

    def standing(self) -> Standing:
        """Where its order stands; locked until the transaction ends, so that a place is given once."""
        ...

    def put_standing(self, standing: Standing) -> None:
        """Write it."""
        ...

    def begin_hour(self, hour: int, before: Position) -> None:
        """Note where the order stood when the hour brought its first change; the first note counts, the oldest go."""
        ...

    def hours(self) -> list[tuple[int, Position]]:
        """The hours that are noted, in any order."""
        ...

    def member(self, hub: bytes) -> Member | None:
        """The hub's record."""
        ...

    def put_member(self, hub: bytes, member: Member) -> None:
        """Write it."""
        ...

    def members(self) -> Iterable[tuple[bytes, Member]]:
        """All of the household's hubs."""
        ...

    def end(self, hub: bytes, incarnation: int, lane: Lane) -> End:
        """How far it has got; End() if it hasn't begun."""
        ...

    def put_end(self, hub: bytes, incarnation: int, lane: Lane, end: End) -> None:
        """Write it."""
        ...

    def dead(self, by: int) -> Iterable[tuple[bytes, Position]]:
        """Subjects that were at their ladder's end by then, in milliseconds by the cloud's clock; since what place."""
        ...

    def put_dead(self, subject: bytes, at: Position, now: int) -> None:
        """Note that the subject has come to its end; the first time counts."""
        ...

    def bury(self, subject: bytes, number: int) -> None:
        """Forget that the subject was there, but for its number among those forgotten."""
        ...

    def was_buried(self, subject: bytes) -> bool:
        """Whether it was once there, and is forgotten."""
        ...

    def buried(self, after: int, most: int) -> list[tuple[int, bytes]]:
        """The next of those forgotten since, in order."""
        ...
