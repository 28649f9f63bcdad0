"""What is said when a hub is let in; in the same envelope as all that follows (`sync.wire`)."""

import hashlib

from rex_auth_edge.domain.codes import as_meant
from rex_auth_edge.sync.bodies import NEWEST, OLDEST, Greeting

TYPE = "application/vnd.rex.sync"
"""Of bodies in both directions."""
ENROLL, HELLO, PUSH, PULL, COMPARE = "/sync/enroll", "/sync/hello", "/sync/push", "/sync/pull", "/sync/compare"
PATHS = frozenset({ENROLL, HELLO, PUSH, PULL, COMPARE})
LONGEST_NAME = 80
"""Characters of a hub's name."""
WAIT = 55
"""Seconds that a pull may be kept waiting for something to tell."""


class Look(Greeting, frozen=True, omit_defaults=True):
    """A hub asks where a code leads, before it uses it; signed with a key that it makes for this."""

    code: str

    def __repr__(self) -> str:
        return "Look(***)"


class Offer(Greeting, frozen=True, omit_defaults=True):
    """Where it leads: to which household, and who has made it; of their address enough for somebody who knows them.

    `whose` is that address hashed under the code, so that a hub finds out whether somebody there has the same.
    """

    household: bytes
    name: str
    owner: str
    address: str = ""
    whose: bytes = b""


class Enrol(Greeting, frozen=True, omit_defaults=True):
    """A hub asks to be let in, by a code that an owner has made in the cloud; signed with the key that it has made.

    `household`, where it is said, is the one that the hub's people have agreed to join: no code leads to another.
    """

    code: str
    hub: bytes
    name: str = ""
    oldest: int = OLDEST
    newest: int = NEWEST
    household: bytes = b""

    def __repr__(self) -> str:
        return f"Enrol(hub={self.hub.hex()})"


class Enrolled(Greeting, frozen=True, omit_defaults=True):
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


def whose(code: str, email_key: str) -> bytes:
    """The hash of an address under a code: who knows both can compare."""
    return hashlib.blake2b(_bytes(email_key), key=_bytes(as_meant(code))[:64], digest_size=16).digest()


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "replace")
