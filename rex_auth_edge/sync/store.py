"""What the two ends keep, and how they ask for it. A store is handed in with its transaction open.

All of one answer is one transaction: rows, cursors, acknowledgements and nonce are written together or not at all.
"""

from collections.abc import Collection, Iterable
from typing import Protocol

from msgspec import Struct

from rex_auth_edge.sync.bodies import Head, Row
from rex_auth_edge.sync.digest import Path, Sums
from rex_auth_edge.sync.me import Me
from rex_auth_edge.sync.order import NOTHING, START, Lane, Position, Seen, Tag
from rex_auth_edge.sync.standing import House
from rex_auth_edge.sync.state import Cell, State

EVERYTHING = 1 << 62
"""As many as there are."""


class Rows(House, Protocol):
    """The household's cells in the cloud's order."""

    def prepare(self, cells: Iterable[Cell]) -> None:
        """These are going to be asked for: a store may fetch them together."""
        ...

    def row(self, cell: Cell) -> Row | None:
        """The cell's row."""
        ...

    def put_row(self, row: Row) -> None:
        """Write the row in place of the cell's former one."""
        ...

    def drop_row(self, cell: Cell) -> None:
        """Forget the cell."""
        ...

    def rows(self, lane: Lane, after: Position = START, limit: int = EVERYTHING) -> list[Row]:
        """The lane's rows past `after`, in order, `limit` at most."""
        ...

    def tree(self, lane: Lane) -> Sums:
        """The digest's tree of the lane's rows, which is kept as they change."""
        ...

    def leaf(self, lane: Lane, path: Path) -> list[Row]:
        """The rows in a leaf of it."""
        ...


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
    was lost, and `recent` of those before it. `epoch` is the one in which it has introduced itself. `past` is what it
    has seen for good. `speaks` are the oldest and the newest version of the exchange that it speaks.
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

    def buried(self, after: int, most: int) -> list[tuple[int, bytes]]:
        """The next of those forgotten since, in order."""
        ...


class Entry(Struct, frozen=True, gc=False):
    """Changes of this hub's own to a cell, joined into one, from the writing until they are durable in the cloud.

    `sent`: a request that contains it is under way. `given`: it is contained in what the cloud has up to there.
    `passed`: the hub has got it back, and keeps it only in case that the cloud is restored.
    """

    cell: Cell
    number: int
    seen: Seen
    state: bytes
    actor: bytes | None = None
    sent: bool = False
    given: Position | None = None
    passed: bool = False


class Lost(Struct, frozen=True, gc=False):
    """What a restored cloud may have forgotten of a cell, and whether it has been told, and where that is contained."""

    cell: Cell
    state: bytes
    given: Position | None = None


class HubStore(Rows, Protocol):
    """One household on a hub."""

    def me(self) -> Me:
        """Where the hub stands."""
        ...

    def put_me(self, me: Me) -> None:
        """Write it."""
        ...

    @property
    def shown(self) -> House:
        """What the hub goes by: the cloud's rows, with its own changes on top (see `hub.view`)."""
        ...

    def entries(self, after: int = 0, limit: int = EVERYTHING) -> list[Entry]:
        """Its own changes past this number that aren't durable yet, by their numbers."""
        ...

    def waiting(self, lane: Lane, limit: int = EVERYTHING) -> list[Entry]:
        """Those of the lane that have no place yet, by their numbers."""
        ...

    def unsent(self, cell: Cell) -> list[Entry]:
        """What waits for the cell and isn't under way, by their numbers."""
        ...

    def own_of(self, subjects: Collection[bytes]) -> list[Entry]:
        """All those about these subjects, whatever has become of them."""
        ...

    def put_entry(self, entry: Entry, state: State | None = None) -> None:
        """Write a change; its number names it. `state`, where the entry's is known unpacked."""
        ...

    def drop_entry(self, entry: Entry) -> None:
        """Forget it."""
        ...

    def send(self, lane: Lane, upto: int) -> None:
        """What waits of the lane, up to this number, is under way."""
        ...

    def unsend(self) -> None:
        """Nothing is."""
        ...

    def give(self, lane: Lane, upto: int, at: Position, *, sent: bool) -> None:
        """What waits of the lane up to this number is contained in what the cloud has up to `at`; `sent`, only that."""
        ...

    def latest(self, lane: Lane, after: int, most: int) -> list[Entry]:
        """Those past this number that have a place, the last first, `most` at most."""
        ...

    def take_back(self, lane: Lane, after: int) -> None:
        """What has a number past this one waits again, whatever has been said of it."""
        ...

    def came(self, cell: Cell, row: Row) -> bool:
        """The cell's first row has come: if it says just what this hub has written, that has come back (`is_echo`)."""
        ...

    def settle(self, lane: Lane, whole: Position, durable: Position, most: int) -> int:
        """What was given a place up to `whole` has come back; what is durable as well is forgotten.

        `most` of them at a time, the earliest first: how many these were, or as many where that isn't known.
        """
        ...

    def lost(self) -> list[Lost]:
        """What a restored cloud may have forgotten."""
        ...

    def lost_of(self, cell: Cell) -> Lost | None:
        """What it may have forgotten of the cell."""
        ...

    def put_lost(self, lost: Lost) -> None:
        """Write it."""
        ...

    def drop_lost(self, cell: Cell) -> None:
        """Forget it."""
        ...

    def keep(self, by: Tag, verifier: bytes) -> None:
        """Keep a verifier of one's own, which the cloud may not have."""
        ...

    def kept(self, by: Tag) -> bytes | None:
        """It."""
        ...
