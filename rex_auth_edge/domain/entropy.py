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


def uuid7(entropy: Entropy, now: Moment) -> uuid.UUID:
    """A version 7 UUID (RFC 9562 section 5.7): 48 bits of milliseconds, 74 random bits."""
    random = int.from_bytes(entropy.token_bytes(10))
    value = (now.wall & (1 << 48) - 1) << 80 | 0x7 << 76 | (random >> 62 & 0xFFF) << 64 | 0b10 << 62
    return uuid.UUID(int=value | random & (1 << 62) - 1)


def digits(entropy: Entropy, count: int = 6) -> str:
    """A numeric one-time code of exactly `count` digits."""
    return f"{entropy.below(10**count):0{count}d}"


def session_number(entropy: Entropy) -> int:
    """A positive 53-bit number, exact in every JSON reader, for clients that parse session ids as integers."""
    return entropy.below((1 << 53) - 1) + 1
