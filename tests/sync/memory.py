"""Stores in memory, on disks of their own."""

from collections.abc import Collection, Iterable
from functools import lru_cache
from typing import Any

from msgspec.structs import replace

from rex_auth_edge.sync.bodies import Row
from rex_auth_edge.sync.cloud.store import End, Member, Standing
from rex_auth_edge.sync.digest import Path, Tree, path_of
from rex_auth_edge.sync.house import House
from rex_auth_edge.sync.hub.settling import is_echo
from rex_auth_edge.sync.hub.store import Entry, Lost
from rex_auth_edge.sync.hub.view import View
from rex_auth_edge.sync.kinds import lane_of
from rex_auth_edge.sync.me import Me
from rex_auth_edge.sync.order import START, Lane, Position, Tag
from rex_auth_edge.sync.state import EMPTY, Cell, State
from rex_auth_edge.sync.store import EVERYTHING
from rex_auth_edge.sync.wire import unpack_state
from tests.sync.disk import Disk

KEY = b"the household's digest key"

unpacked = lru_cache(maxsize=1 << 15)(unpack_state)


class MemoryRows:
    """Cells of a household on a disk."""

    def __init__(self, disk: Disk | None = None) -> None:
        self.disk = disk or Disk()

    @property
    def _rows(self) -> dict[Cell, Row]:
        return self.disk.table("rows")

    def state(self, cell: Cell) -> State:
        """The cell's content."""
        row = self._rows.get(cell)
        return EMPTY if row is None else unpacked(row.state)

    def row(self, cell: Cell) -> Row | None:
        """The cell's row."""
        return self._rows.get(cell)

    def put_row(self, row: Row) -> None:
        """Write the row."""
        self.disk.put("rows", row.cell, row)

    def drop_row(self, cell: Cell) -> None:
        """Forget the cell."""
        self.disk.put("rows", cell, None)

    def rows(self, lane: Lane, after: Position = START, limit: int = EVERYTHING) -> list[Row]:
        """The lane's rows past `after`, in order."""
        found = [row for row in self._rows.values() if row.at > after and lane_of(row.kind) == lane]
        return sorted(found, key=lambda row: row.at)[:limit]

    def prepare(self, cells: Iterable[Cell]) -> None:
        """They are here already."""

    def tree(self, lane: Lane) -> Tree:
        """The digest's tree."""
        return Tree(KEY, self.rows(lane))

    def leaf(self, lane: Lane, path: Path) -> list[Row]:
        """The rows in a leaf."""
        return [row for row in self.rows(lane) if path_of(row.cell) == path]

    def subjects(self, kind: str) -> Iterable[bytes]:
        """Whom there are cells of this kind about."""
        return sorted(cell.id for cell in self._rows if cell.kind == kind)

    def bearing(self, kind: str, field: str, value: Any) -> Iterable[bytes]:
        """Whose cell of this kind holds this value."""
        held = {cell.id: self.state(cell).fields.get(field) for cell in self._rows if cell.kind == kind}
        return sorted(subject for subject, each in held.items() if each is not None and each.value == value)

    def kinds(self, subject: bytes) -> Iterable[str]:
        """Of what kinds there are cells about the subject."""
        return sorted(cell.kind for cell in self._rows if cell.id == subject)


class MemoryCloud(MemoryRows):
    """One household in the cloud."""

    def standing(self) -> Standing:
        """Where its order stands."""
        found: Standing = self.disk.table("facts").get("standing", Standing(Position(1, 0), {1: START}))
        return found

    def put_standing(self, standing: Standing) -> None:
        """Write it."""
        self.disk.put("facts", "standing", standing)

    def begin_hour(self, hour: int, before: Position) -> None:
        """Note it, once."""
        if hour not in self.disk.table("hours"):
            self.disk.put("hours", hour, before)

    def hours(self) -> list[tuple[int, Position]]:
        """Those noted."""
        return list(self.disk.table("hours").items())

    def member(self, hub: bytes) -> Member | None:
        """The hub's record."""
        return self.disk.table("members").get(hub)

    def put_member(self, hub: bytes, member: Member) -> None:
        """Write it."""
        self.disk.put("members", hub, member)

    def members(self) -> Iterable[tuple[bytes, Member]]:
        """All hubs."""
        return sorted(self.disk.table("members").items())

    def end(self, hub: bytes, incarnation: int, lane: Lane) -> End:
        """How far it has got."""
        found: End = self.disk.table("ends").get((hub, incarnation, lane), End())
        return found

    def put_end(self, hub: bytes, incarnation: int, lane: Lane, end: End) -> None:
        """Write it."""
        self.disk.put("ends", (hub, incarnation, lane), end)

    def dead(self, by: int) -> Iterable[tuple[bytes, Position]]:
        """Who was at their ladder's end by then."""
        return [(subject, at) for subject, (at, since) in sorted(self.disk.table("dead").items()) if since <= by]

    def put_dead(self, subject: bytes, at: Position, now: int) -> None:
        """Note it, once."""
        if subject not in self.disk.table("dead"):
            self.disk.put("dead", subject, (at, now))

    def bury(self, subject: bytes, number: int) -> None:
        """Forget the subject."""
        for kind in list(self.kinds(subject)):
            self.drop_row(Cell(kind, subject))
        self.disk.put("dead", subject, None)
        self.disk.put("buried", number, subject)

    def was_buried(self, subject: bytes) -> bool:
        """Whether it is forgotten."""
        return subject in self.disk.table("buried").values()

    def buried(self, after: int, most: int) -> list[tuple[int, bytes]]:
        """The next of those forgotten since."""
        return sorted(item for item in self.disk.table("buried").items() if item[0] > after)[:most]


class MemoryHub(MemoryRows):
    """One household on a hub."""

    @property
    def enrolled(self) -> bool:
        """Whether it has begun."""
        return "me" in self.disk.table("facts")

    def me(self) -> Me:
        """Where the hub stands."""
        found: Me = self.disk.table("facts")["me"]
        return found

    def put_me(self, me: Me) -> None:
        """Write it."""
        self.disk.put("facts", "me", me)

    @property
    def shown(self) -> House:
        """Its own changes on top."""
        return View(self)

    def entries(self, after: int = 0, limit: int = EVERYTHING) -> list[Entry]:
        """Its own changes, by number."""
        return [entry for number, entry in sorted(self.disk.table("entries").items()) if number > after][:limit]

    def _of(self, lane: Lane) -> list[Entry]:
        return [entry for entry in self.entries() if lane_of(entry.cell.kind) == lane]

    def waiting(self, lane: Lane, limit: int = EVERYTHING) -> list[Entry]:
        """Those without a place."""
        return [entry for entry in self._of(lane) if entry.given is None][:limit]

    def unsent(self, cell: Cell) -> list[Entry]:
        """What waits for the cell."""
        return [each for each in self.waiting(lane_of(cell.kind)) if each.cell == cell and not each.sent]

    def put_entry(self, entry: Entry, state: State | None = None) -> None:  # noqa: ARG002 - this store needs no hint
        """Write it."""
        self.disk.put("entries", entry.number, entry)

    def drop_entry(self, entry: Entry) -> None:
        """Forget it."""
        self.disk.put("entries", entry.number, None)

    def send(self, lane: Lane, upto: int) -> None:
        """They are under way."""
        for entry in self.waiting(lane):
            if entry.number <= upto:
                self.put_entry(replace(entry, sent=True))

    def unsend(self) -> None:
        """They aren't."""
        for entry in self.entries():
            self.put_entry(replace(entry, sent=False))

    def give(self, lane: Lane, upto: int, at: Position, *, sent: bool) -> None:
        """They have a place."""
        for entry in self.waiting(lane):
            if entry.number <= upto and (entry.sent or not sent):
                self.put_entry(replace(entry, sent=False, given=at))

    def latest(self, lane: Lane, after: int, most: int) -> list[Entry]:
        """Those with a place, the last first."""
        found = [each for each in self._of(lane) if each.given is not None and each.number > after]
        return found[::-1][:most]

    def take_back(self, lane: Lane, after: int) -> None:
        """They have none."""
        for entry in self._of(lane):
            if entry.number > after:
                self.put_entry(replace(entry, sent=False, given=None, passed=False))

    def came(self, cell: Cell, row: Row) -> bool:
        """The hub's own may have come back."""
        own = [each for each in self._of(lane_of(row.kind)) if each.cell == cell and not each.passed]
        back = [entry for entry in own if is_echo(entry, row)]
        for entry in back:
            self.put_entry(replace(entry, passed=True))
        return bool(back)

    def settle(self, lane: Lane, whole: Position, durable: Position, most: int) -> int:
        """They have come back."""
        back = [each for each in self._of(lane) if each.given is not None and each.given <= whole]
        news = [each for each in back if not each.passed or (each.given or whole) <= durable][:most]
        for entry in news:
            if (entry.given or whole) <= durable:
                self.drop_entry(entry)
            else:
                self.put_entry(replace(entry, passed=True))
        return len(news)

    def lost(self) -> list[Lost]:
        """What a restored cloud may have forgotten."""
        return [lost for _, lost in sorted(self.disk.table("lost").items())]

    def lost_of(self, cell: Cell) -> Lost | None:
        """Of the cell."""
        return self.disk.table("lost").get(cell)

    def put_lost(self, lost: Lost) -> None:
        """Write it."""
        self.disk.put("lost", lost.cell, lost)

    def drop_lost(self, cell: Cell) -> None:
        """Forget it."""
        self.disk.put("lost", cell, None)

    def bury(self, subjects: Collection[bytes]) -> None:
        """Forget them."""
        for table in ("rows", "lost"):
            for cell in [cell for cell in self.disk.table(table) if cell.id in subjects]:
                self.disk.put(table, cell, None)
        for entry in self.entries():
            if entry.cell.id in subjects:
                self.drop_entry(entry)

    def keep(self, by: Tag, verifier: bytes) -> None:
        """Keep a verifier."""
        self.disk.put("kept", by, verifier)

    def kept(self, by: Tag) -> bytes | None:
        """It."""
        return self.disk.table("kept").get(by)
