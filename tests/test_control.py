"""The console's socket: real Unix sockets, a real client in a thread, another user in another process."""

import asyncio
import json
import os
import shutil
import socket
import stat
import subprocess
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from rex_auth_edge.control import (
    LINE_BYTES,
    ControlRefusedError,
    ControlServer,
    ControlUnavailableError,
    answers,
    call,
)
from rex_auth_edge.domain.refusals import Code, Refused, RefusedError
from rex_auth_edge.storage.store import StorageUnavailableError

SOON = 0.2


class Hub:
    """Some verbs, and a gate that a slow one waits at."""

    def __init__(self) -> None:
        self.gate = asyncio.Event()
        self.entered = asyncio.Event()

    async def add(self, first: int, second: int = 1) -> dict[str, int]:
        """A verb with arguments and a result."""
        return {"sum": first + second}

    async def wait(self) -> str:
        """A verb that takes its time."""
        self.entered.set()
        await self.gate.wait()
        return "done"

    async def refuse(self, how: str) -> Refused:
        """A verb that refuses by value or by exception."""
        refused = Refused(Code.NOT_FOUND, "There is no such person.")
        if how == "raise":
            raise RefusedError(refused)
        return refused

    async def fail(self) -> None:
        """A verb with a fault."""
        raise RuntimeError("hunter2")

    async def starve(self) -> None:
        """A verb whose storage is away."""
        raise StorageUnavailableError("The disk is full: make room.")

    async def unspeakable(self) -> object:
        """A verb whose result isn't JSON."""
        return object()

    def verbs(self) -> dict[str, Callable[..., Any]]:
        """Name to coroutine function."""
        names = ("add", "wait", "refuse", "fail", "starve", "unspeakable")
        return {name: getattr(self, name) for name in names}


@pytest.fixture
def hub() -> Hub:
    """The hub behind the socket."""
    return Hub()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the socket is to be."""
    return tmp_path / "control.sock"


@pytest.fixture
async def server(path: Path, hub: Hub) -> AsyncIterator[ControlServer]:
    """A control server that runs."""
    server = ControlServer(path, hub.verbs(), ask_seconds=SOON)
    await server.start()
    yield server
    hub.gate.set()
    await server.stop()


async def asked(path: Path, verb: str, **arguments: Any) -> Any:
    """The command line's call, from a thread as it blocks."""
    return await asyncio.to_thread(call, path, verb, arguments)


async def said(path: Path, line: bytes) -> bytes:
    """What the server answers to raw bytes."""
    reader, writer = await asyncio.open_unix_connection(path)
    try:
        writer.write(line)
        async with asyncio.timeout(10):
            return await reader.read()
    except ConnectionError:
        return b""
    finally:
        writer.close()


@pytest.mark.usefixtures("server")
async def test_a_verb_is_called_with_its_arguments(path: Path) -> None:
    """Arguments by name, a result as JSON."""
    assert await asked(path, "add", first=2, second=3) == {"sum": 5}
    assert await asked(path, "add", first=2) == {"sum": 3}


def mode(path: Path) -> int | None:
    """The permissions of what is there, None where nothing is."""
    return stat.S_IMODE(path.stat().st_mode) if path.exists() else None


@pytest.mark.usefixtures("server")
async def test_the_socket_is_private(path: Path) -> None:
    """0600: only its owner opens it."""
    assert mode(path) == 0o600


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize(
    ("verb", "arguments", "code"),
    [
        ("divide", {}, "unknown_verb"),
        ("add", {}, "bad_arguments"),
        ("add", {"first": 1, "third": 2}, "bad_arguments"),
        ("refuse", {"how": "return"}, "not_found"),
        ("refuse", {"how": "raise"}, "not_found"),
        ("fail", {}, "internal_error"),
        ("starve", {}, "storage_unavailable"),
        ("unspeakable", {}, "internal_error"),
    ],
)
async def test_a_refusal_has_a_code_and_a_sentence(path: Path, verb: str, arguments: dict[str, Any], code: str) -> None:
    """Whatever goes wrong in the hub, the console gets a refusal without the hub's insides."""
    with pytest.raises(ControlRefusedError) as refused:
        await asked(path, verb, **arguments)
    assert refused.value.code == code
    assert refused.value.message.endswith((".", "?"))
    assert "hunter2" not in refused.value.message


@pytest.mark.usefixtures("server")
async def test_whoever_runs_the_hub_is_told_why_storage_is_away(path: Path) -> None:
    """Callers over HTTP are told less."""
    with pytest.raises(ControlRefusedError, match="make room"):
        await asked(path, "starve")


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize(
    "line",
    [
        b"\n",
        b"hello\n",
        b"[]\n",
        b"5\n",
        b'{"verb": 5}\n',
        b'{"verb":"add","arguments":5}\n',
        b"\xff\n",
        b"[" * 60_000 + b"\n",
    ],
)
async def test_nonsense_is_refused_in_a_line(path: Path, line: bytes) -> None:
    """Broken JSON, the wrong shape, nesting without end."""
    assert json.loads(await said(path, line))["ok"] is False
    assert await asked(path, "add", first=1) == {"sum": 2}


@pytest.mark.usefixtures("server")
async def test_a_line_has_a_bound_in_bytes_and_time(path: Path) -> None:
    """Too long a line is refused; one that doesn't end, or half of one, is closed without an answer."""
    assert json.loads(await said(path, b"a" * (2 * LINE_BYTES) + b"\n"))["code"] == "too_long"
    assert await said(path, b'{"verb":') == b""
    assert await said(path, b"") == b""


async def test_a_running_verb_finishes_before_the_stop(server: ControlServer, path: Path, hub: Hub) -> None:
    """The console gets the answer to what it has begun; then the socket is gone."""
    asking = asyncio.create_task(asked(path, "wait"))
    await hub.entered.wait()
    stopping = asyncio.create_task(server.stop())
    await asyncio.sleep(0)
    hub.gate.set()
    assert await asking == "done"
    await stopping
    assert mode(path) is None
    with pytest.raises(ControlUnavailableError, match="is it running"):
        await asked(path, "add", first=1)


async def test_what_a_dead_hub_left_is_removed(path: Path, hub: Hub) -> None:
    """A socket file that nobody listens on is no obstacle."""
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    server = ControlServer(path, hub.verbs())
    await server.start()
    assert await asked(path, "add", first=1) == {"sum": 2}
    await server.stop()


@pytest.mark.usefixtures("server")
async def test_a_second_hub_does_not_take_the_socket(path: Path, hub: Hub) -> None:
    """Whoever listens keeps it."""
    with pytest.raises(ControlUnavailableError, match="Another hub"):
        await ControlServer(path, hub.verbs()).start()
    assert await asked(path, "add", first=1) == {"sum": 2}


async def test_a_path_that_cannot_be_a_socket_is_a_sentence(tmp_path: Path, hub: Hub) -> None:
    """A file in its place, a directory that isn't there, a path too long for the kernel."""
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "file", tmp_path / "none" / "s", tmp_path / ("a" * 120)):
        with pytest.raises(ControlUnavailableError, match=r"\.$"):
            await ControlServer(path, hub.verbs()).start()
    assert (tmp_path / "file").exists()


async def test_whether_a_hub_listens(path: Path, hub: Hub) -> None:
    """No file, a file that a dead hub left, a hub that runs."""
    assert not await asyncio.to_thread(answers, path)
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    assert not await asyncio.to_thread(answers, path)
    server = ControlServer(path, hub.verbs())
    await server.start()
    assert await asyncio.to_thread(answers, path)
    assert await asked(path, "add", first=1) == {"sum": 2}
    await server.stop()


@pytest.mark.usefixtures("server")
async def test_patience_ends(path: Path, hub: Hub) -> None:
    """The console stops waiting when it was told to, and says that the hub may have done it."""
    with pytest.raises(ControlUnavailableError, match=r"didn't answer within .* audit list"):
        await asyncio.to_thread(call, path, "wait", timeout=0.05)
    hub.gate.set()


@pytest.mark.parametrize("turns", range(5))
async def test_who_comes_as_it_stops_is_not_left_waiting(path: Path, turns: int) -> None:
    """Whether the loop has just taken the connection, is about to or has long done so: it is closed at the end."""
    await (server := ControlServer(path, {})).start()
    with socket.socket(socket.AF_UNIX) as console:
        console.connect(str(path))
        for _ in range(turns):
            await asyncio.sleep(0)
        console.shutdown(socket.SHUT_WR)
        await server.stop()
        console.settimeout(10)
        assert console.recv(1) == b""


async def test_a_hub_that_breaks_off_is_unavailable(path: Path) -> None:
    """An empty answer is none; it isn't said that nothing was done."""

    async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    server = await asyncio.start_unix_server(hang_up, path)
    with pytest.raises(ControlUnavailableError):
        await asked(path, "add", first=1)
    server.close()


@pytest.fixture
def open_directory() -> Iterator[Path]:
    """A directory that every user may enter."""
    directory = Path(tempfile.mkdtemp(prefix="rex-control-"))
    directory.chmod(0o755)
    yield directory
    shutil.rmtree(directory)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can act as another user")
async def test_another_user_is_refused_by_the_kernels_word(open_directory: Path, hub: Hub) -> None:
    """Even where the modes were opened by mistake, the peer's user id decides."""
    path = open_directory / "control.sock"
    server = ControlServer(path, hub.verbs())
    await server.start()
    path.chmod(0o666)
    code = (
        "import socket,sys; s=socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]);"
        's.sendall(b\'{"verb":"add","arguments":{"first":1}}\\n\'); print(s.makefile().readline())'
    )
    command = ["/usr/bin/python3", "-c", code, str(path)]
    answer = await asyncio.to_thread(subprocess.run, command, user=65534, capture_output=True, check=True, text=True)
    assert json.loads(answer.stdout)["code"] == "forbidden"
    await server.stop()
