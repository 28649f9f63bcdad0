"""What the cloud writes where something follows from a change elsewhere."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from msgspec.structs import replace

from rex_auth_edge.domain.roles import Role
from rex_auth_edge.sync.house import House
from rex_auth_edge.sync.kinds import REVOKED
from rex_auth_edge.sync.merge import placed
from rex_auth_edge.sync.order import START, Position, Tag
from rex_auth_edge.sync.outcome import Follow, Then
from rex_auth_edge.sync.state import Held, Mark, Rung, State


def consequence(follow: Follow, at: Position, tag: Tag, house: House) -> State:
    """The change at its place, whose tag this is."""
    if follow.then is Then.WITHHOLD:
        secret = house.state(follow.cell).secret
        return State(secret=secret and replace(secret, verifier=None, withheld=True))
    make = _MADE.get(follow.then)
    return State(marks=(Mark(tag, at, follow.then.value),)) if make is None else make(follow.what, at, tag)


def put(at: Position, tag: Tag, values: Mapping[str, Any]) -> State:
    """These fields."""
    return State(fields={name: Held(at, tag, value) for name, value in values.items()})


_MADE: Mapping[Then, Callable[[Any, Position, Tag], State]] = MappingProxyType(
    {
        Then.REVOKE: lambda _, at, tag: State(rung=Rung(REVOKED, at, tag, at)),
        Then.LOWER: lambda _, at, tag: State(marks=(Mark(tag, at, Role.GUEST.value),)),
        Then.UNSET_EMAIL: lambda _, at, tag: put(at, tag, dict.fromkeys(("address", "key", "proven"))),
        Then.PUT: lambda what, at, tag: put(at, tag, what),
        Then.RESTORE: lambda what, at, _: placed(what, at, after=START),
    }
)
