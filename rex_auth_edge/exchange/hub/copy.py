"""The copy of where a hub stands, outside of its database: it shows when the database was put back from before."""

import logging
import os
from pathlib import Path
from uuid import UUID

import msgspec
from msgspec import Struct

from rex_auth_edge.sync.store import Me

_log = logging.getLogger(__name__)


class Copy(Struct, frozen=True):
    """What the database had at its last commit; the enrolment as it is sealed there."""

    me: Me
    enrolment: bytes


class Copies:
    """One household's, in a file that is replaced whole, and is on the disk before anything is sent."""

    def __init__(self, data_dir: Path, tenant_id: UUID) -> None:
        self.path = data_dir / "sync" / f"{tenant_id}.copy"

    def read(self) -> Copy | None:
        """The copy; None where there is none that can be read. Raises OSError."""
        try:
            return msgspec.msgpack.decode(self.path.read_bytes(), type=Copy)
        except FileNotFoundError:
            return None
        except msgspec.DecodeError:
            _log.warning("%s can't be read; the cloud tells whether the hub was restored.", self.path)
            return None

    def write(self, copy: Copy) -> None:
        """Put it in the place of the one before. Raises OSError."""
        self.path.parent.mkdir(mode=0o700, exist_ok=True)
        beside = self.path.with_suffix(".new")
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600), "wb") as file:
            file.write(msgspec.msgpack.encode(copy))
            file.flush()
            os.fsync(file.fileno())
        beside.replace(self.path)
        _sync(self.path.parent)

    def forget(self) -> None:
        """Remove it. Raises OSError."""
        self.path.unlink(missing_ok=True)


def _sync(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
