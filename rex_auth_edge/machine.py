"""The one place that reads the machine: its clocks, its randomness, its environment, its name."""

import ctypes
import os
import secrets
import socket
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from uuid import UUID

from rex_auth_edge.domain.clock import SECOND, ClockState, Moment

BUILT = int(datetime(2026, 11, 1, tzinfo=UTC).timestamp()) * SECOND
"""When this release was made, in milliseconds since 1970: a wall clock below it is wrong."""

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_TIMESYNCD = Path("/run/systemd/timesync/synchronized")
_NANOSECONDS = 1_000_000
_TIME_ERROR = 5
_STA_UNSYNC = 0x40


class _Timex(ctypes.Structure):
    """The kernel's `struct timex` (adjtimex(2)) up to `status`, and room for the rest of it."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_char * 256),
    )


def wall_milliseconds() -> int:
    """The wall clock, in milliseconds since 1970."""
    return time.time_ns() // _NANOSECONDS


def boot_milliseconds() -> int:
    """Milliseconds since this boot began, suspended time included; no setting of the wall clock moves it."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // _NANOSECONDS


def kernel_synchronised() -> bool:
    """Whether NTP keeps the kernel's clock right at present.

    A hardened unit (`ProtectClock=`) may not ask the kernel; what systemd-timesyncd leaves in /run then answers.
    """
    timex = _Timex()
    state = ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.byref(timex))
    if state < 0:
        return _TIMESYNCD.exists()
    return state != _TIME_ERROR and not timex.status & _STA_UNSYNC


def boot_id(source: Path = _BOOT_ID) -> bytes:
    """16 bytes that name this boot; where the kernel doesn't tell, they name this process."""
    try:
        return UUID(source.read_text().strip()).bytes
    except (OSError, ValueError):
        return os.urandom(16)


class SystemClock:
    """The machine's own clock. The kernel is asked about NTP once a second at most: the answer costs a system call."""

    def __init__(
        self,
        wall: Callable[[], int] = wall_milliseconds,
        boot: Callable[[], int] = boot_milliseconds,
        synchronised: Callable[[], bool] = kernel_synchronised,
    ) -> None:
        self._wall = wall
        self._boot = boot
        self._synchronised = synchronised
        self._boot_id = boot_id()
        self._asked = boot() - SECOND
        self._synced_now = False
        self._synced_once = False

    def now(self) -> Moment:
        """The present instant. Never waits for NTP."""
        wall, boot = self._wall(), self._boot()
        if boot - self._asked >= SECOND:
            self._asked = boot
            self._synced_now = self._synchronised()
            self._synced_once |= self._synced_now
        return Moment(wall, self._boot_id, boot, self._state(wall))

    def _state(self, wall: int) -> ClockState:
        if wall < BUILT:
            return ClockState.UNKNOWN
        if self._synced_now:
            return ClockState.SYNCED
        return ClockState.HOLDOVER if self._synced_once else ClockState.FLOOR


class SystemEntropy:
    """The kernel's random number generator."""

    def token_bytes(self, count: int) -> bytes:
        """`count` random bytes."""
        return secrets.token_bytes(count)

    def below(self, limit: int) -> int:
        """A uniformly random number of [0, limit)."""
        return secrets.randbelow(limit)


def environment() -> Mapping[str, str]:
    """The process's environment as it is now, to be read and not to be changed."""
    return MappingProxyType(dict(os.environ))


def credentials_directory(environ: Mapping[str, str]) -> Path | None:
    """Where systemd has put this unit's credentials (systemd.exec(5), LoadCredential=)."""
    place = environ.get("CREDENTIALS_DIRECTORY")
    return Path(place) if place else None


def host_name() -> str:
    """The name by which others on the LAN find this machine: a bare one gets mDNS's `.local` (RFC 6762 section 3)."""
    name = socket.gethostname().lower().strip(".") or "localhost"
    return name if "." in name or name == "localhost" else f"{name}.local"


def processors() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0))
