"""What is written in a change: the parts of a state, with their writer's tag and what that writer had seen."""

from typing import Any

from msgspec import Struct

from rex_auth_edge.sync.kinds import ACTIVE
from rex_auth_edge.sync.order import START, Lane, Position, Seen, Tag, unsent
from rex_auth_edge.sync.state import Count, Held, Mark, Own, Reset, Rung, Secret, State


class Pen(Struct, frozen=True, gc=False):
    """One writer's for one change. `at` is its place, where that is known already: at the cloud."""

    tag: Tag
    seen: Seen
    at: Position | None = None

    @property
    def _here(self) -> Position:
        return unsent(self.tag.number) if self.at is None else self.at

    def climb(self, step: int = ACTIVE, actor: bytes | None = None, **fields: Any) -> State:
        """Raise something on its ladder, and set its fields."""
        rung = Rung(step, self._here, self.tag, self.seen[Lane.SECURITY], actor)
        return State(rung=rung, fields=self._held(fields))

    def put(self, **fields: Any) -> State:
        """Set fields, each by itself."""
        return State(fields=self._held(fields))

    def _held(self, fields: dict[str, Any]) -> dict[str, Held]:
        here = self._here
        return {name: Held(here, self.tag, value) for name, value in fields.items()}

    def mark(self, what: Any, actor: bytes | None = None) -> State:
        """Put a mark on somebody: a ban, being disabled, being signed out everywhere."""
        return State(marks=(Mark(self.tag, self._here, what, actor),))

    def lift(self, lane: Lane) -> State:
        """Lift the marks that the writer has seen or made itself."""
        own = Own(self.tag.origin, self.tag.incarnation, self.tag.number)
        return State(cleared=self.seen[lane], own=(own,))

    def role(self, role: str, actor: bytes | None = None) -> State:
        """Give a role in place of those that the writer has seen or given itself, and of no later ones."""
        own = Own(self.tag.origin, self.tag.incarnation, self.tag.number - 1)
        mark, seen = Mark(self.tag, self._here, role, actor), self.seen[Lane.SECURITY]
        if self.at is not None:
            seen = min(seen, Position(self.at.epoch, self.at.seq - 1))
        return State(marks=(mark,), cleared=seen, own=(own,))

    def password(self, verifier: bytes, *, knows: Position = START) -> State:
        """Another password; `knows` is the `reset` of the one that it replaces."""
        return State(secret=Secret(knows, self._here, self.tag, verifier))

    def reset(self, verifier: bytes) -> State:
        """Another password by a mailed link."""
        here = self._here
        return State(secret=Secret(here, here, self.tag, verifier), resets=(Reset(self.tag, here),))

    def failed(self, key: str, total: int) -> State:
        """How often a sign-in has failed here, in all, at this known device."""
        return State(counts=(Count(key, self.tag.origin, self.tag.incarnation, total),))

    def succeeded(self, counts: tuple[Count, ...]) -> State:
        """Forgive the failures that the writer has seen."""
        origin = self.tag[:2]
        seen = [(each, each.total if (each.origin, each.incarnation) == origin else 0) for each in counts]
        return State(
            counts=tuple(Count(each.key, each.origin, each.incarnation, mine, each.total) for each, mine in seen)
        )
