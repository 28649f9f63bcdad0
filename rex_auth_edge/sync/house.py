"""What the joined states mean: who is in, with what role, and what is still good. Everybody reads them like this."""

from collections.abc import Iterable
from typing import Any, Protocol

from rex_auth_edge.domain.roles import Role
from rex_auth_edge.sync.kinds import ACTIVE, HOUSEHOLD, KNOWN_NEEDS, REVOKED, Kind
from rex_auth_edge.sync.order import START, Tag, follows
from rex_auth_edge.sync.state import Cell, Mark, Secret, State

RESTORED = "hub_restored"
"""The mark that a hub puts on itself: all that it vouched for before is over."""


class House(Protocol):
    """A household's cells, as one node has them now."""

    def state(self, cell: Cell) -> State:
        """The cell's content, EMPTY where there is none."""
        ...

    def subjects(self, kind: str) -> Iterable[bytes]:
        """Whom there are cells of this kind about, in order."""
        ...

    def bearing(self, kind: str, field: str, value: Any) -> Iterable[bytes]:
        """Whose cell of this kind holds this value in this field, in order."""
        ...

    def kinds(self, subject: bytes) -> Iterable[str]:
        """Of what kinds there are cells about the subject."""
        ...


class Over:
    """A household as another is, but for what a class of this kind says otherwise."""

    def __init__(self, house: House) -> None:
        self._house = house

    def state(self, cell: Cell) -> State:
        """See `House`."""
        return self._house.state(cell)

    def subjects(self, kind: str) -> Iterable[bytes]:
        """See `House`."""
        return self._house.subjects(kind)

    def bearing(self, kind: str, field: str, value: Any) -> Iterable[bytes]:
        """See `House`."""
        return self._house.bearing(kind, field, value)

    def kinds(self, subject: bytes) -> Iterable[str]:
        """See `House`."""
        return self._house.kinds(subject)


def field(house: House, cell: Cell, name: str) -> Any:
    """The field's value, or None."""
    held = house.state(cell).fields.get(name)
    return None if held is None else held.value


def revoked(house: House, kind: str, subject: bytes) -> bool:
    """Whether it stands at its ladder's end."""
    rung = house.state(Cell(kind, subject)).rung
    return rung is not None and rung.step >= REVOKED


def closed(house: House, subject: bytes) -> bool:
    """Whether something that this program doesn't understand, and must, is said of the subject: then deny."""
    return any(is_beyond(house.state(Cell(kind, subject))) for kind in house.kinds(subject))


def is_beyond(state: State) -> bool:
    """Whether it needs a rule that this program doesn't know."""
    return not KNOWN_NEEDS.issuperset(state.needs)


def role_in(state: State) -> Role | None:
    """The role that these marks make: of several, concurrent ones the lowest."""
    return max(map(role_by, state.marks), key=list(Role).index, default=None)


def role_by(mark: Mark) -> Role:
    """The role that it makes by itself. What is none counts as a guest's."""
    return Role(mark.what) if mark.what in list(Role) else Role.GUEST


def role_of(house: House, user: bytes) -> Role | None:
    """Somebody's role."""
    return role_in(house.state(Cell(Kind.ROLE, user)))


def is_in(house: House, user: bytes) -> bool:
    """Whether somebody belongs to the household and is neither deleted nor disabled."""
    rung = house.state(Cell(Kind.USER, user)).rung
    barred = house.state(Cell(Kind.DISABLED, user)).marks
    return rung is not None and rung.step == ACTIVE and not barred


def admitted(house: House, user: bytes) -> bool:
    """Whether somebody may be let in by this program, which knows of all that is said of them."""
    return is_in(house, user) and not closed(house, user)


def is_owner(house: House, user: bytes) -> bool:
    """Whether somebody is one of the household's owners."""
    return role_of(house, user) is Role.OWNER and is_in(house, user)


def owners(house: House) -> list[bytes]:
    """Who owns the household."""
    return [user for user in house.subjects(Kind.ROLE) if is_owner(house, user)]


def outlived(house: House, by: Tag) -> bool:
    """Whether the hub that wrote this has been restored since, and can't vouch for it any more."""
    marks = house.state(Cell(Kind.HUB, by.origin)).marks
    return any(mark.what == RESTORED and mark.by.origin == by.origin and by < mark.by for mark in marks)


def session_lives(house: House, session: bytes) -> bool:
    """Whether the session goes on: neither ended, nor covered by its person's signing out everywhere.

    Nor is its hub gone, nor has it been restored since.

    Signing out everywhere covers all sessions that it saw or that were begun without having seen it, but the one that
    the mark names (`what`): whoever signs out everywhere else stays where they are.
    """
    begun = house.state(Cell(Kind.SESSION, session))
    user = begun.fields.get("user")
    if begun.rung is None or begun.rung.step != ACTIVE or user is None or revoked(house, Kind.SESSION_END, session):
        return False
    hub = begun.rung.by.origin
    if not admitted(house, user.value) or revoked(house, Kind.HUB, hub) or outlived(house, begun.rung.by):
        return False
    rung, everywhere = begun.rung, house.state(Cell(Kind.SIGN_OUT, user.value)).marks
    return all(mark.what == session or follows(rung.by, rung.seen, mark.by, mark.at) for mark in everywhere)


def password_of(house: House, user: bytes) -> Secret | None:
    """The password that is good: none is that didn't know of the latest mailed reset, also where only that has come."""
    state = house.state(Cell(Kind.PASSWORD, user))
    latest = max((each.at for each in state.resets), default=START)
    return state.secret if state.secret is not None and state.secret.reset >= latest else None


def kept_home(house: House, user: bytes) -> bool:
    """Whether the person's verifier doesn't leave the hub: by the household's policy for all, or for this one.

    `shares` lists what may leave, with commas between; without it, everything. `passwords_home` are people's ids.
    """
    policy = house.state(Cell(Kind.POLICY, HOUSEHOLD)).fields
    shares, some = policy.get("shares"), policy.get("passwords_home")
    if shares is not None and isinstance(shares.value, str) and "passwords" not in shares.value.split(","):
        return True
    return some is not None and user in _listed(some.value)


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else []
