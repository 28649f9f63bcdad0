"""A clock that is advanced by hand and randomness that is repeatable: what the tests hand in for the machine's own."""

import random

from rex_auth_edge.domain.clock import ClockState, Moment

START = 1_800_000_000_000
"""Where test time begins, in milliseconds since 1970."""


class HandClock:
    """Time that moves only when told to. `step` moves the wall clock alone, as NTP or a person does."""

    def __init__(self, wall: int = START, boot: int = 60_000, boot_id: bytes = b"b" * 16) -> None:
        self.wall = wall
        self.boot = boot
        self.boot_id = boot_id
        self.state = ClockState.SYNCED

    def now(self) -> Moment:
        """The instant that the test has set."""
        return Moment(self.wall, self.boot_id, self.boot, self.state)

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
