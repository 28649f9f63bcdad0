"""The one place of this room that reads the device itself: its clocks and its randomness."""

import hashlib
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

BUILT = 1_793_491_200_000
"""When this release was made, in milliseconds since 1970 (2026-11-01): a clock below it is wrong."""

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_NANOSECONDS = 1_000_000


@dataclass(frozen=True, slots=True)
class Reading:
    """What the device's clocks say, in milliseconds: `wall` since 1970, `boot` since this boot (`boot_id`) began."""

    wall: int
    boot: int
    boot_id: str


def clock(source: Path = _BOOT_ID) -> Callable[[], Reading]:
    """The device's own clocks. Where the kernel doesn't name its boot, each process counts as a boot of its own."""
    since = 0
    try:
        boot_id = hashlib.sha256(source.read_bytes().strip()).hexdigest()[:32]
    except OSError:
        boot_id, since = token_bytes(16).hex(), _boot()

    def read() -> Reading:
        return Reading(time.time_ns() // _NANOSECONDS, _boot() - since, boot_id)

    return read


def token_bytes(count: int) -> bytes:
    """`count` unpredictable bytes."""
    return os.urandom(count)


def wait(seconds: float) -> None:
    """Let time pass."""
    time.sleep(seconds)


def _boot() -> int:
    """Suspended time counts."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // _NANOSECONDS
