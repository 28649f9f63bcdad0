"""A server on a port of its own, the application behind it, and how tests talk to it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from rex_auth_edge.server import Bounds, HttpServer

QUICK = Bounds(header_seconds=0.3, body_seconds=0.3, keep_alive_seconds=1, drain_seconds=1)

GET = b"GET /x HTTP/1.1\r\nHost: hub\r\n\r\n"

Start = Callable[..., Awaitable[HttpServer]]


class App:
    """Answers the body's length. A request to /wait is answered when the test says so."""

    def __init__(self) -> None:
        self.entered = asyncio.Event()
        self.go_on = asyncio.Event()
        self.calls = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """ASGI."""
        self.calls += 1
        self.entered.set()
        size, more = 0, True
        while more:
            message = await receive()
            size += len(message.get("body", b""))
            more = message.get("more_body", False)
        if scope["path"] == "/wait":
            await self.go_on.wait()
        text = b"%d" % size
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(text))]})
        await send({"type": "http.response.body", "body": text})


async def ask(server: HttpServer, *chunks: bytes) -> bytes:
    """Send the chunks and read until the server closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    try:
        for chunk in chunks:
            writer.write(chunk)
            await writer.drain()
        async with asyncio.timeout(10):
            return await reader.read()
    except ConnectionResetError:
        return b""
    finally:
        writer.close()


async def alive(server: HttpServer) -> bool:
    """Whether a well-behaved request is answered."""
    return b" 200 " in await ask(server, GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
