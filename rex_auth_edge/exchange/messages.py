"""What is said when a hub is let in; in the same envelope as all that follows (`sync.wire`)."""

from msgspec import Struct

from rex_auth_edge.sync.wire import NEWEST, OLDEST

TYPE = "application/vnd.rex.sync"
"""Of bodies in both directions."""
ENROLL, HELLO, PUSH, PULL, COMPARE = "/sync/enroll", "/sync/hello", "/sync/push", "/sync/pull", "/sync/compare"
PATHS = frozenset({ENROLL, HELLO, PUSH, PULL, COMPARE})
LONGEST_NAME = 80
"""Characters of a hub's name."""
WAIT = 55
"""Seconds that a pull may be kept waiting for something to tell."""


class Enrol(Struct, frozen=True, omit_defaults=True):
    """A hub asks to be let in, by a code that an owner has made in the cloud; signed with the key that it has made."""

    code: str
    hub: bytes
    name: str = ""
    oldest: int = OLDEST
    newest: int = NEWEST

    def __repr__(self) -> str:
        return f"Enrol(hub={self.hub.hex()})"


class Enrolled(Struct, frozen=True, omit_defaults=True):
    """It is let in: to which household, what it has to show next, and who has let it in."""

    household: bytes
    name: str
    cloud: bytes
    epoch: int
    incarnation: int
    nonce: bytes
    digest_key: bytes
    owner: bytes
    owner_email_key: str | None = None

    def __repr__(self) -> str:
        return f"Enrolled(household={self.household.hex()}, incarnation={self.incarnation})"
