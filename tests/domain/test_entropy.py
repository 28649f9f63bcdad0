"""Ids and codes made of the randomness that is handed in."""

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rex_auth_edge.domain.clock import DAY
from rex_auth_edge.domain.entropy import Ids, digits, session_number, uuid7
from tests.doubles import HandClock, SeededEntropy

walls = st.integers(0, (1 << 48) - 1)


class Fixed:
    """Randomness at its edge: every bit the same, every number the highest or the lowest."""

    def __init__(self, byte: int) -> None:
        self._byte = byte

    def token_bytes(self, count: int) -> bytes:
        """All alike."""
        return bytes([self._byte]) * count

    def below(self, limit: int) -> int:
        """One end of the range."""
        return limit - 1 if self._byte else 0


@given(wall=walls, seed=st.integers())
def test_uuid7(wall: int, seed: int) -> None:
    """RFC 9562, section 5.7: the milliseconds first, then version 7 and the variant; different each time."""
    entropy, now = SeededEntropy(seed), HandClock(wall).now()
    one, other = uuid7(entropy, now), uuid7(entropy, now)
    assert (one.version, one.variant) == (7, uuid.RFC_4122)
    assert int.from_bytes(one.bytes[:6]) == wall
    assert one != other


@pytest.mark.parametrize("byte", [0x00, 0xFF])
def test_uuid7_at_the_edge(byte: int) -> None:
    """No randomness runs over into the time, the version or the variant."""
    made = uuid7(Fixed(byte), HandClock().now())
    assert (made.version, made.variant) == (7, uuid.RFC_4122)
    assert int.from_bytes(made.bytes[:6]) == HandClock().wall


@given(seed=st.integers(), waits=st.lists(st.integers(0, 2), min_size=1, max_size=60))
def test_ids_rise(seed: int, waits: list[int]) -> None:
    """Ids of one place rise, within a millisecond too, so that rows sort as they came."""
    clock, ids = HandClock(), Ids(SeededEntropy(seed))
    made = []
    for wait in waits:
        clock.advance(wait)
        made.append(ids.next(clock.now()))
        assert (made[-1].version, made[-1].variant) == (7, uuid.RFC_4122)
        assert int.from_bytes(made[-1].bytes[:6]) == clock.wall
    assert made == sorted(made)
    assert len(set(made)) == len(made)


def test_ids_after_a_clock_set_back() -> None:
    """A clock that is set back keeps the order too, however far and however often."""
    clock, ids = HandClock(), Ids(SeededEntropy())
    made = []
    for step in (0, -5, 5, -5, 5, 0, 70 * 365 * DAY, -70 * 365 * DAY, DAY):
        clock.step(step)
        made.append(ids.next(clock.now()))
        assert (made[-1].version, made[-1].variant) == (7, uuid.RFC_4122)
    assert made == sorted(set(made))


def test_ids_when_the_random_part_is_used_up() -> None:
    """They go on in the next millisecond."""
    clock, ids = HandClock(), Ids(Fixed(0xFF))
    ids._random = (1 << 74) - 2
    ids._wall = clock.wall
    made = [ids.next(clock.now()) for _ in range(3)]
    assert made == sorted(set(made))
    assert int.from_bytes(made[0].bytes[:6]) == clock.wall + 1


@given(seed=st.integers(), count=st.integers(1, 12))
def test_codes(seed: int, count: int) -> None:
    """A code has exactly its number of digits; a leading zero is one of them."""
    code = digits(SeededEntropy(seed), count)
    assert (len(code), code.isascii(), code.isdigit()) == (count, True, True)


def test_codes_at_the_edge() -> None:
    """All codes can come, from 000000 to 999999; all session numbers from 1 to what JavaScript counts exactly."""
    assert [digits(Fixed(byte)) for byte in (0, 1)] == ["000000", "999999"]
    assert [session_number(Fixed(byte)) for byte in (0, 1)] == [1, 2**53 - 1]
