"""What a household has to be after each act: who is in it, as what, and who may do the next."""

from dataclasses import dataclass, field
from typing import Any

from rex_auth_edge.domain.roles import PERMISSIONS, Act, Role


@dataclass
class Known:
    """A person as the model has them; `live` while their tokens are to be good, `dead` are tokens that were ended."""

    name: str
    user_id: str
    role: Role
    tokens: dict[str, Any]
    disabled: bool = False
    removed: bool = False
    live: bool = True
    misses: int = 0
    dead: list[dict[str, Any]] = field(default_factory=list)

    def ended(self) -> None:
        """Their sessions are over."""
        if self.tokens:
            self.dead = [*self.dead, self.tokens][-2:]
        self.live = False

    @property
    def reigns(self) -> bool:
        """Whether they can run the household."""
        return self.role is Role.OWNER and not self.disabled and not self.removed


@dataclass
class Model:
    """What the household has to be."""

    people: list[Known] = field(default_factory=list)
    invites: dict[str, Role] = field(default_factory=dict)
    claimed: bool = False

    def some(self, number: int) -> Known:
        """One of all who ever were in it."""
        return self.people[number % len(self.people)]

    def actor(self, number: int) -> Known:
        """One who does something: an owner who is signed in, anybody who is, or any of all; each one time of three."""
        owners = [each for each in self.owners() if each.live]
        live = [each for each in self.people if each.live]
        chosen = (owners, live, self.people)[number % 3] or self.people
        return chosen[number // 3 % len(chosen)]

    def owners(self) -> list[Known]:
        """Who can run it."""
        return [each for each in self.people if each.reigns]

    def refusal(self, act: Act, actor: Known, subject: Known | None = None) -> int:
        """The status that an act is refused with, or 200."""
        if not actor.live:
            return 401
        if actor.role not in PERMISSIONS[act].roles:
            return 403
        return 404 if subject is not None and subject.removed else 200

    def ends_reign(self, act: Act, actor: Known, subject: Known) -> int:
        """The same for an act after which the subject is no owner: never the last."""
        refused = self.refusal(act, actor, subject)
        return 409 if refused == 200 and self.owners() == [subject] else refused
