"""Roles, and who may sign in, as they would be if a stolen hub had said nothing since: by others' word alone."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from msgspec.structs import replace

from rex_auth_edge.domain.roles import Role
from rex_auth_edge.sync.cloud.lifted import Lifted, lifted
from rex_auth_edge.sync.house import House, role_in
from rex_auth_edge.sync.kinds import Kind
from rex_auth_edge.sync.order import START, Position, Tag
from rex_auth_edge.sync.outcome import Follow, Then
from rex_auth_edge.sync.rules.distrust import is_doubted, is_later, is_untrusted
from rex_auth_edge.sync.state import Cell, Mark, State


@dataclass(frozen=True, slots=True)
class Unsaid:
    """`house` as it is, and since when the `hub` isn't trusted; it has ended, and so have those found out before."""

    hub: bytes
    since: Position
    house: House
    usurpers: set[bytes] = field(default_factory=set)
    """Who would own nothing: by their word since then nobody is anything."""

    def marks(self, cell: Cell) -> tuple[Mark, ...]:
        """What others have put, and of what was wrongly lifted what still stood when the latest of all that came."""
        state = self.house.state(cell)
        stay = [mark for mark in state.marks if not is_later(mark, self.hub, self.since)]
        gone = [each for each in self._wrongly(cell, state) if not self.is_void(each.mark)]
        good = [*(mark for mark in stay if not self.is_void(mark)), *(each.mark for each in gone)]
        latest = max((mark.at for mark in good), default=START)
        return (*stay, *(_anew(each.mark) for each in gone if each.at > latest))

    def _wrongly(self, cell: Cell, state: State) -> Iterator[Lifted]:
        """What hubs have lifted that weren't trusted then; whom this one has lowered at home, if ever, stays so."""
        ever = cell.kind == Kind.ROLE and self.since == START
        return (each for each in lifted(state) if not ever and is_untrusted(each.hub, each.at, self.house))

    def is_void(self, mark: Mark) -> bool:
        """Whether nobody is anything by it."""
        return is_doubted(mark, self.house) or self._is_passed_on(mark)

    def _is_passed_on(self, mark: Mark) -> bool:
        return mark.actor in self.usurpers and mark.at > self.since

    def is_touched(self, cell: Cell) -> bool:
        """Whether anything there is otherwise by the hub, or by usurpers."""
        marks = self.house.state(cell).marks
        return set(marks) != set(self.marks(cell)) or any(map(self._is_passed_on, marks))

    def find_usurpers(self, but: Iterable[bytes | None]) -> None:
        """All of them, however many lie between; `but` these stay owners."""
        people = set(self.house.subjects(Kind.ROLE)).difference(but)
        while more := {user for user in people - self.usurpers if self._usurps(Cell(Kind.ROLE, user))}:
            self.usurpers.update(more)

    def _usurps(self, role: Cell) -> bool:
        return self.is_touched(role) and role_in(State(marks=self._good(role))) is not Role.OWNER

    def _good(self, cell: Cell) -> tuple[Mark, ...]:
        return tuple(mark for mark in self.marks(cell) if not self.is_void(mark))

    def role(self, user: bytes) -> Follow | None:
        """What makes somebody's role what it would be: a guest's where that is by nobody's good word."""
        cell = Cell(Kind.ROLE, user)
        now, would = role_in(self.house.state(cell)), role_in(State(marks=self.marks(cell)))
        if not self.is_touched(cell) or (self._good(cell) and would is now):
            return None
        if self._good(cell):
            return self.restored(cell)
        return None if now is Role.GUEST else Follow(Then.LOWER, cell)

    def restored(self, cell: Cell) -> Follow:
        """What puts there what would be there."""
        later = [mark.at for mark in self.house.state(cell).marks if is_later(mark, self.hub, self.since)]
        return Follow(Then.RESTORE, cell, State(marks=self.marks(cell), cleared=max(later, default=START)))


def _anew(mark: Mark) -> Mark:
    """The same under a tag that nobody has lifted, each time alike: of an incarnation that its writer never was."""
    told = hashlib.blake2b(repr(tuple(mark.by)).encode(), digest_size=6).digest()
    return replace(mark, by=Tag(mark.by.origin, 0, int.from_bytes(told)))
