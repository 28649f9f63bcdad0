"""A hub as its own process, started and stopped (or killed) by a test."""

import re
import signal
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from queue import SimpleQueue

import httpx

from rex_auth_edge import machine
from tests import blank

_COMMAND = (sys.executable, "-m", "rex_auth_edge")
_NOBODY = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Whom clients believe, all of which speak HTTP: to read the system's authorities takes 35 ms each time."""
_PATIENCE = 120
"""Seconds without a line, after which one that is waited for won't come any more."""


class Process:
    """A running hub. `output` is what it has printed on stderr so far, read at once, so that it never waits for us."""

    def __init__(self, process: subprocess.Popen[str], data_dir: Path) -> None:
        self.process, self.data_dir, self.url = process, data_dir, ""
        self.output: list[str] = []
        self._lines: SimpleQueue[str] = SimpleQueue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        for line in self.process.stderr or ():
            self.output.append(line)
            self._lines.put(line)
        self._lines.put("")

    def client(self) -> httpx.Client:
        """A client that keeps cookies."""
        return httpx.Client(base_url=self.url, trust_env=False, timeout=10, verify=_NOBODY)

    def read_until(self, pattern: str) -> str:
        """Take lines until one has the pattern; what its first group matched."""
        while line := self._lines.get(timeout=_PATIENCE):
            if found := re.search(pattern, line):
                return found.group(1)
        message = f"{pattern} never came: {''.join(self.output)}"
        raise AssertionError(message)

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send a signal and wait; the exit code."""
        self.process.send_signal(number)
        self.process.wait(timeout=20)
        self._reader.join(timeout=20)
        return self.process.returncode

    def close(self) -> None:
        """Kill it, if it still runs."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self._reader.join(timeout=20)
        if self.process.stderr:
            self.process.stderr.close()


def environment(data_dir: Path, **settings: str) -> dict[str, str]:
    """A clean environment with these settings on a free port."""
    ours = machine.environment()
    plain = {name: ours[name] for name in ("PATH", "HOME", "LANG") if name in ours}
    defaults = {"REX_DATA_DIR": str(data_dir), "REX_PORT": "0", "REX_METRICS_PORT": "0", "REX_TLS": "off"}
    return plain | defaults | settings


@contextmanager
def serving(data_dir: Path, *arguments: str, **settings: str) -> Iterator[Process]:
    """A hub that serves, on `data_dir`; killed at the end if it still runs."""
    command = [*_COMMAND, "serve", *(arguments or ("--development",))]
    with _running(command, data_dir, environment(data_dir, **settings), ()) as hub:
        yield hub


@contextmanager
def activated(data_dir: Path, sockets: Mapping[str, socket.socket], **settings: str) -> Iterator[Process]:
    """The same, with `sockets` passed to it by name, as systemd does."""
    numbers = tuple(sock.fileno() for sock in sockets.values())
    command = _activated([*_COMMAND, "serve", "--development"], numbers)
    told = {"LISTEN_FDS": str(len(sockets)), "LISTEN_FDNAMES": ":".join(sockets)}
    with _running(command, data_dir, environment(data_dir, **settings) | told, numbers) as hub:
        yield hub


@contextmanager
def _running(command: list[str], data_dir: Path, env: dict[str, str], numbers: tuple[int, ...]) -> Iterator[Process]:
    if "DATABASE_URL" not in env:
        blank.put(data_dir / "rex-auth-edge.db")  # a first start of its own takes Alembic's time
    process = subprocess.Popen(command, env=env, stderr=subprocess.PIPE, text=True, pass_fds=numbers)
    hub = Process(process, data_dir)
    try:
        hub.url = hub.read_until(r"serves (https?://\S+)")
        yield hub
    finally:
        hub.close()


def _activated(command: list[str], numbers: tuple[int, ...]) -> list[str]:
    """The command by a shell that puts file descriptors where sd_listen_fds(3) has them, by way of higher ones."""
    high = " ".join(f"{100 + at}<&{number}" for at, number in enumerate(numbers))
    low = " ".join(f"{3 + at}<&{100 + at} {100 + at}<&-" for at in range(len(numbers)))
    return ["bash", "-c", f'exec {high}; exec {low}; LISTEN_PID=$$ exec "$@"', "bash", *command]


def run(data_dir: Path, *arguments: str, typed: str = "", **settings: str) -> subprocess.CompletedProcess[str]:
    """A command of the console, to its end; `typed` is its standard input."""
    return subprocess.run(
        [*_COMMAND, *arguments],
        env=environment(data_dir, **settings),
        input=typed,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
