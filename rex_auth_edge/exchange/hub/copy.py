"""The copy of where a hub stands, outside of its database: it shows when the database was put back from before."""

import hashlib
import logging
import os
from pathlib import Path
from uuid import UUID

import msgspec
from msgspec import Struct

from rex_auth_edge.sync.me import Me

_ROOM = 320 * 1024
"""Bytes of each file: a copy with the largest request that may be under way."""
_DIGEST = 16

_log = logging.getLogger(__name__)


class Copy(Struct, frozen=True):
    """What the database had at its last commit; the enrolment as it is sealed there."""

    me: Me
    enrolment: bytes


class Copies:
    """One household's, in two files by turns, and on the disk before anything is sent.

    Their room is taken once and written over, so that a full disk doesn't keep revocations from being sent. Of a copy
    that wasn't written to its end there is the one before.
    """

    def __init__(self, data_dir: Path, tenant_id: UUID) -> None:
        self.paths = [data_dir / "sync" / f"{tenant_id}.copy-{number}" for number in range(2)]
        """The one that is written next comes first."""

    def read(self) -> Copy | None:
        """The copy; None where there is none that can be read. Raises OSError."""
        found = {path: _read(path) for path in self.paths if path.exists()}
        if found and not any(found.values()):
            _log.warning("%s can't be read; the cloud tells whether the hub was restored.", self.paths[0])
        self.paths.sort(key=lambda path: -1 if (copy := found.get(path)) is None else copy.me.commits)
        return found.get(self.paths[-1])

    def write(self, copy: Copy) -> None:
        """Put it in the place of the one before the last. Raises OSError."""
        self.paths[0].parent.mkdir(mode=0o700, exist_ok=True)
        content = msgspec.msgpack.encode(copy)
        path = self.paths[0]
        opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            if os.fstat(opened).st_size < _ROOM:
                os.posix_fallocate(opened, 0, _ROOM)
                _sync(path.parent)
            os.pwrite(opened, len(content).to_bytes(4) + _digest(content) + content, 0)
            os.fsync(opened)
        finally:
            os.close(opened)
        self.paths.reverse()

    def forget(self) -> None:
        """Remove it. Raises OSError."""
        for path in self.paths:
            path.unlink(missing_ok=True)


def _read(path: Path) -> Copy | None:
    raw = path.read_bytes()
    content = raw[4 + _DIGEST :][: int.from_bytes(raw[:4])]
    if raw[4 : 4 + _DIGEST] != _digest(content):
        return None
    return msgspec.msgpack.decode(content, type=Copy)


def _digest(content: bytes) -> bytes:
    return hashlib.blake2b(content, digest_size=_DIGEST).digest()


def _sync(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
