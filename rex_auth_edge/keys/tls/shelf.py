"""Files that are whole or not there, whenever the power goes."""

import os
from pathlib import Path

_OTHERS = 0o077


class OpenToOthersError(Exception):
    """A file with a private key that others may read."""


def prepare(directory: Path) -> None:
    """Make the directory (0700), and clear what an interrupted `put` has left in it. Raises OSError."""
    if not directory.is_dir():
        directory.mkdir(mode=0o700)
        _settle(directory.parent)
    for draft in directory.glob(".*.new"):
        draft.unlink()


def read(path: Path) -> bytes | None:
    """A private file's content; None if there is none. Raises OSError, OpenToOthersError."""
    try:
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_mode & _OTHERS:
                raise OpenToOthersError(path)
            return file.read()
    except FileNotFoundError:
        return None


def put(path: Path, content: bytes) -> None:
    """Replace a file's content (0600) at one stroke, durable when this returns. Raises OSError."""
    draft = path.with_name(f".{path.name}.new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    _settle(path.parent)


def _settle(directory: Path) -> None:
    """Make names in a directory durable."""
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
