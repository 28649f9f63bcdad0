"""What a client may send and how slowly: uvicorn's protocols, bounded in bytes and time."""

import asyncio
import importlib.util
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

from typing_extensions import override

if TYPE_CHECKING:
    from uvicorn.protocols.http.h11_impl import H11Protocol as _Protocol
else:
    _Protocol = object

_ROOM_TO_REFUSE = 64
_TWO_LENGTHS = frozenset({b"content-length", b"transfer-encoding"})
"""Both at once is how requests are smuggled past a proxy (RFC 9112 section 6.1); httptools refuses it, h11 doesn't."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a client may take: bytes, headers, seconds, and requests at a time (past `requests`: 503).

    A server that stops takes no more connections, hears for `last_call_seconds` those that it has just taken, and lets
    requests finish for `drain_seconds`.
    """

    header_bytes: int = 32 * 1024
    header_count: int = 100
    header_seconds: float = 10.0
    body_seconds: float = 60.0
    keep_alive_seconds: int = 15
    requests: int = 512
    drain_seconds: int = 10
    last_call_seconds: float = 0.0


class _Phase(Enum):
    """What a connection waits for: a request's headers, its body, or nothing but our answer."""

    HEADERS = 1
    BODY = 2
    DONE = 3


class _Bounded(_Protocol):
    """Put before one of uvicorn's protocols: closes connections that are too slow, too many, or never come to a point.

    `_progress` says whether the chunk at hand completed anything; what completes nothing (headers, trailers, chunk
    extensions) is held in memory by the parser, so it is counted.
    """

    bounds: Bounds
    _phase = _Phase.HEADERS
    _turned = True
    _progress = False
    _pending = 0
    _timer: asyncio.TimerHandle | None = None

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        if len(self.connections) > self.bounds.requests + _ROOM_TO_REFUSE:
            transport.abort()
        self._watch()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._unwatch()

    @override
    def data_received(self, data: bytes) -> None:
        if self._phase is _Phase.DONE:
            self._turn(_Phase.HEADERS)
        self._progress = False
        super().data_received(data)
        self._look()
        self._pending = 0 if self._progress else self._pending + len(data)
        if self.transport.is_closing():
            self._unwatch()
        elif self._pending > self.bounds.header_bytes:
            self._refuse(b"431 Request Header Fields Too Large", b"The headers are too large.")
        elif self._turned:
            self._watch()

    def _look(self) -> None:
        """Where the parser has no callbacks: find out the phase, and turn to it."""

    def _turn(self, phase: _Phase) -> None:
        self._phase = phase
        self._turned = self._progress = True

    def _watch(self) -> None:
        self._unwatch()
        self._turned = False
        if self._phase is not _Phase.DONE:
            slow = self._phase is _Phase.HEADERS
            seconds = self.bounds.header_seconds if slow else self.bounds.body_seconds
            self._timer = self.loop.call_later(seconds, self._expired)

    def _unwatch(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _expired(self) -> None:
        if self.flow.read_paused:
            self._watch()  # it is we who haven't read on
        else:
            self._refuse(b"408 Request Timeout", b"The request took too long to arrive.")

    def _answering(self) -> bool:
        # uvicorn types `cycle` as if there were always one; before the first request it is None.
        cycle: Any = self.cycle
        return cycle is not None and not cycle.response_complete

    def _refuse(self, status: bytes, text: bytes) -> None:
        """Answer in plain text if nothing has been answered yet, and close."""
        self._unwatch()
        if not self._answering():
            head = b"HTTP/1.1 %b\r\ncontent-type: text/plain\r\ncontent-length: %d\r\nconnection: close\r\n\r\n"
            self.transport.write(head % (status, len(text)) + text)
        self.transport.close()


def _httptools_protocol(limits: Bounds) -> type[asyncio.Protocol]:
    """The protocol over the fast parser, which calls back at each step."""
    from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol  # noqa: PLC0415  absent on armv7l

    class Protocol(_Bounded, HttpToolsProtocol):  # type: ignore[misc]  # the two parsers' protocols differ in `conn`
        bounds = limits

        @override
        def on_message_begin(self) -> None:
            self._turn(_Phase.HEADERS)
            super().on_message_begin()

        @override
        def on_headers_complete(self) -> None:
            self._turn(_Phase.BODY)
            super().on_headers_complete()

        @override
        def on_body(self, body: bytes) -> None:
            self._progress = True
            super().on_body(body)

        @override
        def on_message_complete(self) -> None:
            self._turn(_Phase.DONE)
            super().on_message_complete()

    return Protocol


def _h11_protocol(limits: Bounds) -> type[asyncio.Protocol]:
    """The protocol over the parser in plain Python. It bounds headers and trailers itself, by `h11_max_...`."""
    import h11  # noqa: PLC0415  only where httptools is absent
    from uvicorn.protocols.http.h11_impl import H11Protocol  # noqa: PLC0415  likewise

    waiting = {h11.IDLE: _Phase.HEADERS, h11.SEND_BODY: _Phase.BODY}

    class Protocol(_Bounded, H11Protocol):
        bounds = limits

        @override
        def _look(self) -> None:
            self._progress = True
            phase = waiting.get(self.conn.their_state, _Phase.DONE)
            if phase is not self._phase:
                self._turn(phase)

    return Protocol


def bounded_protocol(limits: Bounds) -> type[asyncio.Protocol]:
    """The protocol class for uvicorn: over httptools where that is installed, else over h11."""
    fast = importlib.util.find_spec("httptools") is not None
    return _httptools_protocol(limits) if fast else _h11_protocol(limits)


def few_headers(app: Any, limits: Bounds) -> Any:
    """`app` behind a last look at complete headers: what came in one chunk was never pending."""

    async def bounded(scope: Any, receive: Any, send: Any) -> None:
        sent = scope["headers"]
        size = len(scope["raw_path"]) + len(scope["query_string"]) + sum(len(name) + len(value) for name, value in sent)
        if len(sent) > limits.header_count or size > limits.header_bytes:
            await _refuse(send, 431, b"The headers are too large.")
        elif {name for name, _ in sent} >= _TWO_LENGTHS:
            await _refuse(send, 400, b"A body has one length: Content-Length or Transfer-Encoding.")
        else:
            await app(scope, receive, send)

    return bounded


async def _refuse(send: Any, status: int, text: bytes) -> None:
    headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", b"%d" % len(text)),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": text})
