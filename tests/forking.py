"""The program in a process of its own, forked from one that has imported it: that is nine tenths of what a start takes.

Where the start itself, or memory, is what a test is about, `python -m rex_auth_edge` runs as people run it.
"""

import atexit
import functools
import gc
import importlib
import json
import os
import pkgutil
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TextIO

import rex_auth_edge
from rex_auth_edge import machine
from rex_auth_edge.cli import main
from rex_auth_edge.web import app

KEPT = ("PATH", "HOME", "LANG")
"""What of our environment is the program's, too."""
_ROOT = Path(__file__).parents[1]
_MOST = 1 << 20
_LAZILY = ("uvloop", "httptools", "asyncmy", "redis.asyncio", "sqlalchemy.dialects.sqlite.aiosqlite")
"""What the program imports when it comes to need it."""


class Forked:
    """A running process, with what `subprocess.Popen` has of one."""

    def __init__(self, arguments: Sequence[str], env: Mapping[str, str], streams: Sequence[int]) -> None:
        self.returncode: int | None = None
        self.stderr: TextIO | None = None
        self._line, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        request = json.dumps({"arguments": [*arguments], "env": dict(env)}).encode()
        with theirs:
            socket.send_fds(_forker(), [request], [*streams, theirs.fileno()])
        self.pid = int(self._line.recv(_MOST))

    @classmethod
    def heard(cls, arguments: Sequence[str], env: Mapping[str, str]) -> "Forked":
        """One whose `stderr` is read here."""
        end, theirs = os.pipe()
        made = cls(arguments, env, (0, 1, theirs))
        os.close(theirs)
        made.stderr = os.fdopen(end)
        return made

    def send_signal(self, number: int) -> None:
        """Send it, unless the process has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """Send SIGKILL, unless the process has ended."""
        self.send_signal(signal.SIGKILL)

    def poll(self) -> int | None:
        """The exit code, once it has ended."""
        with suppress(subprocess.TimeoutExpired):
            return self.wait(0)
        return None

    def wait(self, timeout: float | None = None) -> int:
        """The exit code, within so many seconds. Raises TimeoutExpired."""
        if self.returncode is None:
            if not select.select([self._line], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired("rex-auth-edge", timeout or 0)
            self.returncode = int(self._line.recv(_MOST))
            self._line.close()
        return self.returncode


@functools.cache
def _forker() -> socket.socket:
    """The line to the process that forks. It ends with the line."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    env = {name: value for name, value in machine.environment().items() if name in KEPT}
    command = [sys.executable, "-m", "tests.forking", str(theirs.fileno())]
    with theirs:
        process = subprocess.Popen(command, env=env, pass_fds=[theirs.fileno()], cwd=_ROOT)
    atexit.register(process.wait)
    atexit.register(ours.close)
    return ours


class _Forker:
    """Forks on demand, and says of each child on the line that came for it which process it is, and how it ended."""

    def __init__(self, line: socket.socket) -> None:
        self.line = line
        self.children: dict[int, tuple[int, socket.socket]] = {}

    def run(self) -> list[str] | None:
        """Return in each child, with the program's arguments; here with None, once nobody can ask any more."""
        while True:
            for ready in select.select([self.line.fileno(), *self.children], [], [])[0]:
                if ready in self.children:
                    self._bury(ready)
                    continue
                content, handles, _, _ = socket.recv_fds(self.line, _MOST, 4)
                if not content:
                    return None
                if self._fork(socket.socket(fileno=handles.pop()), handles):
                    request = json.loads(content)
                    self._become(request["env"], handles)
                    return list(request["arguments"])

    def _fork(self, told: socket.socket, streams: Sequence[int]) -> bool:
        """Whether this is the child."""
        if (pid := os.fork()) == 0:
            told.close()
            return True
        for stream in streams:
            os.close(stream)
        self.children[os.pidfd_open(pid)] = (pid, told)
        told.send(str(pid).encode())
        return False

    def _bury(self, ended: int) -> None:
        pid, told = self.children.pop(ended)
        os.close(ended)
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        with told, suppress(OSError):  # who asked for it may be gone
            told.send(str(code).encode())

    def _become(self, env: Mapping[str, str], streams: Sequence[int]) -> None:
        """Leave everything behind but what is imported."""
        self.line.close()
        for handle, (_, told) in self.children.items():
            os.close(handle)
            told.close()
        for number, stream in enumerate(streams):
            os.dup2(stream, number)
            os.close(stream)
        os.environ.clear()  # noqa: TID251  a new process has its own
        os.environ.update(env)  # noqa: TID251
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _prepare() -> None:
    for found in pkgutil.walk_packages(rex_auth_edge.__path__, "rex_auth_edge."):
        if not found.name.endswith("__main__"):
            importlib.import_module(found.name)
    for name in _LAZILY:
        with suppress(ImportError):
            importlib.import_module(name)
    app._framework(cloud=False)  # what is kept for all hubs of one process, so that no child has to make it
    gc.collect()
    gc.freeze()


def _serve(line: socket.socket) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _prepare()
    arguments = _Forker(line).run()
    if arguments is not None:
        main(arguments, prog_name="rex-auth-edge")


if __name__ == "__main__":
    _serve(socket.socket(fileno=int(sys.argv[1])))
