"""The folder in which a device keeps what it knows: files that are whole or not there, whenever the power goes."""

import json
import os
from pathlib import Path
from typing import Any

_OTHERS = 0o077


class OpenToOthersError(Exception):
    """A secret lies in a file that others on the device may read; the text says what to do."""


class Folder:
    """One device's folder (0700), made when it is missing. Files in it are 0600."""

    def __init__(self, path: Path) -> None:
        self.path = path
        if not path.is_dir():
            path.mkdir(mode=0o700, parents=True)
            _settle(path.parent)

    def read(self, name: str) -> bytes | None:
        """A file's content; None where there is none. Raises OSError, OpenToOthersError."""
        path = self.path / name
        try:
            with path.open("rb") as file:
                if os.fstat(file.fileno()).st_mode & _OTHERS:
                    raise OpenToOthersError(f"Others may read {path}: run `chmod 600 {path}`.")
                return file.read()
        except FileNotFoundError:
            return None

    def put(self, name: str, content: bytes) -> None:
        """Replace a file's content at one stroke, durable when this returns. Raises OSError."""
        path, draft = self.path / name, self.path / f".{name}.new"
        draft.unlink(missing_ok=True)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
        _settle(self.path)

    def read_json(self, name: str) -> dict[str, Any]:
        """An object as `put_json` left it; empty where there is none, or where the file is damaged."""
        try:
            found = json.loads(self.read(name) or b"{}")
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}

    def put_json(self, name: str, value: dict[str, Any]) -> None:
        """Keep an object. Raises OSError."""
        self.put(name, json.dumps(value).encode())

    def drop(self, name: str) -> None:
        """Delete a file, if it is there. Raises OSError."""
        (self.path / name).unlink(missing_ok=True)
        _settle(self.path)


def _settle(directory: Path) -> None:
    """Make names in a directory durable."""
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
