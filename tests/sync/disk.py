"""A disk in memory with a journal: a transaction ends whole or not at all, is cut at any write, or lost from disk."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class PowerCutError(Exception):
    """The machine went off in the middle of a transaction."""


Key = tuple[str, Any]


class Disk:
    """Tables of one machine. `fuse` counts the writes until the power is cut."""

    def __init__(self) -> None:
        self.held: dict[str, dict[Any, Any]] = {}
        self.journal: list[list[tuple[Key, Any]]] = []
        self.fuse: int | None = None

    def table(self, name: str) -> dict[Any, Any]:
        """The rows of a table."""
        return self.held.setdefault(name, {})

    def put(self, name: str, key: Any, value: Any) -> None:
        """Write a row, or with None delete it."""
        if self.fuse is not None:
            self.fuse -= 1
            if self.fuse < 0:
                self.fuse = None
                raise PowerCutError
        self._undo.append(((name, key), self.table(name).get(key)))
        self._write(name, key, value)

    def _write(self, name: str, key: Any, value: Any) -> None:
        if value is None:
            self.table(name).pop(key, None)
        else:
            self.table(name)[key] = value

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All of it or, if anything is raised inside, nothing."""
        self._undo: list[tuple[Key, Any]] = []
        try:
            yield
        except BaseException:
            self._back(self._undo)
            raise
        self.journal.append(self._undo)
        del self.journal[:-8]

    def _back(self, undo: list[tuple[Key, Any]]) -> None:
        for (name, key), value in reversed(undo):
            self._write(name, key, value)

    def lose(self, count: int) -> None:
        """The last transactions had never reached the disk, whatever it said."""
        for _ in range(min(count, len(self.journal))):
            self._back(self.journal.pop())

    def copy(self) -> dict[str, dict[Any, Any]]:
        """A backup."""
        return {name: dict(rows) for name, rows in self.held.items()}

    def restore(self, backup: dict[str, dict[Any, Any]]) -> None:
        """Become what the backup was."""
        self.held = {name: dict(rows) for name, rows in backup.items()}
        self.journal.clear()
