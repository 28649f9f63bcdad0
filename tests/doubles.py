"""Clocks that are advanced by hand and randomness that is repeatable: what the tests hand in for the machine's own."""

import random

from rex_auth_edge.domain.clock import DAY, ClockState, Moment, Past
from rex_auth_edge.machine import BUILT, SystemClock

START = 1_800_000_000_000
"""Where test time begins, in milliseconds since 1970."""


class HandClock:
    """Time that moves only when told to. `step` moves the wall clock alone, as NTP or a person does."""

    def __init__(self, wall: int = START, boot: int = 60_000, boot_id: bytes = b"b" * 16) -> None:
        self.wall = wall
        self.boot = boot
        self.boot_id = boot_id
        self.state = ClockState.SYNCED
        self.past: Past | None = None

    def now(self) -> Moment:
        """The instant that the test has set."""
        return Moment(self.wall, self.boot_id, self.boot, self.state, self.past)

    def explain(self) -> str:
        """What the test has said."""
        return f"A test's hand has set it: {self.state.value}."

    def recall(self, past: Past) -> None:
        """Go on from what is on record; a reboot without it forgets again."""
        self.past, self.boot_id = past, past.boot_id

    def advance(self, milliseconds: int) -> None:
        """Let time pass."""
        self.wall += milliseconds
        self.boot += milliseconds

    def step(self, milliseconds: int) -> None:
        """Set the wall clock forward or, if negative, back, while no time passes."""
        self.wall += milliseconds

    def reboot(self, boot_id: bytes = b"c" * 16) -> None:
        """A new boot: the boot clock starts again."""
        self.boot_id = boot_id
        self.boot = 1_000
        self.past = None


class Machine:
    """A machine whose wall clock, boot clock and NTP the test sets; `power_on` gives the program's own clock on it."""

    def __init__(self, wall: int = BUILT + 30 * DAY, boot: int = 60_000, *, ntp: bool = False) -> None:
        self.wall = wall
        self.boot = boot
        self.ntp = ntp
        self.asked = 0
        self.boots = 1

    def power_on(self) -> SystemClock:
        """The clock that a process has, started now; nothing is recalled yet."""
        name = self.boots.to_bytes(16)
        return SystemClock(lambda: self.wall, lambda: self.boot, self._synchronised, lambda: name)

    def _synchronised(self) -> bool:
        self.asked += 1
        return self.ntp

    def advance(self, milliseconds: int) -> None:
        """Let time pass."""
        self.wall += milliseconds
        self.boot += milliseconds

    def reboot(self, wall: int | None = None, *, ntp: bool = False) -> None:
        """Switch it off and on: with a wall clock that may have been lost, and before NTP has answered."""
        self.boots += 1
        self.boot = 20_000
        self.wall = self.wall if wall is None else wall
        self.ntp = ntp


class SeededEntropy:
    """Repeatable bytes; distinct seeds give distinct streams."""

    def __init__(self, seed: int = 47) -> None:
        self._random = random.Random(seed)

    def token_bytes(self, count: int) -> bytes:
        """The next `count` bytes of the stream."""
        return self._random.randbytes(count)

    def below(self, limit: int) -> int:
        """The next number of [0, limit)."""
        return self._random.randrange(limit)
