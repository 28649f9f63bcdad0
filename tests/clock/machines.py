"""A real hub whose wall clock, boot clock and NTP a test moves: by libfaketime, time namespaces and a file."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from rex_auth_edge import machine
from rex_auth_edge.domain.clock import SECOND
from tests.processes import Process, environment

_COMMAND = (sys.executable, "-m", "rex_auth_edge", "serve", "--development")
_NTP = """
from pathlib import Path
from rex_auth_edge import machine

wall, boot, _, name = machine.SystemClock.__init__.__defaults__
machine.SystemClock.__init__.__defaults__ = (wall, boot, Path({path!r}).exists, name)
"""
"""What Python runs before the program (`sitecustomize`): NTP keeps the clock right while a file is there."""


def _library() -> Path | None:
    return next(iter(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1")), None)


def _unless(there: bool, said: str) -> None:  # noqa: FBT001 - a condition and what to say without it
    if not there:
        pytest.fail(said) if machine.environment().get("CI") == "true" else pytest.skip(said)


def needs_libfaketime() -> None:
    """Skip without it, but not in CI."""
    _unless(_library() is not None, "libfaketime isn't installed. On Debian: apt install libfaketime")


def needs_time_namespaces() -> None:
    """Skip where root is needed, but not in CI; a kernel that forbids them to root is skipped there, too."""
    _unless(os.geteuid() == 0, "Boot time is moved by root only.")
    tried = subprocess.run(["unshare", "-T", "--boottime", "1", "true"], capture_output=True, check=False)
    if tried.returncode:
        pytest.skip("This machine makes no time namespaces.")


@dataclass
class Moved:
    """What a hub is told of time; `folder` keeps that, and the hub's data."""

    folder: Path

    def __post_init__(self) -> None:
        """The real time, without NTP."""
        needs_libfaketime()
        (self.folder / "sitecustomize.py").write_text(_NTP.format(path=str(self.folder / "ntp")))
        self.shift(0)

    def shift(self, seconds: int) -> None:
        """Set the wall clock so far from the real one; a hub that runs sees it at once."""
        new = self.folder / "faketime.new"
        new.write_text(f"{seconds:+d}")
        new.replace(self.folder / "faketime")

    def set(self, wall: int) -> None:
        """Set the wall clock, in milliseconds since 1970."""
        self.shift((wall - time.time_ns() // 1_000_000) // SECOND)  # noqa: TID251 - what is moved is the real clock

    def ntp(self, *, synced: bool) -> None:
        """Whether the kernel calls the clock synchronised."""
        path = self.folder / "ntp"
        path.touch() if synced else path.unlink(missing_ok=True)

    def slowly(self) -> dict[str, str]:
        """The environment of a process that sees within a second how its clock was moved: that costs it much less."""
        kept = {name: value for name, value in self.told.items() if name != "FAKETIME_NO_CACHE"}
        return kept | {"FAKETIME_CACHE_DURATION": "1"}

    def later(self, by: str) -> dict[str, str]:
        """The environment in which a process goes by the real clock, later by so much (`+30d`), and never moved."""
        moved = {"FAKETIME_TIMESTAMP_FILE", "FAKETIME_NO_CACHE"}
        return {name: value for name, value in self.told.items() if name not in moved} | {"FAKETIME": by}

    @property
    def told(self) -> dict[str, str]:
        """The environment in which a process goes by this clock."""
        return {
            "PYTHONPATH": str(self.folder),
            "LD_PRELOAD": str(_library()),
            "FAKETIME_TIMESTAMP_FILE": str(self.folder / "faketime"),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "NO_FAKE_STAT": "1",
        }

    @contextmanager
    def hub(self, later: int = 0, **settings: str) -> Iterator[Process]:
        """A hub; `later` is by how many seconds its boot clock is ahead of the machine's. It ends orderly."""
        env = environment(self.folder / "data", RATE_LIMIT_ENABLED="false", **self.told, **settings)
        under = ["unshare", "-T", "--boottime", str(later)] if later else []
        process = subprocess.Popen([*under, *_COMMAND], env=env, stderr=subprocess.PIPE, text=True)
        hub = Process(process, self.folder / "data")
        try:
            hub.url = hub.read_until(r"serves (https?://\S+)")
            yield hub
            assert hub.stop() == 0
        finally:
            hub.close()
