"""What is shown on a terminal while something takes its time: nothing for two seconds, then how far it is."""

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

SOON = 2.0
"""Seconds that nobody needs to be told about."""

Advance = Callable[[int], None]


class _Bar:
    """Drawn by a thread of its own, since the command's is busy."""

    def __init__(self, label: str, total: int | None) -> None:
        self._label = label
        self._total = total
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
        with self._drawing:
            self._done += count
            if self._shown is not None:
                self._shown.update(self._shown.task_ids[0], completed=self._done)

    def _show(self) -> None:
        from rich.console import Console  # noqa: PLC0415 - what is quick does without
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn  # noqa: PLC0415

        counted = () if self._total is None else (MofNCompleteColumn(),)
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
    if not sys.stderr.isatty() or not _one_at_a_time.acquire(blocking=False):
        yield lambda _count: None
        return
    bar = _Bar(label, total)
    try:
        bar.start()
        yield bar.advance
    finally:
        bar.stop()
        _one_at_a_time.release()
