"""Others' programs, started on ports of this machine; and a service behind them that says what it was sent."""

import json
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from rex_auth_edge import machine

ROOT = Path(__file__).parents[2]
_PATH = f"{machine.environment().get('PATH', '')}:/usr/sbin:/sbin"


def needed(*names: str, packages: str) -> None:
    """Skip the test where a program, or a file named by its whole path, is missing; in CI fail it."""
    if lacking := [name for name in names if not Path(name).is_file() and shutil.which(name, path=_PATH) is None]:
        said = f"This test needs {', '.join(lacking)}. On Debian: apt install {packages}"
        pytest.fail(said) if machine.environment().get("CI") == "true" else pytest.skip(said)


def free_port() -> int:
    """A port that nobody listens at."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


@contextmanager
def running(*command: str, port: int, folder: Path) -> Iterator[None]:
    """A server, from the moment that it listens."""
    log = folder / f"{Path(command[0]).name}.log"
    env = {"PATH": _PATH, "HOME": str(folder)}
    with log.open("w") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, env=env, cwd=folder)
        try:
            until = time.monotonic() + 20
            while not _listens(port):
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < until, log.read_text()
                time.sleep(0.05)
            yield
        finally:
            process.terminate()
            process.wait(timeout=20)


def _listens(port: int) -> bool:
    with socket.socket() as sock:
        return sock.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def service() -> Iterator[int]:
    """Something worth guarding, at the port: answers with the headers that it was sent, as JSON."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Telling)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield server.server_address[1]
    server.shutdown()
    thread.join()
    server.server_close()


class _Telling(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        """Tell."""
        body = json.dumps({name.lower(): value for name, value in self.headers.items()}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET  # noqa: N815  as the server wants it named

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def shown(language: str, changes: Mapping[str, str]) -> str:
    """The README's one example in this language, at other addresses; each of them has to be in it."""
    section = (ROOT / "README.md").read_text().partition("## For what doesn't speak OAuth")[2].partition("\n## ")[0]
    example = section.partition(f"```{language}\n")[2].partition("```")[0]
    for old, new in changes.items():
        assert old in example, old
        example = example.replace(old, new)
    return example
