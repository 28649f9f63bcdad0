"""Confirmations: what a person has to agree to on their own phone before a device does it for them (OpenID CIBA).

Whoever holds a device's key could ask until somebody gives in. So each ask that isn't agreed to makes the next one wait
longer: of one device a person sees 7 in 24 hours at most (at 0, 1, 6, 36, 396, 756 and 1,116 minutes), of all 12.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from rex_auth_edge.domain.clock import DAY, HOUR, MINUTE

OPEN = 3
"""How many may wait for one person at a time; of one device, one."""
A_DAY = 12
"""How many that weren't agreed to a person is shown within `REMEMBERED`, whatever devices they come from."""
REMEMBERED = DAY
SHORTEST, USUAL, LONGEST = MINUTE, 2 * MINUTE, 5 * MINUTE
"""How long one waits for the person."""
FOR_THE_DEVICE = MINUTE
"""How long one that was agreed to waits for its device."""
LONGEST_MESSAGE = 80
_PAUSES = (MINUTE, 5 * MINUTE, 30 * MINUTE, 6 * HOUR)


class ConfirmationState(StrEnum):
    """Where one stands. One that has expired stays as it was: time has ended it."""

    PENDING = "pending"
    APPROVED = "approved"
    DENIED = "denied"
    REDEEMED = "redeemed"
    WITHDRAWN = "withdrawn"

    @property
    def agreed(self) -> bool:
        """Whether the person has agreed, and nothing has come of it but what they agreed to."""
        return self in {ConfirmationState.APPROVED, ConfirmationState.REDEEMED}


_MOVES: Mapping[ConfirmationState, frozenset[ConfirmationState]] = MappingProxyType({
    ConfirmationState.PENDING: frozenset({
        ConfirmationState.APPROVED, ConfirmationState.DENIED, ConfirmationState.WITHDRAWN
    }),
    ConfirmationState.APPROVED: frozenset({ConfirmationState.REDEEMED, ConfirmationState.WITHDRAWN}),
})  # fmt: skip


class IllegalMoveError(Exception):
    """A bug: a confirmation was to go where none can go."""


def unless_illegal(before: ConfirmationState, after: ConfirmationState) -> None:
    """Raises IllegalMoveError where a confirmation can't go from one state to the other."""
    if after not in _MOVES.get(before, frozenset()):
        raise IllegalMoveError(f"{before} to {after}")


def pause(misses: int) -> int:
    """Milliseconds that a device waits after so many in a row (1 or more) that weren't agreed to."""
    return _PAUSES[min(misses, len(_PAUSES)) - 1]


def life(wished: int | None) -> int:
    """How long one waits for the person, in milliseconds, where the device wishes so many seconds or says nothing."""
    return USUAL if wished is None else min(max(wished * 1_000, SHORTEST), LONGEST)
