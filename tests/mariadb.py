"""A MariaDB of the tests' own: on a temporary directory and a free port, gone when they end."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import sqlalchemy as sa

PATIENCE = 60
_FOLDERS = "/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin"
_MEMORY = Path("/dev/shm")  # noqa: S108  a folder of its own is made in it; on a disk the server starts slower


def program(name: str) -> str | None:
    """Where a program of MariaDB's lies; Debian keeps the server where only root's path leads."""
    return shutil.which(name) or shutil.which(name, path=_FOLDERS)


def installed() -> bool:
    """Whether a server can be started here."""
    return all(map(program, ("mariadbd", "mariadb-install-db", "mariadb")))


@dataclass
class MariaServer:
    """A running server. `url` is a database's that tests share, each of them emptying it."""

    folder: Path
    port: int
    made: list[str] = field(default_factory=list)
    process: int = 0

    @property
    def url(self) -> sa.URL:
        """The shared database."""
        return self._url("rex")

    def fresh(self) -> sa.URL:
        """A new, empty database."""
        self.made.append(f"fresh{len(self.made)}")
        self.sql(f"CREATE DATABASE {self.made[-1]}")
        return self._url(self.made[-1])

    def sql(self, statement: str) -> str:
        """Run a statement as the server's owner; its rows, tab-separated."""
        command = [str(program("mariadb")), "--no-defaults", "-uroot", f"-S{self.folder / 's'}", "-Ne", statement]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """It takes what comes, and answers nothing."""
        os.kill(self.process, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self.process, signal.SIGCONT)

    def _url(self, database: str) -> sa.URL:
        return sa.URL.create("mysql+asyncmy", "root", host="127.0.0.1", port=self.port, database=database)


@contextmanager
def running() -> Iterator[MariaServer]:
    """A server for as long as it is needed."""
    folder = Path(tempfile.mkdtemp(prefix="rex-mariadb-", dir=_MEMORY if _MEMORY.is_dir() else None))
    try:
        server = MariaServer(folder, _free_port())
        _install(folder)
        with _started(server):
            server.sql("CREATE DATABASE rex")
            yield server
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _user() -> list[str]:
    return ["--user=root"] if os.getuid() == 0 else []


def _places(folder: Path) -> list[str]:
    """Temporary files too: a starting server deletes those of any other that it finds."""
    return [f"--datadir={folder / 'data'}", f"--tmpdir={folder / 'tmp'}"]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _install(folder: Path) -> None:
    (folder / "tmp").mkdir()
    command = [str(program("mariadb-install-db")), "--no-defaults", *_places(folder), *_user()]
    options = ["--skip-test-db", "--auth-root-authentication-method=normal"]
    subprocess.run([*command, *options], check=True, stdout=subprocess.DEVNULL)


@contextmanager
def _started(server: MariaServer) -> Iterator[None]:
    command = [
        *(str(program("mariadbd")), "--no-defaults", *_places(server.folder), *_user()),
        *(f"--socket={server.folder / 's'}", f"--port={server.port}", "--bind-address=127.0.0.1"),
        *("--innodb-log-file-size=16M", "--innodb-buffer-pool-size=32M", "--innodb-flush-log-at-trx-commit=0"),
    ]
    with (server.folder / "log").open("w") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
        try:
            _await_answer(server, process)
            server.process = process.pid
            yield
        finally:
            process.kill()  # nothing of it is kept


def _await_answer(server: MariaServer, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < deadline:
        # The Unix socket is the last that the server opens, after the port.
        with suppress(OSError), socket.socket(socket.AF_UNIX) as probe:
            probe.connect(str(server.folder / "s"))
            return
        time.sleep(0.02)
    message = f"MariaDB didn't start: {(server.folder / 'log').read_text()}"
    raise AssertionError(message)
