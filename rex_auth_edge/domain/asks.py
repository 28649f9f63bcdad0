"""Devices that ask to be let in: the states of an ask, the codes that people type or say for it, and its limits."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from rex_auth_edge.domain.clock import MINUTE
from rex_auth_edge.domain.entropy import Entropy

OPEN = 5
"""How many asks of a household may be pending at a time."""
OPEN_FROM_ONE, TRIES_FROM_ONE = 2, 5
"""How many from one address may be pending at a time, and be made in the life of one ask: the rest is for others."""
MISSES = 5
"""So many wrong codes end an ask: each counts against every one that is pending, since it was a guess at them all."""
TRIES = 20
"""How often may be asked while a window is open. With `MISSES`: at most 100 guesses at one code of 20^8."""
LIFE = 5 * MINUTE
"""How long an ask waits for a person, and then for its device."""
PACE = 5
"""Seconds between polls (RFC 8628 section 3.5, CIBA section 7.3), and what one that comes too soon adds."""
SHORTEST, USUAL, LONGEST = 3 * MINUTE, 5 * MINUTE, 15 * MINUTE
"""How long a window is open."""
_LETTERS = "BCDFGHJKLMNPQRSTVWXZ"
_LENGTH = 8


class Way(StrEnum):
    """How a device is let in: by an owner's code, by a code of its own, or by six words shown on both sides."""

    SCAN = "scan"
    GRANT = "grant"
    WINDOW = "window"


class AskState(StrEnum):
    """Where an ask stands. One that has expired stays as it was: time has ended it."""

    PENDING = "pending"
    APPROVED = "approved"
    DENIED = "denied"
    MISSED = "missed"
    REDEEMED = "redeemed"
    WITHDRAWN = "withdrawn"


_ASKED: Mapping[AskState, frozenset[AskState]] = MappingProxyType({
    AskState.PENDING: frozenset({AskState.APPROVED, AskState.DENIED, AskState.MISSED, AskState.WITHDRAWN}),
    AskState.APPROVED: frozenset({AskState.REDEEMED, AskState.DENIED}),
})  # fmt: skip
_ADDED: Mapping[AskState, frozenset[AskState]] = MappingProxyType(
    {AskState.PENDING: frozenset({AskState.REDEEMED, AskState.WITHDRAWN})}
)
_MOVES: Mapping[Way, Mapping[AskState, frozenset[AskState]]] = MappingProxyType({
    Way.SCAN: _ADDED, Way.GRANT: _ASKED, Way.WINDOW: _ASKED
})  # fmt: skip


class IllegalMoveError(Exception):
    """A bug: an ask was to go where none can go."""


def unless_illegal(way: Way, before: AskState, after: AskState) -> None:
    """Raises IllegalMoveError where an ask of this way can't go from one state to the other."""
    if after not in _MOVES[way].get(before, frozenset()):
        raise IllegalMoveError(f"{way}: {before} to {after}")


def user_code(entropy: Entropy) -> str:
    """Eight of 20 letters, without vowels and what is like another (RFC 8628 section 6.1): 34 bits."""
    drawn = "".join(_LETTERS[entropy.below(len(_LETTERS))] for _ in range(_LENGTH))
    return f"{drawn[:4]}-{drawn[4:]}"


def letters(text: str) -> str:
    """A code or words as they are compared: letters alone, small."""
    return "".join(char for char in text.lower() if char.isalpha())
