"""The HTTP server on both parsers."""

import sys
from collections.abc import AsyncIterator
from typing import Any

import pytest

from rex_auth_edge.server import Bounds, HttpServer
from tests.server.conversations import App, Start


@pytest.fixture
def app() -> App:
    """The application behind the server."""
    return App()


@pytest.fixture(params=["httptools", "h11"])
async def start(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, app: App) -> AsyncIterator[Start]:
    """Starts servers on a port of their own, and stops them in the end."""
    if request.param == "h11":
        monkeypatch.setitem(sys.modules, "httptools", None)
    servers: list[HttpServer] = []

    async def start_one(bounds: Bounds | None = None, **options: Any) -> HttpServer:
        server = HttpServer(app, "127.0.0.1", 0, bounds=bounds, **options)
        await server.start()
        servers.append(server)
        return server

    yield start_one
    app.go_on.set()
    for server in servers:
        await server.stop()
