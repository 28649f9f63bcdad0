"""What a hub keeps, and how it asks for it (see `sync.store`)."""

from collections.abc import Collection
from typing import Protocol

from msgspec import Struct

from rex_auth_edge.sync.bodies import Row
from rex_auth_edge.sync.house import House
from rex_auth_edge.sync.me import Me
from rex_auth_edge.sync.order import Lane, Position, Seen, Tag
from rex_auth_edge.sync.state import Cell, State
from rex_auth_edge.sync.store import EVERYTHING, Rows


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

    def bury(self, subjects: Collection[bytes]) -> None:
        """Forget that these were there, which have come to their end, though this hub may never have heard of that.

        Nothing is left of what it has said of them, either: without their end it would count. Also not what waits, or
        is kept in case that the cloud is restored: nothing of it is good any more, anywhere.
        """
        ...

    def keep(self, by: Tag, verifier: bytes) -> None:
        """Keep a verifier of one's own, which the cloud may not have."""
        ...

    def kept(self, by: Tag) -> bytes | None:
        """It."""
        ...
