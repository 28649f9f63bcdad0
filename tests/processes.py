"""A hub as its own process, started and stopped (or killed) by a test."""

import re
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from rex_auth_edge import machine
from tests import blank

_COMMAND = (sys.executable, "-m", "rex_auth_edge")
_NOBODY = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Whom clients believe, all of which speak HTTP: to read the system's authorities takes 35 ms each time."""


@dataclass
class Process:
    """A running hub. `output` is what it has printed on stderr so far."""

    process: subprocess.Popen[str]
    url: str
    data_dir: Path
    output: list[str]

    def client(self) -> httpx.Client:
        """A client that keeps cookies."""
        return httpx.Client(base_url=self.url, trust_env=False, timeout=10, verify=_NOBODY)

    def read_until(self, pattern: str) -> str:
        """Read lines until one has the pattern; what its first group matched."""
        while line := self.process.stderr.readline() if self.process.stderr else "":
            self.output.append(line)
            if found := re.search(pattern, line):
                return found.group(1)
        message = f"{pattern} never came: {''.join(self.output)}"
        raise AssertionError(message)

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send a signal and wait; the exit code."""
        self.process.send_signal(number)
        rest = self.process.communicate(timeout=20)[1]
        self.output.append(rest)
        return self.process.returncode


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
    hub = Process(process, "", data_dir, [])
    try:
        hub.url = hub.read_until(r"serves (https?://\S+)")
        yield hub
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


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
