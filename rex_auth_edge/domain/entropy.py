"""Randomness as an argument, so that a test can hand in its own."""

import uuid
from typing import Protocol

from rex_auth_edge.domain.clock import Moment


class Entropy(Protocol):
    """A source of unpredictable bytes."""

    def token_bytes(self, count: int) -> bytes:
        """`count` random bytes."""
        ...

    def below(self, limit: int) -> int:
        """A uniformly random number of [0, limit)."""
        ...


_RANDOM = (1 << 74) - 1


def uuid7(entropy: Entropy, now: Moment) -> uuid.UUID:
    """A version 7 UUID (RFC 9562 section 5.7): 48 bits of milliseconds, 74 random bits."""
    return _uuid7(now.wall, int.from_bytes(entropy.token_bytes(10)) & _RANDOM)


def _uuid7(milliseconds: int, random: int) -> uuid.UUID:
    high = (milliseconds & (1 << 48) - 1) << 80 | 0x7 << 76 | random >> 62 << 64
    return uuid.UUID(int=high | 0b10 << 62 | random & (1 << 62) - 1)


class Ids:
    """Version 7 UUIDs in order, within a millisecond too (RFC 9562 section 6.2, method 2): rows sort as they came.

    While the wall clock lies below the latest id's time, that time stays and the random part counts on.
    """

    def __init__(self, entropy: Entropy) -> None:
        self._entropy = entropy
        self._wall = -1
        self._random = 0

    def next(self, now: Moment) -> uuid.UUID:
        """An id above the one before, also where the wall clock has been set back."""
        if now.wall <= self._wall:
            self._random = self._random + 1 + int.from_bytes(self._entropy.token_bytes(4))
        if now.wall > self._wall or self._random > _RANDOM:
            self._wall = max(now.wall, self._wall + 1)
            self._random = int.from_bytes(self._entropy.token_bytes(10)) & _RANDOM >> 1
        return _uuid7(self._wall, self._random)


def digits(entropy: Entropy, count: int = 6) -> str:
    """A numeric one-time code of exactly `count` digits."""
    return f"{entropy.below(10**count):0{count}d}"


def session_number(entropy: Entropy) -> int:
    """A positive 53-bit number, exact in every JSON reader, for clients that parse session ids as integers."""
    return entropy.below((1 << 53) - 1) + 1
