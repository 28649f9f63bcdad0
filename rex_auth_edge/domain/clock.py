"""Time as a value: wall clock and boot clock together, so that moving the wall clock moves no deadline."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR


class ClockState(StrEnum):
    """How far the wall clock can be believed."""

    SYNCED = "synced"
    HOLDOVER = "holdover"
    FLOOR = "floor"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Moment:
    """One instant. `wall` is milliseconds since 1970 (UTC), `boot` milliseconds since this boot began."""

    wall: int
    boot_id: bytes
    boot: int
    state: ClockState = ClockState.SYNCED

    @property
    def seconds(self) -> int:
        """Whole seconds since 1970, as JWTs count (RFC 7519 section 2)."""
        return self.wall // SECOND

    def after(self, milliseconds: int) -> "Deadline":
        """The deadline that lies `milliseconds` ahead."""
        return Deadline(self.wall + milliseconds, self.boot_id, self.boot + milliseconds)


@dataclass(frozen=True, slots=True)
class Deadline:
    """When something ends. Within the boot that set it the boot clock decides, after that the wall clock."""

    wall: int
    boot_id: bytes
    boot: int

    def remaining(self, now: Moment) -> int:
        """Milliseconds left; 0 or less once it has passed."""
        if now.boot_id == self.boot_id:
            return self.boot - now.boot
        return self.wall - now.wall

    def passed(self, now: Moment) -> bool:
        """Whether the end has come."""
        return self.remaining(now) <= 0


class Clock(Protocol):
    """Where `Moment`s come from: the machine, or a test that advances time by hand."""

    def now(self) -> Moment:
        """The present instant."""
        ...
