"""A line between two real processes that a test makes bad: slow, cut, or losing answers after the commit."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

_PIECE = 64 * 1024


@dataclass
class BadLine:
    """A TCP relay on a port of its own to the port `target` of this machine.

    What is set holds from the next piece of data on, open connections included. `delay` is in seconds for each piece
    and way. `cut`: nobody gets through, and what is open breaks. `deaf`: what the caller says arrives, and no answer
    comes back. `carried` counts the bytes.
    """

    target: int = 0
    delay: float = 0.0
    cut: bool = False
    deaf: bool = False
    carried: int = 0
    refused: int = 0
    _open: set[socket.socket] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _listener: socket.socket = field(default_factory=socket.socket)

    @property
    def port(self) -> int:
        """Where callers reach it."""
        return int(self._listener.getsockname()[1])

    def break_off(self) -> None:
        """Cut the line, also for what is under way."""
        self.cut = True
        with self._lock:
            broken, self._open = self._open, set()
        for each in broken:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def mend(self) -> None:
        """A good line again."""
        self.delay, self.cut, self.deaf = 0.0, False, False

    def serve(self) -> None:
        """Take callers until the listener is closed."""
        while True:
            try:
                caller = self._listener.accept()[0]
            except OSError:
                return
            if self.cut:
                self.refused += 1
                caller.close()
                continue
            threading.Thread(target=self._relay, args=(caller,), daemon=True).start()

    def _relay(self, caller: socket.socket) -> None:
        try:
            called = socket.create_connection(("127.0.0.1", self.target), timeout=10)
        except OSError:
            caller.close()
            return
        called.settimeout(None)
        with self._lock:
            self._open |= {caller, called}
        back = threading.Thread(target=self._carry, args=(called, caller), kwargs={"answers": True}, daemon=True)
        back.start()
        self._carry(caller, called, answers=False)
        back.join()
        with self._lock:
            self._open -= {caller, called}
        for each in (caller, called):
            each.close()

    def _carry(self, one: socket.socket, other: socket.socket, *, answers: bool) -> None:
        with suppress(OSError):
            while piece := one.recv(_PIECE):
                if self.delay:
                    time.sleep(self.delay)
                self.carried += len(piece)
                if not (answers and self.deaf):
                    other.sendall(piece)
        with suppress(OSError):
            other.shutdown(socket.SHUT_WR)


@contextmanager
def bad_line() -> Iterator[BadLine]:
    """A line, good at first."""
    line = BadLine()
    line._listener.bind(("127.0.0.1", 0))
    line._listener.listen(64)
    threading.Thread(target=line.serve, daemon=True).start()
    try:
        yield line
    finally:
        line._listener.close()
        line.break_off()
