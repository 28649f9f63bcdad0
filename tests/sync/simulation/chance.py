"""All that is left to chance in a run, from its seed."""

from collections.abc import Sequence
from typing import TypeVar

from tests.doubles import SeededEntropy

_Thing = TypeVar("_Thing")


class Chance:
    """Dice."""

    def __init__(self, seed: int) -> None:
        self._entropy = SeededEntropy(seed)

    def one_in(self, count: int) -> bool:
        """True once in so many times."""
        return self._entropy.below(count) == 0

    def of(self, things: Sequence[_Thing]) -> _Thing:
        """One of them."""
        return things[self._entropy.below(len(things))]

    def below(self, limit: int) -> int:
        """A number of [0, limit)."""
        return self._entropy.below(limit)

    def bytes(self, count: int = 16) -> bytes:
        """An id, a key or a nonce."""
        return self._entropy.token_bytes(count)
