"""A Redis of the tests' own, on a free port, which can be killed and come back."""

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

PATIENCE = 20


class RedisServer:
    """A server that keeps nothing."""

    def __init__(self) -> None:
        with socket.socket() as found:
            found.bind(("127.0.0.1", 0))
            self.port = int(found.getsockname()[1])
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where it is."""
        return f"redis://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        options = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        self._process = subprocess.Popen(["redis-server", *options], stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline and self._process.poll() is None:
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port)):
                return
            time.sleep(0.01)
        message = "Redis didn't start."
        raise AssertionError(message)

    def forget(self) -> None:
        """Drop all that it holds."""
        with socket.create_connection(("127.0.0.1", self.port)) as line:
            line.sendall(b"FLUSHALL SYNC\r\n")
            assert line.recv(16) == b"+OK\r\n"

    def kill(self) -> None:
        """As a power cut does."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


def installed() -> bool:
    """Whether a server can be started here."""
    return shutil.which("redis-server") is not None


@contextmanager
def running() -> Iterator[RedisServer]:
    """A server for as long as it is needed."""
    server = RedisServer()
    server.start()
    try:
        yield server
    finally:
        server.kill()
