"""The room on the disk beside a SQLite database, and a reserve of it for what must be written on a full one."""

import logging
import os
from pathlib import Path

MIB = 1024 * 1024
RESERVE = 8 * MIB
"""What a hub keeps for revocations: they take some 50 KiB each until the log is checkpointed, and 2 KiB for good."""
LOW = 8 * MIB
"""Below so many free bytes, the reserve apart, the disk counts as full."""
HIGH = 12 * MIB
"""From so many on it doesn't any more, so that a disk at the mark doesn't flutter."""
PORTION = MIB
"""How much of the reserve is given up at a time: what is given, another program may take first."""

_BLOCK = 512

_log = logging.getLogger(__name__)


class Space:
    """Whether a database has room to grow. `full` until `look` has said otherwise.

    The reserve is a file beside the database that really takes its room. It is kept when the hub stops, since the next
    start may meet a full disk, too.
    """

    def __init__(self, database: Path, reserve: int) -> None:
        self._folder = database.parent
        self._file = database.with_name(f"{database.name}-reserve")
        self._wanted = reserve
        self.full = True
        self._told = False

    @property
    def free(self) -> int:
        """Bytes that this user may still write, the reserve apart. Raises OSError."""
        disk = os.statvfs(self._folder)
        return disk.f_bavail * disk.f_frsize

    @property
    def reserved(self) -> int:
        """Bytes that the reserve holds."""
        try:
            facts = self._file.stat()
        except OSError:
            return 0
        return min(facts.st_size, facts.st_blocks * _BLOCK)  # a copy of it may have been made with holes

    def look(self) -> bool:
        """Whether the disk is full now. Where it isn't any more, the reserve is made whole first."""
        try:
            free = self.free
        except OSError:
            return self.full
        if self.full:
            self.full = free - max(0, self._wanted - self.reserved) < HIGH or not self._fill()
        else:
            self.full = free < LOW
        self._tell(free)
        return self.full

    def ran_out(self) -> None:
        """SQLite has found the disk full, whatever the marks say (a quota, for one)."""
        self.full = True

    def give(self, enough: int = PORTION) -> bool:
        """Let go of a portion of the reserve, to be written at once; False where nothing is left to give."""
        held = self.reserved
        if held == 0:
            return False
        try:
            os.truncate(self._file, max(0, held - enough))
        except OSError:
            return False
        return True

    def make_room(self) -> None:
        """Give what it takes to open a database on a disk without any room."""
        while self.free < PORTION and self.give():
            pass

    def _fill(self) -> bool:
        if self.reserved >= self._wanted:
            return True
        try:
            file = os.open(self._file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                os.posix_fallocate(file, 0, self._wanted)
            finally:
                os.close(file)
        except OSError as error:
            _log.warning("No room could be reserved in %s: %s.", self._folder, error.strerror)
            return False
        return True

    def _tell(self, free: int) -> None:
        """In the log, whenever it has changed."""
        if self.full and not self._told:
            _log.error(
                "The disk of %s is full (%d KiB free): only reading, validating and revoking go on. Make room there.",
                self._folder,
                free // 1024,
            )
        elif self._told and not self.full:
            _log.warning("The disk of %s has room again: everything goes on.", self._folder)
        self._told = self.full
