"""Machines that are made, booted, cut off and thrown away: layers of files, and a systemd of their own over them."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

_BOOT = Path(__file__).parent / "boot.sh"
_ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/bin", "TERM": "dumb", "LC_ALL": "C.UTF-8"}
_BOOTING = 120.0
_LOOK = 0.2


class MachineError(Exception):
    """The machine doesn't do what a test takes for granted."""


@dataclass
class Machine:
    """A booted machine. Commands run as root in all of its namespaces, or `near` it: in its network alone."""

    process: subprocess.Popen[bytes]
    pid: int

    def run(
        self, *command: str, check: bool = True, typed: str | None = None, environ: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """A command to its end; with `check` it has to succeed."""
        done = subprocess.run(
            self._inside(*command, environ=environ),
            input=typed,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        if check and done.returncode:
            raise MachineError(f"{command} ended with {done.returncode}: {done.stdout}{done.stderr}")
        return done

    def begin(self, *command: str) -> subprocess.Popen[bytes]:
        """Start a command, whose words nobody hears."""
        return subprocess.Popen(self._inside(*command), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def _inside(self, *command: str, environ: Mapping[str, str] | None = None) -> list[str]:
        pairs = (f"{name}={value}" for name, value in (_ENVIRONMENT | dict(environ or {})).items())
        return ["nsenter", "--target", str(self.pid), "--all", "env", "-i", *pairs, *command]

    def said(self, *command: str) -> str:
        """What a command that succeeds prints."""
        return self.run(*command).stdout.strip()

    def shell(self, script: str) -> str:
        """What a script that succeeds prints."""
        return self.said("bash", "-euc", script)

    def near(self, *command: str) -> subprocess.Popen[str]:
        """Start a command of the test's own system in the machine's network."""
        inside = ["nsenter", "--target", str(self.pid), "--net", *command]
        return subprocess.Popen(inside, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def about(self, unit: str, *names: str) -> tuple[str, ...]:
        """Properties of a unit."""
        shown = self.said("systemctl", "show", unit, *(f"--property={name}" for name in names))
        found = dict(line.split("=", 1) for line in shown.splitlines())
        return tuple(found[name] for name in names)

    def until(self, script: str, seconds: float = 60) -> str:
        """What a script prints once it succeeds. Raises MachineError where it doesn't in time."""
        last = time.monotonic() + seconds
        while (done := self.run("bash", "-euc", script, check=False)).returncode:
            if time.monotonic() > last:
                raise MachineError(f"{script} never came true: {done.stdout}{done.stderr}{self.log()}")
            time.sleep(_LOOK)
        return done.stdout.strip()

    def log(self) -> str:
        """The service's journal."""
        return self.run("journalctl", "--unit=rex-auth-edge", "--output=cat", "--no-pager", check=False).stdout

    def stand_still(self) -> None:
        """Stop every process where it is."""
        for pid in (self.pid, *_descendants(self.pid)):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGSTOP)

    def cut_off(self) -> None:
        """End every process where it is."""
        os.kill(self.pid, signal.SIGKILL)
        self.process.wait(timeout=60)


@contextmanager
def booted(upper: Path, layers: Sequence[Path], there: Mapping[Path, str]) -> Iterator[Machine]:
    """A machine of these layers, the uppermost first; what it writes is in `upper`/files, and there at the next boot.

    `there` are folders of the test's system and where the machine has them, read-only.
    """
    upper.mkdir(parents=True, exist_ok=True)
    binds = [f"{source}:{target}" for source, target in there.items()]
    with (upper / "console").open("ab") as console:
        process = subprocess.Popen(
            [str(_BOOT), str(upper), ":".join(map(str, layers)), *binds],
            stdin=subprocess.DEVNULL,
            stdout=console,
            stderr=console,
            start_new_session=True,
        )
    try:
        machine = Machine(process, _first_process(process, upper / "console"))
        machine.until("systemctl is-system-running | grep -qE 'running|degraded'", _BOOTING)
        yield machine
    finally:
        _end(process)


def _first_process(process: subprocess.Popen[bytes], console: Path) -> int:
    """The machine's PID 1, as the test's system numbers it."""
    last = time.monotonic() + _BOOTING
    while time.monotonic() < last and process.poll() is None:
        for pid in _descendants(process.pid):
            with suppress(OSError):
                if Path(f"/proc/{pid}/cmdline").read_bytes().startswith(b"/lib/systemd/systemd\0"):
                    return pid
        time.sleep(_LOOK)
    raise MachineError(f"The machine doesn't boot: {console.read_text(errors='replace')[-2000:]}")


def _descendants(pid: int) -> Iterator[int]:
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return
    for child in map(int, children):
        yield child
        yield from _descendants(child)


def _end(process: subprocess.Popen[bytes]) -> None:
    for pid in reversed(list(_descendants(process.pid))):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    process.wait(timeout=60)


def forget(upper: Path) -> None:
    """Throw away what a machine has written."""
    shutil.rmtree(upper, ignore_errors=True)
