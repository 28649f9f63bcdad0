"""uvicorn inside our own event loop: started, drained and stopped by whoever made it."""

import asyncio
import contextlib
import logging
import socket
import ssl
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import uvicorn
from typing_extensions import override
from uvicorn.server import ServerState

from rex_auth_edge.server.errors import ListenError
from rex_auth_edge.server.listening import BACKLOG, bind
from rex_auth_edge.server.protocol import Bounds, bounded_protocol, few_headers
from rex_auth_edge.server.tls import LiveTls

_log = logging.getLogger(__name__)
_TICK_SECONDS = 1.0
_TLS_GOODBYE_SECONDS = 5.0


class _Uvicorn(uvicorn.Server):
    """uvicorn without its signals, its own loop and its `sys.exit`."""

    @override
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield  # signals belong to the composition root

    async def listen(self, sockets: Sequence[socket.socket], context: ssl.SSLContext | None, bounds: Bounds) -> None:
        """Accept connections on `sockets` from now on."""
        self.config.load()
        self.lifespan = self.config.lifespan_class(self.config)
        await self.on_tick(0)
        loop = asyncio.get_running_loop()
        factory = self._factory(self.server_state)
        self.servers = [
            await loop.create_server(
                factory,
                sock=sock,
                ssl=context,
                backlog=BACKLOG,
                ssl_handshake_timeout=bounds.header_seconds if context else None,
                ssl_shutdown_timeout=_TLS_GOODBYE_SECONDS if context else None,
            )
            for sock in sockets
        ]
        self.started = True

    def _factory(self, state: ServerState) -> Callable[[], asyncio.Protocol]:
        make: Any = self.config.http_protocol_class
        return lambda: make(config=self.config, server_state=state, app_state=self.lifespan.state)

    def close_listeners(self) -> None:
        """Accept no more. Connections that are being made go on."""
        for server in self.servers:
            server.close()

    async def tick(self) -> None:
        """Keep the Date header right (RFC 9110 section 6.6.1), until cancelled."""
        while True:
            await asyncio.sleep(_TICK_SECONDS)
            await self.on_tick(0)


class HttpServer:
    """Serves the ASGI `app` at `host` and `port` (0 picks one), over TLS if `tls` is given.

    `sockets` that are already bound are used instead of `host` and `port`.
    """

    def __init__(
        self,
        app: Any,
        host: str,
        port: int,
        *,
        tls: LiveTls | None = None,
        sockets: Sequence[socket.socket] = (),
        bounds: Bounds | None = None,
    ) -> None:
        self.host = host
        self.port = port
        self._tls = tls
        self._sockets = list(sockets)
        self._bounds = bounds or Bounds()
        self._server = _Uvicorn(_config(app, self._bounds))
        self._ticking: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        """Where a program on this machine reaches the server; the real port once it listens."""
        here = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104  compared with, not listened on
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self._tls else 'http'}://{here.get(self.host, host)}:{self.port}"

    async def start(self) -> None:
        """Return once connections are accepted. Raises ListenError."""
        context = None if self._tls is None else self._tls.context
        if not self._sockets:
            self._sockets = bind(self.host, self.port)
        first = self._sockets[0]
        if first.family != socket.AF_UNIX:
            self.port = first.getsockname()[1]
        await self._server.listen(self._sockets, context, self._bounds)
        self._ticking = asyncio.create_task(self._server.tick())

    async def serve_until(self, stop: asyncio.Event) -> None:
        """Serve until `stop` is set, then stop."""
        try:
            await stop.wait()
        finally:
            await self.stop()

    async def stop(self) -> None:
        """Accept no more, let running requests finish for `drain_seconds`, then cut off what is left."""
        if self._ticking is None:
            return
        self._ticking.cancel()
        self._ticking = None
        self._server.close_listeners()
        await asyncio.sleep(self._bounds.last_call_seconds)
        await self._server.shutdown(self._sockets)
        for connection in list(self._server.server_state.connections):
            connection.transport.abort()
        tasks = list(self._server.server_state.tasks)
        if tasks:
            await asyncio.wait(tasks, timeout=1)


async def start_if_free(server: HttpServer, purpose: str) -> bool:
    """Start a server that the hub can do without; whether it listens. If it can't, a warning says why."""
    try:
        await server.start()
    except ListenError as error:
        _log.warning("Going on without %s. %s", purpose, error)
        return False
    return True


def _config(app: Any, bounds: Bounds) -> uvicorn.Config:
    return uvicorn.Config(
        few_headers(app, bounds),
        http=bounded_protocol(bounds),
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        workers=1,
        limit_concurrency=bounds.requests,
        timeout_keep_alive=bounds.keep_alive_seconds,
        timeout_graceful_shutdown=bounds.drain_seconds,
        h11_max_incomplete_event_size=bounds.header_bytes,
    )
