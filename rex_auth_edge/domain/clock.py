"""Time as a value: wall clock, boot clock and running time together, so that moving the wall clock moves no deadline.

Running time is the time that a node has seen pass, added up over its boots and never over a pause between them: it can
be too little, and never too much, whatever anybody tells the wall clock.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR


class ClockState(StrEnum):
    """How far the wall clock can be believed: told right now, earlier in this boot, never in it, or not at all."""

    SYNCED = "synced"
    HOLDOVER = "holdover"
    FLOOR = "floor"
    UNKNOWN = "unknown"

    @property
    def sure(self) -> bool:
        """Whether the wall clock decides over what earlier boots have issued."""
        return self in {ClockState.SYNCED, ClockState.HOLDOVER}


@dataclass(frozen=True, slots=True)
class Boot:
    """A boot that is on record: the running time at which it began, and the wall clock then.

    The latter is what NTP has told later in that boot, None where it never has.
    """

    began: int
    anchor: int | None = None


@dataclass(frozen=True, slots=True)
class Past:
    """What a node has on record of time: its boots, the present one (`boot_id`) among them.

    `lift` is how far the floor lies above running time; `first` says that there was no boot before this one.
    """

    boot_id: bytes
    boots: Mapping[bytes, Boot]
    lift: int = 0
    first: bool = True

    @property
    def present(self) -> Boot:
        """The boot that goes on."""
        return self.boots[self.boot_id]


@dataclass(frozen=True, slots=True)
class Moment:
    """One instant. `wall` is milliseconds since 1970 (UTC), `boot` milliseconds since this boot began.

    Without a `past` nothing is on record, and the wall clock is all there is.
    """

    wall: int
    boot_id: bytes
    boot: int
    state: ClockState = ClockState.SYNCED
    past: Past | None = field(default=None, repr=False, compare=False)

    @property
    def seconds(self) -> int:
        """Whole seconds since 1970, as JWTs count (RFC 7519 section 2)."""
        return self.wall // SECOND

    @property
    def running(self) -> int:
        """Running time in milliseconds, on a scale of its own: only differences mean anything."""
        return self.wall if self.past is None else self.past.present.began + self.boot

    @property
    def floor(self) -> int:
        """A time (milliseconds since 1970) that has come for sure: what is kept for a while is purged by this one."""
        return self.wall if self.past is None else self.running + self.past.lift

    @property
    def anchor(self) -> int | None:
        """What the wall clock was when this boot began, where that can be told."""
        return self.wall - self.boot if self.state.sure else None

    def after(self, milliseconds: int) -> "Deadline":
        """The deadline that lies `milliseconds` ahead."""
        return Deadline(self.wall + milliseconds, self.boot_id, self.boot + milliseconds)


@dataclass(frozen=True, slots=True)
class Deadline:
    """When something ends. Within the boot that set it the boot clock decides, and nothing else."""

    wall: int
    boot_id: bytes
    boot: int

    def remaining(self, now: Moment) -> int:
        """Milliseconds that are left of something granted; 0 or less once it is over.

        After a reboot it is what is left in running time, or by the wall clock where that is sure and says less. Of a
        boot that isn't on record nothing but a sure wall clock can tell.
        """
        if now.boot_id == self.boot_id:
            return self.boot - now.boot
        if now.past is None:
            return self.wall - now.wall
        boot = now.past.boots.get(self.boot_id)
        if boot is None:
            return self.wall - now.wall if now.state.sure else 0
        left = boot.began + self.boot - now.running
        wall = self.wall if boot.anchor is None else boot.anchor + self.boot
        return min(left, wall - now.wall) if now.state.sure else left

    def passed(self, now: Moment) -> bool:
        """Whether the end of something granted has come."""
        return self.remaining(now) <= 0

    def unserved(self, now: Moment) -> int:
        """Milliseconds that are left of something imposed, such as a ban; 0 or less once it is over.

        Only running time counts: neither a wall clock nor a reboot shortens it, and a hub that is off serves nothing.
        """
        if now.boot_id == self.boot_id:
            return self.boot - now.boot
        boot = now.past.boots.get(self.boot_id) if now.past else None
        return self.wall - now.wall if boot is None else boot.began + self.boot - now.running


class Clock(Protocol):
    """Where `Moment`s come from: the machine, or a test that advances time by hand."""

    def now(self) -> Moment:
        """The present instant."""
        ...

    def explain(self) -> str:
        """Why the clock is in its state: a sentence for people."""
        ...

    def recall(self, past: Past) -> None:
        """Go on from what is on record."""
        ...
