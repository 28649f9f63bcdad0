"""What is shown on a terminal while something takes its time: nothing for two seconds, then how far it is."""

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

SOON = 2.0
"""Seconds that nobody needs to be told about."""

Advance = Callable[[int], None]


class Told(Protocol):
    """Says how far it is: `done`, of `total`."""

    def __call__(self, done: int, total: int) -> None:
        """Both are numbers of the same things."""
        ...


class _Bar:
    """Drawn by a thread of its own, since the command's is busy."""

    def __init__(self, label: str, total: int | None, *, counted: bool) -> None:
        self._label = label
        self._total = total
        self._counted = counted
        self._done = 0
        self._shown: Any = None
        self._drawing = threading.Lock()
        self._timer = threading.Timer(SOON, self._show)
        self._timer.daemon = True

    def start(self) -> None:
        """Be ready to be seen."""
        self._timer.start()

    def stop(self) -> None:
        """Leave no trace."""
        self._timer.cancel()
        self._timer.join()
        if self._shown is not None:
            self._shown.stop()

    def advance(self, count: int) -> None:
        """So much more is done."""
        self.reach(self._done + count, self._total)

    def reach(self, done: int, total: int | None) -> None:
        """So much is done, of so much."""
        with self._drawing:
            self._done, self._total = done, total
            if self._shown is not None:
                self._shown.update(self._shown.task_ids[0], completed=done, total=total)

    def _show(self) -> None:
        from rich.console import Console  # noqa: PLC0415 - what is quick does without
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn  # noqa: PLC0415

        counted = (MofNCompleteColumn(),) if self._counted else ()
        columns = (TextColumn("{task.description}", markup=False), BarColumn(), *counted, TimeElapsedColumn())
        bar = Progress(*columns, console=Console(stderr=True), transient=True)
        with self._drawing:
            bar.add_task(self._label, total=self._total, completed=self._done)
            bar.start()
            self._shown = bar


_one_at_a_time = threading.Lock()


@contextmanager
def waiting(label: str, total: int | None = None) -> Iterator[Advance]:
    """Say on a terminal's standard error that this goes on, and (with a `total`) how far it is.

    Inside another one it stays silent: that one speaks for both.
    """
    with _barred(label, total, counted=total is not None) as bar:
        yield (lambda _count: None) if bar is None else bar.advance


@contextmanager
def following(label: str) -> Iterator[Told]:
    """The same of something of which somebody else tells now and then how far it is."""
    with _barred(label, None, counted=True) as bar:
        yield (lambda _done, _total: None) if bar is None else bar.reach


@contextmanager
def _barred(label: str, total: int | None, *, counted: bool) -> Iterator[_Bar | None]:
    if not sys.stderr.isatty() or not _one_at_a_time.acquire(blocking=False):
        yield None
        return
    bar = _Bar(label, total, counted=counted)
    try:
        bar.start()
        yield bar
    finally:
        bar.stop()
        _one_at_a_time.release()
