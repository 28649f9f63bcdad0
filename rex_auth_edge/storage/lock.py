"""One program at a time on a data directory."""

import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Self

from rex_auth_edge.domain.failures import ExplainedError


class DataDirInUseError(ExplainedError):
    """Another program holds the data directory."""


class DataDirUnusableError(ExplainedError):
    """Nothing can be written into the data directory."""


class DataDirLock:
    """Held while entered; the kernel lets go of it when the process dies, however it dies."""

    def __init__(self, data_dir: Path) -> None:
        self._path = data_dir / "lock"
        self._file: int | None = None

    def __enter__(self) -> Self:
        try:
            file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise DataDirUnusableError(
                f"The data directory {self._path.parent} can't be used: {error.strerror}. Its disk has to be writable, "
                "and the directory the hub's own."
            ) from error
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            raise DataDirInUseError(
                f"Another rex-auth-edge is running on {self._path.parent}: stop it first, or set another REX_DATA_DIR."
            ) from None
        self._file = file
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None
