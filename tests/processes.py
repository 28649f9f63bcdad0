"""A hub as its own process, started and stopped (or killed) by a test."""

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from rex_auth_edge import machine

_COMMAND = (sys.executable, "-m", "rex_auth_edge")


@dataclass
class Process:
    """A running hub. `output` is what it has printed on stderr so far."""

    process: subprocess.Popen[str]
    url: str
    data_dir: Path
    output: list[str]

    def client(self) -> httpx.Client:
        """A client that keeps cookies."""
        return httpx.Client(base_url=self.url, trust_env=False, timeout=10)

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
    process = subprocess.Popen(command, env=environment(data_dir, **settings), stderr=subprocess.PIPE, text=True)
    hub = Process(process, "", data_dir, [])
    try:
        hub.url = hub.read_until(r"serves (https?://\S+)")
        yield hub
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def run(data_dir: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """A command of the console, to its end."""
    return subprocess.run(
        [*_COMMAND, *arguments],
        env=environment(data_dir, **settings),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
