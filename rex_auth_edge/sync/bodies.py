"""What hub and cloud say to each other: requests, answers, and what is in them. They only grow."""

from enum import StrEnum

from msgspec import Struct

from rex_auth_edge.sync.order import NOTHING, START, Lane, Position, Seen
from rex_auth_edge.sync.state import Cell

OLDEST, NEWEST = 1, 1
"""The versions of the exchange that this program speaks."""

MOST_CHANGES = 500
"""Of a push."""


class Greeting(Struct, frozen=True):
    """What is said before a version is agreed on: it only grows, and reads alike in every version."""


class Change(Struct, frozen=True, array_like=True, gc=False):
    """What one incarnation of a node adds to a cell. `number` is its count there, of the latest of what it adds.

    `state` is packed (`pack_state`), so that who only passes it on needn't understand it.
    """

    kind: str
    id: bytes
    number: int
    seen: Seen
    state: bytes
    actor: bytes | None = None

    @property
    def cell(self) -> Cell:
        """What it is about."""
        return Cell(self.kind, self.id)


class Row(Struct, frozen=True, array_like=True, gc=False):
    """A cell as the cloud has it, and the place of the latest change to it."""

    kind: str
    id: bytes
    at: Position
    state: bytes

    @property
    def cell(self) -> Cell:
        """What it is about."""
        return Cell(self.kind, self.id)


class Head(Struct, frozen=True, array_like=True, gc=False):
    """How far a node's changes of a lane go, and the hash of all of them up to there."""

    number: int = 0
    hash: bytes = b""


class Hello(Greeting, frozen=True, omit_defaults=True):
    """How a hub introduces itself: after each start, and whenever the cloud asks for it.

    `number` is that of its latest change, whatever the lane. `heads` are, for each lane, the ends that the hub vouches
    for: what was acknowledged, and what it has tried to send. `next_key` is the public half of the key that is to take
    the place of the one with which this is signed. `restored` says that it found itself older than its copy, and has
    written nothing since. `told` is the furthest place that the cloud has told it of, in whatever epoch. `twice`: there
    is another copy of it, as it has found out.
    """

    nonce: bytes
    incarnation: int
    number: int
    epoch: int
    heads: tuple[tuple[Head, ...], ...]
    oldest: int = OLDEST
    newest: int = NEWEST
    restored: bool = False
    next_key: bytes | None = None
    told: Position = START
    twice: bool = False


class Push(Struct, frozen=True, omit_defaults=True):
    """A lane's changes with numbers in (`after`.number, `upto`.number]; what is absent there was superseded.

    `lost` are cells of any origin that a restored cloud has forgotten; only what closes doors is taken from them.
    `read`: the hub knows all of the lane up to there.
    """

    nonce: bytes
    incarnation: int
    epoch: int
    lane: Lane
    after: Head
    upto: Head
    changes: tuple[Change, ...] = ()
    lost: tuple[Row, ...] = ()
    told: Position = START
    read: Position = START


class Pull(Struct, frozen=True, omit_defaults=True):
    """A lane's rows past `after`, or what closes doors past `heard` for a hub that is locked out.

    `past`: nothing that the hub will ever send was written before it had seen this. `pruned`: of the subjects that the
    cloud has forgotten, and numbered, it knows up to this one. `root` is the digest of the lane's rows at the hub,
    where it has read all of them; else empty.
    """

    epoch: int
    lane: Lane
    after: Position
    past: Seen = NOTHING
    pruned: int = 0
    root: bytes = b""
    heard: Position = START


class Compare(Struct, frozen=True, omit_defaults=True):
    """A node of the digest's tree at equal cursors: its path, from the root."""

    epoch: int
    lane: Lane
    at: Position
    path: tuple[int, ...] = ()


class Welcome(Greeting, frozen=True, omit_defaults=True):
    """The answer to a Hello. `incarnation` differs where the hub has to become another.

    `began` is the place up to which the epochs before count. `heads` are the ends that the cloud has of this
    incarnation as the hub knew it. `head` is where the order stands, `durable` up to where it can't be lost any more;
    `pruned` is how many subjects the cloud has forgotten. `key` is the hub's to sign with from now on. `refresh`: what
    was written without having seen this is taken only as far as it closes doors.
    """

    nonce: bytes
    version: int
    epoch: int
    began: Position
    incarnation: int
    heads: tuple[Head, ...]
    head: Position = START
    durable: Position = START
    pruned: int = 0
    refresh: Position = START
    key: bytes | None = None


class Pushed(Struct, frozen=True, omit_defaults=True):
    """The answer to a Push: all of the lane up to the number `upto` is contained in what the cloud has up to `at`.

    `echo` is the hash of the changes' rows (`digest.hash_of`) where these are all that the lane has past the hub's
    `read`, the last of them at `at` and each right after the one before: the hub can make them itself.
    `durable` as in Welcome.
    """

    nonce: bytes
    upto: int
    at: Position
    durable: Position = START
    echo: bytes = b""


class Page(Struct, frozen=True, omit_defaults=True):
    """The answer to a Pull. The cursor moves to `upto`; only where `whole` has the hub seen everything up to there.

    In the middle of a pull it hasn't: a cell that changes meanwhile moves on in the order, past what was read. `gone`
    are ids whose subjects are forgotten, `pruned` the number of the last of them. `agrees`, where the Pull had a root
    and there was nothing to tell: whether both ends have the same rows. `durable` as in Welcome.
    `partial` rows are all that a hub that is locked out may still learn up to `upto`: they close doors, and move no
    cursor. `now` is by the cloud's clock, in milliseconds since 1970: how long ago something came to it is told by that
    clock alone.
    """

    epoch: int
    lane: Lane
    after: Position
    upto: Position
    whole: bool
    rows: tuple[Row, ...] = ()
    durable: Position = START
    gone: tuple[bytes, ...] = ()
    pruned: int = 0
    partial: bool = False
    agrees: bool | None = None
    now: int = 0


class Compared(Struct, frozen=True, omit_defaults=True):
    """The answer to a Compare: the sums of the branches below it; below a leaf, its rows."""

    at: Position
    sums: tuple[bytes, ...] = ()
    rows: tuple[Row, ...] = ()


class Why(StrEnum):
    """For what a request is refused. A hub takes a code that it doesn't know for one to wait after.

    After `greet`, `version` and `repeated` it introduces itself; `malformed`, `forged` and `too_large` are made anew,
    other lanes first; `locked` and `removed` are for good, until an owner does something. `too_large` isn't said by
    the cloud, but by what lies before it (HTTP 413). `moved` is the answer to a Compare alone: ask again later.
    """

    GREET = "greet"
    VERSION = "version"
    REPEATED = "repeated"
    MALFORMED = "malformed"
    FORGED = "forged"
    TOO_LARGE = "too_large"
    LOCKED = "locked"
    REMOVED = "removed"
    UNKNOWN_KEY = "unknown_key"
    CLOUD_BEHIND = "cloud_behind"
    MOVED = "moved"


class Refusal(Greeting, frozen=True, omit_defaults=True):
    """Why nothing was done: a `Why`, or what a newer program has for one. `retry_after` in milliseconds.

    Of a version: those that are spoken where it was refused.
    """

    code: str
    retry_after: int = 0
    oldest: int = 0
    newest: int = 0
