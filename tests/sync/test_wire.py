"""What goes over the line: it comes out as it went in, and nothing that is damaged, too large or foreign comes in."""

import zlib
from contextlib import suppress

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rex_auth_edge.sync.bodies import Change, Head, Push, Pushed
from rex_auth_edge.sync.order import NOTHING, Lane, Position, Tag
from rex_auth_edge.sync.state import Held, State
from rex_auth_edge.sync.wire import LARGEST_PLAIN, WireError, decode, encode, pack_state, unpack_state
from tests.sync.houses import HUB_A, MAYA
from tests.sync.states import normal


def push(state: bytes = b"\x80") -> Push:
    """A body."""
    change = Change("user.profile", MAYA, 7, NOTHING, state, HUB_A)
    return Push(b"n" * 16, 1, 1, Lane.IDENTITY, Head(6, b"h" * 16), Head(7, b"i" * 16), (change,))


@settings(max_examples=60, deadline=None)
@given(normal)
def test_a_state_has_one_form(state: State) -> None:
    """It comes back as it was, and its bytes are the same ones again."""
    raw = pack_state(state)
    assert unpack_state(raw) == state
    assert pack_state(unpack_state(raw)) == raw


@settings(max_examples=50, deadline=None)
@given(
    normal, st.dictionaries(st.sampled_from(["later", "a", "zz"]), st.integers(0, 9) | st.text(max_size=3), min_size=1)
)
def test_an_old_node_carries_what_it_does_not_know(state: State, newer: dict[str, object]) -> None:
    """Parts that a newer program has put into a cell go through an old one unchanged."""
    sorted_encoder = msgspec.msgpack.Encoder(order="sorted")
    raw = sorted_encoder.encode({**msgspec.msgpack.decode(pack_state(state)), **newer})
    assert pack_state(unpack_state(raw)) == raw


def test_a_body_comes_out_as_it_went_in() -> None:
    """Compressed, and with its version."""
    assert decode(encode(push()), Push) == push()


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_a_damaged_body_is_refused(data: st.DataObject) -> None:
    """Cut off anywhere, or with any bit flipped, it never becomes another body."""
    raw = encode(push())
    if data.draw(st.booleans()):
        damaged = raw[: data.draw(st.integers(0, len(raw) - 1))]
    else:
        bit = data.draw(st.integers(0, 8 * len(raw) - 1))
        damaged = bytes(byte ^ (1 << bit % 8 if place == bit // 8 else 0) for place, byte in enumerate(raw))
    with suppress(WireError):
        assert decode(damaged, Push) == push()


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=80))
@example(b"\x93\x01\xa1\xff\xc0")
@example(b"\x81\xa5needs\x91\xa1\xff")
def test_anything_else_is_refused(raw: bytes) -> None:
    """Garbage raises WireError and nothing else, as a body, as what is inside of one, and as a state."""
    for body in (raw, zlib.compress(raw), zlib.compress(b"\x93\x01\xa4Push" + raw)):
        with pytest.raises(WireError):
            decode(body, Push)
    with suppress(WireError):
        unpack_state(raw)


def test_a_bomb_is_not_inflated() -> None:
    """What would grow past the bound is refused, as is what is too large to begin with."""
    for body in (zlib.compress(bytes(LARGEST_PLAIN + 1)), bytes(LARGEST_PLAIN), encode(push()) + b"more"):
        with pytest.raises(WireError):
            decode(body, Push)


def test_another_body_or_version_is_refused() -> None:
    """An answer isn't a request, and what is written for a later version isn't guessed at."""
    later = zlib.compress(msgspec.msgpack.encode((2, "Push", push())))
    for body in (encode(Pushed(b"", 0, Position(0, 0))), later):
        with pytest.raises(WireError):
            decode(body, Push)


def test_a_state_in_other_bytes_is_refused() -> None:
    """The same content in another order or form would have another digest."""
    with pytest.raises(WireError):
        unpack_state(msgspec.msgpack.encode({"version": 1, "fields": {}}))
    state = State(fields={"a": Held(Position(1, 1), Tag(HUB_A, 1, 1), 1)})
    assert unpack_state(pack_state(state)) == state
