"""A hub as its own process, started and stopped (or killed) by a test."""

import re
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from queue import SimpleQueue

import httpx

from rex_auth_edge import machine
from tests import blank
from tests.forking import KEPT, Forked

_COMMAND = (sys.executable, "-m", "rex_auth_edge")
_NOBODY = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Whom clients believe, all of which speak HTTP: to read the system's authorities takes 35 ms each time."""
_PATIENCE = 180
"""Seconds without a line, after which one that is waited for won't come any more."""
_BEFORE = {"LD_PRELOAD", "PYTHONPATH"}
"""What acts on a process before the program is in it: such a one isn't forked."""


class Process:
    """A running hub. `output` is what it has printed on stderr so far, read at once, so that it never waits for us."""

    def __init__(self, process: subprocess.Popen[str] | Forked, data_dir: Path) -> None:
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
        code = self.process.wait(timeout=60)
        self._reader.join(timeout=20)
        return code

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
    plain = {name: ours[name] for name in KEPT if name in ours}
    defaults = {"REX_DATA_DIR": str(data_dir), "REX_PORT": "0", "REX_METRICS_PORT": "0", "REX_TLS": "off"}
    return plain | defaults | settings


@contextmanager
def serving(data_dir: Path, *arguments: str, **settings: str) -> Iterator[Process]:
    """A hub that serves, on `data_dir`; killed at the end if it still runs."""
    if _BEFORE & settings.keys():
        with started(data_dir, *arguments, **settings) as hub:
            yield hub
        return
    env = _begun(data_dir, **settings)
    with _heard(Forked.heard(["serve", *(arguments or ("--development",))], env), data_dir) as hub:
        yield hub


@contextmanager
def started(data_dir: Path, *arguments: str, **settings: str) -> Iterator[Process]:
    """The same by a start as people's, with nothing imported before."""
    command = [*_COMMAND, "serve", *(arguments or ("--development",))]
    env = _begun(data_dir, **settings)
    with _heard(subprocess.Popen(command, env=env, stderr=subprocess.PIPE, text=True), data_dir) as hub:
        yield hub


@contextmanager
def activated(data_dir: Path, sockets: Mapping[str, socket.socket], **settings: str) -> Iterator[Process]:
    """The same, with `sockets` passed to it by name, as systemd does."""
    numbers = tuple(sock.fileno() for sock in sockets.values())
    command = _activated([*_COMMAND, "serve", "--development"], numbers)
    told = {"LISTEN_FDS": str(len(sockets)), "LISTEN_FDNAMES": ":".join(sockets)}
    env = _begun(data_dir, **settings) | told
    process = subprocess.Popen(command, env=env, stderr=subprocess.PIPE, text=True, pass_fds=numbers)
    with _heard(process, data_dir) as hub:
        yield hub


def _begun(data_dir: Path, **settings: str) -> dict[str, str]:
    """The environment of a hub, whose database is there: a first start of its own takes Alembic's time."""
    env = environment(data_dir, **settings)
    if "DATABASE_URL" not in env:
        blank.put(data_dir / "rex-auth-edge.db")
    return env


@contextmanager
def _heard(process: subprocess.Popen[str] | Forked, data_dir: Path) -> Iterator[Process]:
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
    env = environment(data_dir, **settings)
    if _BEFORE & settings.keys():
        command = [*_COMMAND, *arguments]
        return subprocess.run(
            command, env=env, input=typed, capture_output=True, text=True, timeout=_PATIENCE, check=False
        )
    with ExitStack() as stack:
        streams = [stack.enter_context(tempfile.TemporaryFile("w+")) for _ in range(3)]
        streams[0].write(typed)
        streams[0].seek(0)
        process = Forked(arguments, env, [each.fileno() for each in streams])
        stack.callback(process.kill)
        code = process.wait(timeout=_PATIENCE)
        for each in streams:
            each.seek(0)
        return subprocess.CompletedProcess(arguments, code, streams[1].read(), streams[2].read())
