"""One request over one connection: blocking, in a thread of its own, and given up from outside."""

import asyncio
import socket
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from http.client import HTTPConnection

from rex_auth_edge.exchange.trouble import LineError, Trouble
from rex_auth_edge.sync.wire import LARGEST_BODY

LARGEST_ANSWER = 4 * LARGEST_BODY


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back; `headers` by lower-case name."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


class Call:
    """Over `connection`, one that was kept, or else over what `connect` gives, which is called in the thread."""

    def __init__(self, connect: Callable[[], HTTPConnection], kept: HTTPConnection | None) -> None:
        self._connect = connect
        self._connection = kept
        self._given_up = False
        self._under_way = False

    @property
    def kept(self) -> HTTPConnection | None:
        """What the next request may go over."""
        return None if self._given_up else self._connection

    def give_up(self) -> None:
        """Ask nothing more, and let go of the connection; whoever reads from it in a thread comes back at once."""
        self._given_up = True
        connection = self._connection
        if connection is not None and connection.sock is not None:
            with suppress(OSError):
                socket.socket.shutdown(connection.sock, socket.SHUT_RDWR)  # TLS's own would speak to the other end
        if not self._under_way:
            self._hang_up()

    async def post(self, path: str, body: bytes, headers: Mapping[str, str], patience: float) -> Reply:
        """The reply; `patience` in seconds is for each step. Raises OSError, HTTPException, ValueError, LineError."""
        self._under_way = True
        try:
            return await _in_a_thread(partial(self._post, path, body, headers, patience))
        except asyncio.CancelledError:
            self.give_up()
            raise

    def _post(self, path: str, body: bytes, headers: Mapping[str, str], patience: float) -> Reply:
        try:
            return self._asked(path, body, headers, patience)
        except BaseException:
            self._given_up = True
            raise
        finally:
            self._under_way = False
            if self._given_up:
                self._hang_up()

    def _asked(self, path: str, body: bytes, headers: Mapping[str, str], patience: float) -> Reply:
        connection = self._connection or self._connect()
        if connection.sock is None:
            connection.connect()
        self._connection = connection
        if self._given_up:
            raise ConnectionAbortedError
        connection.sock.settimeout(patience)
        connection.putrequest("POST", path, skip_accept_encoding=True)  # nobody compresses what isn't asked for
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            connection.putheader(name, value)
        connection.endheaders(body)
        answer = connection.getresponse()
        content = answer.read(LARGEST_ANSWER + 1)
        if len(content) > LARGEST_ANSWER:
            raise LineError(Trouble.DAMAGED)
        self._given_up |= answer.will_close
        return Reply(answer.status, {name.lower(): value for name, value in answer.getheaders()}, content)

    def _hang_up(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


async def _in_a_thread(work: Callable[[], Reply]) -> Reply:
    """The program's end doesn't wait for this one, as it does for asyncio's own: finding a name may take a minute."""
    loop = asyncio.get_running_loop()
    reply: asyncio.Future[Reply] = loop.create_future()

    def tell(done: Callable[[], None]) -> None:
        if not reply.cancelled():
            done()

    def run() -> None:
        try:
            done = partial(reply.set_result, work())
        except BaseException as error:  # noqa: BLE001 - whoever asked is told
            done = partial(reply.set_exception, error)
        with suppress(RuntimeError):  # the loop is over
            loop.call_soon_threadsafe(tell, done)

    threading.Thread(target=run, name="line", daemon=True).start()
    return await reply
