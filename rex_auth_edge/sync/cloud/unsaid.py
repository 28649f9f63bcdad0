"""Roles, and who may sign in, as they would be if a stolen hub had said nothing since: by others' word alone."""

import hashlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from msgspec.structs import replace

from rex_auth_edge.domain.roles import Role
from rex_auth_edge.sync.cloud.alerts import ADDRESS, PASSWORD
from rex_auth_edge.sync.cloud.lifted import Lifted, lifted
from rex_auth_edge.sync.house import House, role_by, role_in
from rex_auth_edge.sync.kinds import Kind
from rex_auth_edge.sync.order import START, Position, Tag, unsent
from rex_auth_edge.sync.outcome import Follow, Then
from rex_auth_edge.sync.rules.distrust import is_doubted, is_later, is_untrusted
from rex_auth_edge.sync.rules.notices import BY_HUB
from rex_auth_edge.sync.state import Cell, Mark, Rung, State

_NEVER = unsent(0)
"""After every place that the cloud has given."""


@dataclass(frozen=True, slots=True)
class Unsaid:
    """`house` as it is, and since when the `hub` isn't trusted; it has ended, and so have those found out before."""

    hub: bytes
    since: Position
    house: House
    usurpers: dict[bytes, Position] = field(default_factory=dict)
    """By whose word nobody is anything, and from where on: see `find_usurpers`."""

    def is_said(self, part: Mark | Rung) -> bool:
        """Whether it came since then from the hub, or from a usurper wherever they were."""
        return is_later(part, self.hub, self.since) or self.is_usurped(part.actor, part.at)

    def is_usurped(self, actor: bytes | None, at: Position) -> bool:
        """Whether it was done there by a usurper, or as somebody whose account was taken."""
        return actor is not None and at > self.usurpers.get(actor, at)

    def marks(self, cell: Cell) -> tuple[Mark, ...]:
        """What others have put, and of what was wrongly lifted what still stood when the latest of all that came."""
        state = self.house.state(cell)
        stay = [mark for mark in state.marks if not self.is_said(mark)]
        at_home = cell.kind == Kind.ROLE and self.since == START  # whom it has lowered, if ever, stays so
        gone = [each for each in self._wrongly(state) if not (at_home or self._is_void(each.mark))]
        good = [*(mark for mark in stay if not self._is_void(mark)), *(each.mark for each in gone)]
        latest = max((mark.at for mark in good), default=START)
        return (*stay, *(_anew(each.mark) for each in gone if each.at > latest))

    def _wrongly(self, state: State) -> Iterator[Lifted]:
        """What was lifted by whom nobody trusts then."""
        for each in lifted(state):
            if self.is_usurped(each.actor, each.at) or is_untrusted(each.origin, each.at, self.house):
                yield each

    def _is_void(self, mark: Mark) -> bool:
        """Whether nobody is anything by it."""
        return self.is_said(mark) or is_doubted(mark, self.house)

    def is_touched(self, cell: Cell) -> bool:
        """Whether anything there is otherwise by the hub, or by usurpers."""
        return set(self.house.state(cell).marks) != set(self.marks(cell))

    def find_usurpers(self, but: Collection[bytes | None]) -> None:
        """Whose account the hub has taken since, and whom it has raised, or they have; however many lie between.

        But for those who stay owners.
        """
        people = [user for user in self.house.subjects(Kind.ROLE) if user not in but]
        taken = _taken(self.hub, self.since, self.house)
        self.usurpers.update({user: at for user, at in taken.items() if user not in but})
        while more := {user: at for user in people if (at := self._raised(user)) < self.usurpers.get(user, _NEVER)}:
            self.usurpers.update(more)

    def _raised(self, user: bytes) -> Position:
        """From where on somebody is more by such words than by others'."""
        cell = Cell(Kind.ROLE, user)
        state, good = self.house.state(cell), role_in(State(marks=self._good(cell)))
        ever = [*state.marks, *(each.mark for each in lifted(state))]
        said = [(mark.at, role_by(mark)) for mark in ever if self.is_said(mark)]
        return min((at for at, role in said if good is None or good.below(role)), default=_NEVER)

    def _good(self, cell: Cell) -> tuple[Mark, ...]:
        return tuple(mark for mark in self.marks(cell) if not self._is_void(mark))

    def role(self, user: bytes) -> Follow | None:
        """What makes somebody's role what it would be: a guest's where that is by nobody's good word."""
        cell = Cell(Kind.ROLE, user)
        now, would = role_in(self.house.state(cell)), role_in(State(marks=self.marks(cell)))
        if not self.is_touched(cell) or (self._good(cell) and would is now):
            return None
        if self._good(cell):
            return self.restored(cell)
        return None if now is Role.GUEST else Follow(Then.LOWER, cell)

    def unseated(self, user: bytes) -> Follow | None:
        """What makes somebody an owner again by whose word ever, where they aren't one by the hub; None for others."""
        cell = Cell(Kind.ROLE, user)
        state = self.house.state(cell)
        every = [*(each.mark for each in self._wrongly(state)), *state.marks]
        was = [mark for mark in every if mark.what == Role.OWNER]
        below = [mark for mark in state.marks if mark.what != Role.OWNER]
        if not was or role_in(state) is Role.OWNER or not all(map(self.is_said, below)):
            return None
        return Follow(Then.RESTORE, cell, replace(self.restored(cell).what, marks=(_anew(was[-1]),)))

    def restored(self, cell: Cell) -> Follow:
        """What puts there what would be there."""
        later = [mark.at for mark in self.house.state(cell).marks if self.is_said(mark)]
        return Follow(Then.RESTORE, cell, State(marks=self.marks(cell), cleared=max(later, default=START)))


def _taken(hub: bytes, since: Position, house: House) -> dict[bytes, Position]:
    """Whose password or address it has set, and where, as the cloud has told them; if ever, they did it at home."""
    found: dict[bytes, Position] = {}
    for notice in house.subjects(Kind.NOTICE) if since > START else ():
        told = house.state(Cell(Kind.NOTICE, notice)).fields
        by, code, about = (told.get(name) for name in (BY_HUB, "code", "about"))
        if by is None or code is None or about is None or by.by.origin in house.subjects(Kind.HUB):
            continue
        if by.value == hub and by.at > since and code.value in {PASSWORD, ADDRESS}:
            found[about.value] = min(by.at, found.get(about.value, by.at))
    return found


def _anew(mark: Mark) -> Mark:
    """The same under a tag that nobody has lifted, each time alike: of an incarnation that its writer never was."""
    told = hashlib.blake2b(repr(tuple(mark.by)).encode(), digest_size=6).digest()
    return replace(mark, by=Tag(mark.by.origin, 0, int.from_bytes(told)))
