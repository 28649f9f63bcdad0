"""A household in memory, and changes made by hand, for tests of single rules."""

from collections.abc import Iterable
from typing import Any

from rex_auth_edge.sync.house import House
from rex_auth_edge.sync.kinds import ACTIVE, Kind, lane_of
from rex_auth_edge.sync.merge import join
from rex_auth_edge.sync.order import NOTHING, START, Position, Seen, Tag
from rex_auth_edge.sync.outcome import Verdict
from rex_auth_edge.sync.pen import Pen
from rex_auth_edge.sync.state import EMPTY, Cell, Incoming, State
from rex_auth_edge.sync.verdict import added

HUB_A, HUB_B, CLOUD = b"A" * 16, b"B" * 16, b"C" * 16
MAYA, NOAH, LEO = b"maya" * 4, b"noah" * 4, b"leo!" * 4


class PlainHouse:
    """A household that takes changes in the order in which they come, as the cloud does."""

    def __init__(self) -> None:
        self.cells: dict[Cell, State] = {}
        self.seq = 0
        self.refresh: Position | None = None

    def state(self, cell: Cell) -> State:
        """The cell's content."""
        return self.cells.get(cell, EMPTY)

    def subjects(self, kind: str) -> Iterable[bytes]:
        """Whom there are cells of this kind about."""
        return sorted(cell.id for cell in self.cells if cell.kind == kind)

    def bearing(self, kind: str, field: str, value: Any) -> Iterable[bytes]:
        """Whose cell holds this value."""
        held = ((cell.id, state.fields.get(field)) for cell, state in sorted(self.cells.items()) if cell.kind == kind)
        return [subject for subject, each in held if each is not None and each.value == value]

    def kinds(self, subject: bytes) -> Iterable[str]:
        """Of what kinds there are cells about the subject."""
        return sorted(cell.kind for cell in self.cells if cell.id == subject)

    @property
    def at(self) -> Position:
        """How far the order has come."""
        return Position(1, self.seq)

    def take(self, change: Incoming) -> Verdict:
        """Give the change its place."""
        self.seq += 1
        verdict, delta = added(change, self, self.at, self.refresh)
        self.cells[change.cell] = join(self.state(change.cell), delta)
        return verdict

    def all_seen(self) -> Seen:
        """What a writer has seen who has seen all."""
        return (self.at,) * 4


class Writer:
    """A node that writes changes; it has seen what the test says."""

    def __init__(self, origin: bytes, incarnation: int = 1) -> None:
        self.origin, self.incarnation, self.number = origin, incarnation, 0
        self.seen: Seen = NOTHING

    def change(self, kind: str, subject: bytes, tag: Tag, state: State, actor: bytes | None = None) -> Incoming:
        """The change with what this node has seen."""
        return Incoming(Cell(kind, subject), tag, self.seen, state, actor)

    def _pen(self) -> Pen:
        self.number += 1
        return Pen(Tag(self.origin, self.incarnation, self.number), self.seen)

    def climb(self, kind: str, subject: bytes, step: int = ACTIVE, **fields: Any) -> Incoming:
        """Raise something on its ladder."""
        pen = self._pen()
        return self.change(kind, subject, pen.tag, pen.climb(step, **fields))

    def put(self, kind: str, subject: bytes, actor: bytes | None = None, **fields: Any) -> Incoming:
        """Set fields."""
        pen = self._pen()
        return self.change(kind, subject, pen.tag, pen.put(**fields), actor)

    def mark(self, kind: str, subject: bytes, what: Any, actor: bytes | None = None) -> Incoming:
        """Add a mark."""
        pen = self._pen()
        return self.change(kind, subject, pen.tag, pen.mark(what, actor), actor)

    def lift(self, kind: str, subject: bytes) -> Incoming:
        """Lift the marks that this node knows."""
        pen = self._pen()
        return self.change(kind, subject, pen.tag, pen.lift(lane_of(kind)))

    def role(self, subject: bytes, role: str, actor: bytes | None = None) -> Incoming:
        """Give somebody a role in place of those that this node knows."""
        pen = self._pen()
        return self.change(Kind.ROLE, subject, pen.tag, pen.role(role, actor), actor)

    def password(self, subject: bytes, verifier: bytes, *, knows: Position = START) -> Incoming:
        """Change a password, knowing of the mailed reset at this place."""
        pen = self._pen()
        return self.change(Kind.PASSWORD, subject, pen.tag, pen.password(verifier, knows=knows))

    def reset(self, subject: bytes, verifier: bytes) -> Incoming:
        """Choose a new password by a mailed link."""
        pen = self._pen()
        return self.change(Kind.PASSWORD, subject, pen.tag, pen.reset(verifier))


def household() -> tuple[PlainHouse, Writer]:
    """A household that Maya owns, with Noah, an adult; and the hub that wrote it and has seen it."""
    house, hub = PlainHouse(), Writer(HUB_A)
    for user, role in ((MAYA, "owner"), (NOAH, "adult")):
        house.take(hub.climb(Kind.USER, user))
        house.take(hub.role(user, role))
    hub.seen = house.all_seen()
    return house, hub


def failures(house: House, user: bytes, key: str) -> int:
    """The failures that count against the account at this known device, on all nodes together."""
    counts = house.state(Cell(Kind.FAILURES, user)).counts
    return sum(max(0, each.total - each.cleared) for each in counts if each.key == key)
