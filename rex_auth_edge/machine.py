"""The one place that reads the machine: its clocks, its randomness, its environment, its name."""

import ctypes
import gc
import hashlib
import os
import secrets
import socket
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from uuid import UUID

from rex_auth_edge.domain.clock import SECOND, Moment, Past
from rex_auth_edge.domain.reckoning import Reckoner

BUILT = int(datetime(2026, 11, 1, tzinfo=UTC).timestamp()) * SECOND
"""When this release was made, in milliseconds since 1970: a wall clock below it is wrong."""

SHARED_BOOT = b"the cloud's wall"
"""Stands for a boot id where the wall clock is everybody's."""
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_TIMESYNCD = Path("/run/systemd/timesync/synchronized")
_NANOSECONDS = 1_000_000
_TIME_ERROR = 5
_STA_UNSYNC = 0x40
_FIRST_PASSED = 3
_OBJECTS = 10_000
"""As many as have come and not gone before the garbage collector looks for circles among them."""


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


def boot_id(source: Path = _BOOT_ID) -> bytes | None:
    """16 bytes that name this boot, None where the kernel doesn't tell.

    A digest of the kernel's own id, since tokens bear it and everybody may read those.
    """
    try:
        told = UUID(source.read_text().strip())
    except (OSError, ValueError):
        return None
    return hashlib.blake2b(told.bytes, digest_size=16, person=b"rex-auth-edge").digest()


class SystemClock:
    """The machine's own clock. The kernel is asked about NTP once a second at most, and whenever the wall clock jumps.

    Where the kernel doesn't name the boot, each process is a boot of its own, which begins with it.
    """

    def __init__(
        self,
        wall: Callable[[], int] = wall_milliseconds,
        boot: Callable[[], int] = boot_milliseconds,
        synchronised: Callable[[], bool] = kernel_synchronised,
        name: Callable[[], bytes | None] = boot_id,
    ) -> None:
        self._wall = wall
        self._boot = boot
        self._synchronised = synchronised
        named = name()
        self._since = 0 if named else boot()
        self._reckoner = Reckoner(named or os.urandom(16), BUILT)
        self._asked: int | None = None
        self._offset = 0
        self._synced = False

    def now(self) -> Moment:
        """The present instant. Never waits for NTP."""
        wall, boot = self._wall(), self._boot()
        jumped = abs(wall - boot - self._offset) >= SECOND
        if self._asked is None or boot - self._asked >= SECOND or jumped:
            self._asked, self._synced = boot, self._synchronised()
            wall, boot = self._wall(), self._boot()
            self._offset = wall - boot
        return self._reckoner.moment(wall, boot - self._since, synced=self._synced)

    def explain(self) -> str:
        """Why the clock is in its state."""
        return self._reckoner.explain(self.now())

    def recall(self, past: Past) -> None:
        """Go on from what is on record."""
        self._reckoner.recall(past)


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


def passed_sockets(environ: Mapping[str, str], process: int | None = None) -> Mapping[str, tuple[int, ...]]:
    """The listening sockets that systemd has passed to this process, by name (sd_listen_fds(3))."""
    if environ.get("LISTEN_PID") != str(process or os.getpid()) or not environ.get("LISTEN_FDS", "").isdecimal():
        return {}
    count, names = int(environ["LISTEN_FDS"]), environ.get("LISTEN_FDNAMES", "unknown").split(":")
    found: dict[str, tuple[int, ...]] = {}
    for number in range(count):
        name = names[number] if number < len(names) else "unknown"
        found[name] = (*found.get(name, ()), _FIRST_PASSED + number)
    return found


def host_name() -> str:
    """The name by which others on the LAN find this machine: a bare one gets mDNS's `.local` (RFC 6762 section 3)."""
    name = socket.gethostname().lower().strip(".") or "localhost"
    return name if "." in name or name == "localhost" else f"{name}.local"


def processors() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0))


class ServerClock:
    """The clock of the cloud role: the wall clock, which NTP keeps right on every machine of it.

    Several machines measure one deadline, so none goes by its own boot clock.
    """

    def __init__(self, wall: Callable[[], int] = wall_milliseconds) -> None:
        self._wall = wall

    def now(self) -> Moment:
        """The present instant."""
        wall = self._wall()
        return Moment(wall, SHARED_BOOT, wall)

    def explain(self) -> str:
        """Why the clock is in its state."""
        return "The cloud's machines keep their clocks by NTP; none goes by its own boot clock."

    def recall(self, past: Past) -> None:
        """Nothing is on record of it."""


def addresses() -> frozenset[str]:
    """The addresses of this machine's interfaces as they are now, IPv6 ones without their zone."""
    from ifaddr import get_adapters  # noqa: PLC0415  the console's verbs don't pay for it

    return frozenset(ip.ip if isinstance(ip.ip, str) else ip.ip[0] for card in get_adapters() for ip in card.ips)


def settle_memory() -> None:
    """Have the garbage collector leave alone what is there now: a program's code and tables stay as long as it runs.

    Looking through them again and again is a fifth of what a batch of many small objects costs. Nor does it look after
    every few hundred objects: those of a request go by themselves, and what is left over by then is small.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_OBJECTS, *gc.get_threshold()[1:])
