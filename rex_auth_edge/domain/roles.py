"""Who a person is in the household, and the scopes that follow from it."""

from enum import StrEnum


class Role(StrEnum):
    """A member's role; each may do strictly less than the one before it."""

    OWNER = "owner"
    ADULT = "adult"
    CHILD = "child"
    GUEST = "guest"


SCOPES: dict[Role, tuple[str, ...]] = {
    Role.OWNER: ("profile", "sessions", "devices", "household"),
    Role.ADULT: ("profile", "sessions", "devices"),
    Role.CHILD: ("profile", "sessions"),
    Role.GUEST: ("profile",),
}


class Registration(StrEnum):
    """How strangers may join a household."""

    OPEN = "open"
    INVITE = "invite"
    CLOSED = "closed"
