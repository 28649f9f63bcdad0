"""What goes over the line: versioned MessagePack that only grows, bounded before and after it is inflated.

A body begins with the version in which it is written: the one that both ends have agreed on when they met. Fields that
this program doesn't know are carried along inside a cell's state, and passed over elsewhere.
"""

import zlib
from typing import TypeVar

import msgspec
from msgspec import Struct

from rex_auth_edge.sync.order import NOTHING, START, Lane, Position, Seen
from rex_auth_edge.sync.state import Cell, State

OLDEST, NEWEST = 1, 1
"""The versions of the exchange that this program speaks."""

LARGEST_BODY = 256 * 1024
"""Bytes of a body on the line; LARGEST_PLAIN of what it inflates to."""
LARGEST_PLAIN = 4 * 1024 * 1024
MOST_CHANGES = 500
_EFFORT = 1
"""Of zlib's levels: ids and hashes don't get shorter by trying harder, which takes twice as long at least."""

_FIELDS = frozenset(State.__struct_fields__)
_SORTED = msgspec.msgpack.Encoder(order="sorted")
_STATE = msgspec.msgpack.Decoder(State)
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_Body = TypeVar("_Body", bound=Struct)


class WireError(ValueError):
    """What came is no body: cut off, changed, too large, or of a version that isn't spoken here."""


class UnspokenError(WireError):
    """A body of a version that this program doesn't speak."""


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

    `heads` are, for each lane, the ends that the hub vouches for: what was acknowledged, and what it has tried to send.
    `restored` says that it found itself older than its copy, and has written nothing since. `told` is the furthest
    place that the cloud has told it of, in whatever epoch. `twice`: there is another copy of it, as it has found out.
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
    """A lane's rows past `after`. `past`: nothing that the hub will ever send was written before it had seen this.

    `heard`: up to where a hub that is locked out has been told what it may still learn.
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
    incarnation as the hub knew it. `refresh`: what was written without having seen this is taken only as far as it
    closes doors.
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
    """The answer to a Push: all of the lane up to `upto` is contained in what the cloud has up to `at`.

    `echo` is the hash of the changes' rows (`digest.hash_of`) where these are all that the lane has past the hub's
    `read`, the last of them at `at` and each right after the one before: the hub can make them itself.
    """

    nonce: bytes
    upto: int
    at: Position
    durable: Position = START
    echo: bytes = b""


class Page(Struct, frozen=True, omit_defaults=True):
    """The answer to a Pull. The cursor moves to `upto`; only where `whole` has the hub seen everything up to there.

    In the middle of a pull it hasn't: a cell that changes meanwhile moves on in the order, past what was read.
    `partial` rows are what a hub that is locked out may still learn, all of it up to `upto`: they close doors, and move
    no cursor. `now` is by
    the cloud's clock, in milliseconds since 1970: how long ago something came to it is told by that clock alone.
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


class Refusal(Greeting, frozen=True, omit_defaults=True):
    """Why nothing was done. `retry_after` in milliseconds. Of a version: those that are spoken where it was refused."""

    code: str
    retry_after: int = 0
    oldest: int = 0
    newest: int = 0


def pack_state(state: State) -> bytes:
    """The state's only bytes: equal states have equal ones, on every node.

    What a newer program has added is among them. Raises TypeError for values that have no such bytes.
    """
    if not state.rest:
        return _SORTED.encode(state)
    plain = msgspec.to_builtins(state, builtin_types=(bytes,))
    return _SORTED.encode({**plain.pop("rest"), **plain})


def unpack_state(raw: bytes) -> State:
    """The state of these bytes; what this program doesn't know is in its `rest`. Raises WireError."""
    try:
        known = _STATE.decode(raw)
        if pack_state(known) == raw:
            return known
        every = msgspec.msgpack.decode(raw)
        unknown = {name: value for name, value in every.items() if name not in _FIELDS}
        state = msgspec.structs.replace(known, rest=unknown)
        if pack_state(state) != raw:
            raise WireError("These aren't the state's own bytes")
    except (*_UNREADABLE, TypeError) as error:
        raise WireError("This is no cell's state") from error
    else:
        return state


def encode(body: Struct, version: int = NEWEST) -> bytes:
    """A body for the line: compressed, with a checksum of what is inside; in the newest version if not in this one."""
    spoken = version if OLDEST <= version <= NEWEST else NEWEST
    return zlib.compress(_SORTED.encode((spoken, type(body).__name__, body)), _EFFORT)


class Opened(Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """A body's version and kind, and what is in it, still packed."""

    version: int
    name: str
    inside: msgspec.Raw

    def read(self, wanted: type[_Body], name: str = "") -> _Body:
        """What is in it, or what `wanted` has of the type called `name`. Raises WireError."""
        if self.name != (name or wanted.__name__):
            raise WireError("The body is of another kind")
        if not (OLDEST <= self.version <= NEWEST or issubclass(wanted, Greeting)):
            raise UnspokenError("The body is of another version")
        try:
            return msgspec.msgpack.decode(self.inside, type=wanted)
        except _UNREADABLE as error:
            raise WireError("The body doesn't hold what it should") from error


def opened(raw: bytes, largest: int = LARGEST_BODY) -> Opened:
    """The body of these bytes, for whom its kind tells how to read it; in bounds. Raises WireError."""
    if len(raw) > largest:
        raise WireError("The body is too large")
    try:
        return msgspec.msgpack.decode(_inflate(raw), type=Opened)
    except _UNREADABLE as error:
        raise WireError("This is no body") from error


def decode(raw: bytes, wanted: type[_Body]) -> _Body:
    """The body of these bytes, which are to be of this kind. Raises WireError."""
    return opened(raw).read(wanted)


def name_of(raw: bytes) -> str:
    """What kind of body these bytes are. Raises WireError."""
    return opened(raw, LARGEST_PLAIN).name


def _inflate(raw: bytes) -> bytes:
    inflater = zlib.decompressobj()
    try:
        plain = inflater.decompress(raw, LARGEST_PLAIN)
    except zlib.error as error:
        raise WireError("The body isn't whole") from error
    if not inflater.eof or inflater.unused_data:
        raise WireError("The body is too large, cut off, or followed by something")
    return plain
