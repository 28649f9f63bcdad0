"""Tests' folders in memory on a laptop, where one waits for the tests and SQLite would wait for a disk.

In CI they are on a disk; and root's are everywhere, since root's tests fill disks, break them and cut machines off.
"""

import os
from pathlib import Path

from rex_auth_edge import machine

_MEMORY = Path("/dev/shm")  # noqa: S108  pytest makes a folder of its own in it, for this user only
_PLENTY = 1 << 30
"""Bytes that have to be free: all tests together make more than that, but only failed ones' files are kept."""
_PLACE = "PYTEST_DEBUG_TEMPROOT"
"""By which pytest is told where to make its folders."""


def pytest_configure() -> None:
    """Have them made there, unless somebody has said where."""
    said = machine.environment()
    if os.geteuid() != 0 and said.get("CI") != "true" and not {_PLACE, "TMPDIR"} & set(said) and _fit(_MEMORY):
        os.environ[_PLACE] = str(_MEMORY)  # noqa: TID251  pytest reads it there


def _fit(folder: Path) -> bool:
    """Whether tests can have their files and programs in it; in a container it is often small, or for data only."""
    try:
        found = os.statvfs(folder)
    except OSError:
        return False
    roomy = found.f_bavail * found.f_frsize >= _PLENTY
    return roomy and os.access(folder, os.W_OK) and not found.f_flag & os.ST_NOEXEC
