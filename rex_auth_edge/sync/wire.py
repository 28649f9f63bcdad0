"""How bodies go over the line: versioned MessagePack, bounded before and after it is inflated.

A body begins with the version in which it is written: the one that both ends have agreed on when they met. Fields that
this program doesn't know are carried along inside a cell's state, and passed over elsewhere.
"""

import zlib
from typing import TypeVar

import msgspec
from msgspec import Struct

from rex_auth_edge.sync.bodies import NEWEST, OLDEST, Greeting
from rex_auth_edge.sync.state import State

LARGEST_BODY = 256 * 1024
"""Bytes of a body on the line; LARGEST_PLAIN of what it inflates to."""
LARGEST_PLAIN = 4 * 1024 * 1024
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
