"""The console's way into a running hub: a Unix socket in the data directory, open to the hub's user and to root.

One line of JSON each way: {"verb": ..., "arguments": {...}} is answered by {"ok": true, "result": ...} or
{"ok": false, "code": ..., "message": ..., "fields": {...}}.
"""

import asyncio
import contextlib
import inspect
import json
import logging
import os
import socket
import struct
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from rex_auth_edge.domain.failures import ExplainedError
from rex_auth_edge.domain.refusals import Refused, RefusedError
from rex_auth_edge.storage.store import StorageUnavailableError

LINE_BYTES = 64 * 1024
ANSWER_BYTES = 8 * 1024 * 1024
_ASK_SECONDS = 5.0
_CLOSE_SECONDS = 5.0
_TURNS = 4
"""Of the loop, within which who is at the socket has a conversation: a server that is closed forgets the others."""
_LOOK = "its log says why; whether it was done, `rex-auth-edge audit list` tells"

_log = logging.getLogger(__name__)
Verb = Callable[..., Awaitable[Any]]


class ControlUnavailableError(ExplainedError):
    """The hub can't be spoken to; the text says why and what to do."""


class ControlRefusedError(ExplainedError):
    """The hub refused the verb. `code` is stable, `message` a sentence for people, `fields` as in `Refused`."""

    def __init__(self, code: str, message: str, fields: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.fields = dict(fields or {})


class ControlServer:
    """Serves `verbs` (name -> coroutine function taking the arguments by name) at the socket `path`.

    Raises ControlUnavailableError from `start` if another hub listens there or the socket can't be made. A connection
    that hasn't asked within `ask_seconds` is closed.
    """

    def __init__(self, path: Path, verbs: Mapping[str, Verb], *, ask_seconds: float = _ASK_SECONDS) -> None:
        self._path = path
        self._verbs = verbs
        self._ask_seconds = ask_seconds
        self._server: asyncio.AbstractServer | None = None
        self._conversations: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Listen; a socket file that a dead hub left is removed first."""
        sock = _bound(self._path)
        self._server = await asyncio.start_unix_server(self._accept, sock=sock, limit=LINE_BYTES)

    async def stop(self) -> None:
        """Listen no more, let verbs that run finish for 5 s, and remove the socket."""
        server, self._server = self._server, None
        if server is None:
            return
        self._path.unlink(missing_ok=True)
        for _ in range(_TURNS):
            await asyncio.sleep(0)
        server.close()
        if self._conversations:
            _, late = await asyncio.wait(self._conversations, timeout=_CLOSE_SECONDS)
            for task in late:
                task.cancel()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(self._converse(reader, writer))
        self._conversations.add(task)
        task.add_done_callback(self._conversations.discard)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            answer = await self._hear(reader, writer)
            if answer is not None:
                writer.write(answer)
                async with asyncio.timeout(self._ask_seconds):
                    await writer.drain()
        except (OSError, TimeoutError):
            _log.info("A console went away before it had its answer.")
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def _hear(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes | None:
        try:
            async with asyncio.timeout(self._ask_seconds):
                line = await reader.readline()
        except ValueError:
            return _refusal("too_long", f"A request is one line of at most {LINE_BYTES} bytes.")
        if not _trusted(writer):
            # Said only now: what is closed with something unread is cut off, and the answer with it.
            return _refusal("forbidden", "Only the hub's own user and root may use this socket.")
        return await self._answer(line) if line.endswith(b"\n") else None

    async def _answer(self, line: bytes) -> bytes:
        try:
            request = json.loads(line)
            name, arguments = request["verb"], dict(request.get("arguments") or {})
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return _refusal("bad_request", 'A request is {"verb": "...", "arguments": {...}} on one line.')
        verb = self._verbs.get(name) if isinstance(name, str) else None
        if verb is None:
            return _refusal("unknown_verb", "This hub knows no such verb; is it older than the command line?")
        try:
            inspect.signature(verb).bind(**arguments)
        except TypeError as error:
            return _refusal("bad_arguments", f"The verb {name} was given wrong arguments: {error}.")
        return await _outcome(name, verb(**arguments))


async def _outcome(name: str, work: Awaitable[Any]) -> bytes:
    try:
        return _line({"ok": True, "result": await done(work)})
    except ControlRefusedError as error:
        return _refusal(error.code, error.message, error.fields)
    except Exception:  # noqa: BLE001  whatever a verb raises, the console gets its answer
        _log.exception("A verb of the console failed.", extra={"verb": name})
        return _refusal("internal_error", "The hub failed at this; its log says why.")


async def done(work: Awaitable[Any]) -> Any:
    """A verb's result. Raises ControlRefusedError where it refuses, with what only whoever runs the hub is told."""
    try:
        result = await work
    except StorageUnavailableError as error:
        raise ControlRefusedError(error.refused.code, error.reason) from error
    except RefusedError as error:
        raise _refused(error.refused) from error
    if isinstance(result, Refused):
        raise _refused(result)
    return result


def _refused(refused: Refused) -> ControlRefusedError:
    return ControlRefusedError(refused.code, refused.message, refused.fields)


def _refusal(code: str, message: str, fields: Mapping[str, str] | None = None) -> bytes:
    return _line({"ok": False, "code": str(code), "message": message, "fields": dict(fields or {})})


def _line(content: object) -> bytes:
    return msgspec.json.encode(content) + b"\n"  # ten times as fast as json's, which a page of the audit log shows


def _trusted(writer: asyncio.StreamWriter) -> bool:
    """Whether the kernel says that the peer is our own user or root (SO_PEERCRED, unix(7))."""
    peer = writer.get_extra_info("socket").getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    _, user, _ = struct.unpack("3i", peer)
    return user in {0, os.geteuid()}


def _bound(path: Path) -> socket.socket:
    """A socket at `path` that only its owner may open. Not listening yet, it takes nobody before its mode is set."""
    _clear(path)
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        sock.bind(str(path))
        path.chmod(0o600)
    except OSError as error:
        sock.close()
        raise ControlUnavailableError(
            f"The control socket {path} can't be made: {error.strerror or error}. "
            "Check that the data directory is writable and its path shorter than 90 characters."
        ) from error
    sock.setblocking(False)  # noqa: FBT003  the socket's own method
    return sock


def _clear(path: Path) -> None:
    """Remove what a dead hub left. Raises ControlUnavailableError if a hub is alive there, or it is no socket."""
    if not path.exists():
        return
    if not path.is_socket():
        raise ControlUnavailableError(f"{path} is not a socket: move it away.")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1)
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink()
            return
        except OSError as error:
            raise ControlUnavailableError(f"The control socket {path} can't be tried: {error.strerror}.") from error
    raise ControlUnavailableError(f"Another hub is running on {path.parent}: stop it first.")


def socket_in(data_dir: Path) -> Path:
    """Where the console finds a running hub."""
    return data_dir / "control.sock"


def answers(path: Path) -> bool:
    """Whether a hub listens at `path`. Raises ControlUnavailableError where that can't be told."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            _connect(probe, path, _ASK_SECONDS)
        except (FileNotFoundError, ConnectionRefusedError):
            return False
    return True


def call(path: Path, verb: str, arguments: Mapping[str, Any] | None = None, *, timeout: float = 60.0) -> Any:
    """Have the hub at `path` do `verb`, and return its result; `timeout` in seconds, for each step.

    Raises ControlUnavailableError if the hub can't be reached or breaks off, ControlRefusedError if it refuses.
    """
    request = _line({"verb": verb, "arguments": dict(arguments or {})})
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
        try:
            _connect(sock, path, timeout)
            sock.sendall(request)
            answer = json.loads(sock.makefile("rb").readline(ANSWER_BYTES))
        except (FileNotFoundError, ConnectionRefusedError) as error:
            raise ControlUnavailableError(f"No hub answers at {path}: is it running?") from error
        except TimeoutError as error:
            raise ControlUnavailableError(f"The hub didn't answer within {timeout:.0f} seconds: {_LOOK}.") from error
        except (OSError, ValueError) as error:
            raise ControlUnavailableError(f"The hub broke off before it had answered: {_LOOK}.") from error
    if answer["ok"]:
        return answer["result"]
    raise ControlRefusedError(answer["code"], answer["message"], answer.get("fields"))


def _connect(sock: socket.socket, path: Path, timeout: float) -> None:
    sock.settimeout(timeout)
    try:
        sock.connect(str(path))
    except PermissionError as error:
        raise ControlUnavailableError(f"{path} is closed to you: run this as the hub's user or as root.") from error
    except TimeoutError as error:
        raise ControlUnavailableError(f"The hub at {path} is too busy to listen: try again.") from error
