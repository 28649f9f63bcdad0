"""What people do, on a hub or at the cloud: always what they may by what they are shown there."""

from dataclasses import dataclass, field
from typing import Any, Protocol

from rex_auth_edge.domain.roles import Role
from rex_auth_edge.sync.house import House, is_in, kept_home, owners, revoked, session_lives
from rex_auth_edge.sync.kinds import ACTIVE, HOUSEHOLD, REVOKED, Kind, lane_of
from rex_auth_edge.sync.pen import Pen
from rex_auth_edge.sync.rules.record import record_id
from rex_auth_edge.sync.state import Cell, State
from tests.sync.simulation.chance import Chance
from tests.sync.simulation.ledger import Fact, Ledger

USERNAMES = ("maya", "noah", "leo")
ADDRESSES = ("a@example.com", "b@example.com")


class Place(Protocol):
    """Where people act."""

    @property
    def node(self) -> bytes:
        """Whose tags its changes bear."""
        ...

    @property
    def house(self) -> House:
        """What it shows."""
        ...

    @property
    def newer(self) -> bool:
        """Whether it runs a newer program."""
        ...

    def pen(self) -> Pen:
        """For the next change."""
        ...

    def write(self, cell: Cell, state: State, actor: bytes | None) -> tuple[int, int] | None:
        """Write it: incarnation and number, once it is confirmed."""
        ...


@dataclass
class People:
    """The household's people, and those who would like to be; `before` are the sign-outs known to who made each."""

    chance: Chance
    ledger: Ledger
    before: dict[str, frozenset[str]] = field(default_factory=dict)

    def act(self, at: Place) -> str:
        """Somebody does something; what it was, in a word."""
        acts = [
            *(self.join, self.role, self.role, self.delete, self.disable, self.enable, self.ban, self.pardon),
            *(self.sign_in, self.sign_in, self.sign_out, self.sign_out_everywhere, self.change_password),
            *(self.reset_password, self.steal, self.fail, self.fail, self.succeed, self.add_device, self.end_device),
            *(self.rename, self.readdress, self.profile, self.profile, self.policy, self.audit, self.invent),
        ]
        act = self.chance.of(acts)
        act(at)
        return str(act.__name__)

    def _say(self, at: Place, act: str, cell: Cell, state: State, actor: bytes | None = None, **more: Any) -> None:
        done = at.write(cell, state, actor)
        if done is not None:
            self.ledger.facts.append(Fact(at.node, *done, act, cell, **more))

    def _somebody(self, at: Place) -> bytes | None:
        members = [user for user in at.house.subjects(Kind.USER) if is_in(at.house, user)]
        return self.chance.of(members) if members else None

    def _owner(self, at: Place) -> bytes | None:
        ruling = owners(at.house)
        return self.chance.of(ruling) if ruling else None

    def join(self, at: Place) -> None:
        """Somebody is let in."""
        owner, user = self._owner(at), self.chance.bytes()
        if owner is None or len(list(at.house.subjects(Kind.USER))) > 8:
            return
        self._say(at, "join", Cell(Kind.USER, user), at.pen().climb(ACTIVE, owner), owner)
        role = self.chance.of(("owner", "adult", "child"))
        self._say(at, "role", Cell(Kind.ROLE, user), at.pen().role(role, owner), owner)
        name = self.chance.of(USERNAMES)
        self._say(at, "rename", Cell(Kind.USERNAME, user), at.pen().put(username=name))
        self._password(at, user)

    def role(self, at: Place) -> None:
        """An owner changes somebody's role; not the last owner's."""
        owner, user = self._owner(at), self._somebody(at)
        role = self.chance.of(list(Role))
        if owner is None or user is None or (owners(at.house) == [user] and role is not Role.OWNER):
            return
        self._say(at, "role", Cell(Kind.ROLE, user), at.pen().role(role.value, owner), owner, what=role)

    def _expendable(self, at: Place) -> bytes | None:
        user = self._somebody(at)
        return None if user is None or owners(at.house) == [user] else user

    def delete(self, at: Place) -> None:
        """Somebody is taken out for good."""
        user = self._expendable(at)
        if user is not None and self.chance.one_in(3):
            self._say(at, "revoke", Cell(Kind.USER, user), at.pen().climb(REVOKED), self._owner(at))

    def disable(self, at: Place) -> None:
        """Somebody is disabled."""
        user, what = self._expendable(at), self.chance.bytes().hex()
        if user is not None:
            self._say(at, "mark", Cell(Kind.DISABLED, user), at.pen().mark(what), self._owner(at), what=what)

    def ban(self, at: Place) -> None:
        """Wrong passwords bring a ban."""
        user, what = self._somebody(at), self.chance.bytes().hex()
        if user is not None:
            self._say(at, "mark", Cell(Kind.BAN, user), at.pen().mark(what), what=what)

    def enable(self, at: Place) -> None:
        """Somebody disabled is let in again."""
        self._lift(at, Kind.DISABLED)

    def pardon(self, at: Place) -> None:
        """Bans are lifted."""
        self._lift(at, Kind.BAN)

    def _lift(self, at: Place, kind: Kind) -> None:
        marked = [user for user in at.house.subjects(kind) if at.house.state(Cell(kind, user)).marks]
        if not marked:
            return
        cell = Cell(kind, self.chance.of(marked))
        known, lift = at.house.state(cell), at.pen().lift(lane_of(kind))
        before = [each.knew for each in self.ledger.of("lift") if each.cell == cell and each.what <= known.cleared]
        knew = frozenset(mark.what for mark in known.marks).union(*before)
        self._say(at, "lift", cell, lift, what=lift.cleared, knew=knew)

    def sign_in(self, at: Place) -> None:
        """A session begins, knowing of these sign-outs."""
        user, session = self._somebody(at), self.chance.bytes()
        if user is None:
            return
        knew = self._sign_outs(at, user)
        self._say(at, "session", Cell(Kind.SESSION, session), at.pen().climb(user=user), what=user, knew=knew)

    def _sign_outs(self, at: Place, user: bytes) -> frozenset[str]:
        """Those known there: that are shown, and that were known to who made these.

        The cloud clears away a mark that a later one outdoes, and another node may tell of it again: whoever knows the
        later one has seen the order up to there, and the former one in it.
        """
        shown = {mark.what for mark in at.house.state(Cell(Kind.SIGN_OUT, user)).marks}
        return frozenset(shown).union(*(self.before.get(what, frozenset()) for what in shown))

    def sign_out(self, at: Place) -> None:
        """A session ends."""
        living = [each for each in at.house.subjects(Kind.SESSION) if session_lives(at.house, each)]
        if living:
            self._say(at, "revoke", Cell(Kind.SESSION_END, self.chance.of(living)), at.pen().climb(REVOKED))

    def sign_out_everywhere(self, at: Place) -> None:
        """All of a person's sessions end."""
        user, what = self._somebody(at), self.chance.bytes().hex()
        if user is not None:
            self.before[what] = self._sign_outs(at, user)
            self._say(at, "sign_out", Cell(Kind.SIGN_OUT, user), at.pen().mark(what), what=what)

    def _password(self, at: Place, user: bytes, act: str = "password") -> None:
        cell, verifier = Cell(Kind.PASSWORD, user), self.chance.bytes()
        home = kept_home(at.house, user)
        if at.node.startswith(b"CLOUD") and home:
            return
        if act == "reset":
            self._say(at, act, cell, at.pen().reset(verifier), what=(verifier, home))
            return
        secret = at.house.state(cell).secret
        state = at.pen().password(verifier, knows=secret.reset) if secret else at.pen().password(verifier)
        self._say(at, act, cell, state, what=(verifier, home))

    def change_password(self, at: Place) -> None:
        """Somebody chooses another password."""
        user = self._somebody(at)
        if user is not None:
            self._password(at, user)

    def reset_password(self, at: Place) -> None:
        """Somebody does so by a mailed link."""
        user = self._somebody(at)
        if user is not None:
            self._password(at, user, "reset")

    def steal(self, at: Place) -> None:
        """Somebody who knows only the first password changes it, where no reset is known."""
        user = self._somebody(at)
        if user is not None and not at.house.state(Cell(Kind.PASSWORD, user)).resets:
            self._password(at, user, "stolen")

    def fail(self, at: Place) -> None:
        """A wrong password."""
        user, key = self._somebody(at), self.chance.of(("unknown", "phone"))
        if user is None:
            return
        cell, pen = Cell(Kind.FAILURES, user), at.pen()
        mine = [
            each
            for each in at.house.state(cell).counts
            if (each.key, each.origin, each.incarnation) == (key, *pen.tag[:2])
        ]
        total = 1 + max((each.total for each in mine), default=0)
        self._say(at, "fail", cell, pen.failed(key, total), what=(key, *pen.tag[:2], total))

    def succeed(self, at: Place) -> None:
        """A right one."""
        user = self._somebody(at)
        if user is None or not at.house.state(Cell(Kind.FAILURES, user)).counts:
            return
        counts = at.house.state(Cell(Kind.FAILURES, user)).counts
        knew = frozenset((each.key, each.origin, each.incarnation, each.total) for each in counts)
        self._say(at, "succeed", Cell(Kind.FAILURES, user), at.pen().succeeded(counts), knew=knew)

    def add_device(self, at: Place) -> None:
        """A device is let in."""
        self._say(at, "device", Cell(Kind.DEVICE, self.chance.bytes()), at.pen().climb(), self._owner(at))

    def end_device(self, at: Place) -> None:
        """A device is removed."""
        there = [each for each in at.house.subjects(Kind.DEVICE) if not revoked(at.house, Kind.DEVICE, each)]
        if there:
            self._say(at, "revoke", Cell(Kind.DEVICE, self.chance.of(there)), at.pen().climb(REVOKED))

    def rename(self, at: Place) -> None:
        """Somebody wants another username."""
        user = self._somebody(at)
        if user is not None:
            state = at.pen().put(username=self.chance.of(USERNAMES))
            self._say(at, "rename", Cell(Kind.USERNAME, user), state)

    def readdress(self, at: Place) -> None:
        """Somebody gives, or proves, an address."""
        user = self._somebody(at)
        if user is not None:
            state = at.pen().put(address=self.chance.of(ADDRESSES), proven=self.chance.one_in(2))
            self._say(at, "address", Cell(Kind.EMAIL, user), state)

    def profile(self, at: Place) -> None:
        """Somebody changes a field of their profile."""
        user = self._somebody(at)
        if user is not None:
            field = self.chance.of(("first_name", "phone"))
            self._say(at, "profile", Cell(Kind.PROFILE, user), at.pen().put(**{field: self.chance.bytes(4).hex()}))

    def policy(self, at: Place) -> None:
        """An owner changes the household's policy."""
        owner = self._owner(at)
        if owner is not None:
            name, value = self.chance.of(
                (("shares", "profiles"), ("shares", "profiles,passwords"), ("cloud_grants", "stand"))
            )
            self._say(at, "policy", Cell(Kind.POLICY, HOUSEHOLD), at.pen().put(**{name: value}), owner)

    def audit(self, at: Place) -> None:
        """Something is put on record."""
        self._say(at, "audit", Cell(Kind.AUDIT, record_id(at.node, self.chance.bytes(8))), at.pen().put(event="login"))

    def invent(self, at: Place) -> None:
        """A newer program writes what older ones don't know, and may say that nobody may pass it over."""
        user = self._somebody(at)
        if at.newer and user is not None and owners(at.house) != [user]:
            what = self.chance.bytes(4).hex()
            needs = ("curfew",) if self.chance.one_in(4) else ()
            kind = self.chance.of(("user.newer", Kind.PROFILE.value))
            pen = at.pen()
            state = State(fields=pen.put(**{f"newer_{what}": what}).fields, needs=needs, rest={f"part_{what}": [what]})
            self._say(at, "newer", Cell(kind, user), state, what=what)
