"""The HTTP server on real sockets: where it listens, and how it stops. On both parsers."""

import asyncio
import socket

import pytest

from rex_auth_edge.server import HttpServer, ListenError
from tests.server.conversations import GET, QUICK, App, Start, alive, ask


async def test_a_running_request_is_drained(start: Start, app: App) -> None:
    """Stopping lets what runs finish, and takes nothing new."""
    server = await start()
    asking = asyncio.create_task(ask(server, GET.replace(b"/x", b"/wait")))
    await app.entered.wait()
    stop = asyncio.Event()
    serving = asyncio.create_task(server.serve_until(stop))
    stop.set()
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", server.port)
        except ConnectionError:
            break
        writer.close()
        await asyncio.sleep(0.01)
    assert not serving.done()
    app.go_on.set()
    assert b" 200 " in await asking
    await serving


async def test_what_never_ends_is_cut_off(start: Start, app: App) -> None:
    """Stopping takes no longer than its bound: a request that hangs is cancelled."""
    server = await start(QUICK)
    asking = asyncio.create_task(ask(server, GET.replace(b"/x", b"/wait")))
    await app.entered.wait()
    await server.stop()
    assert b" 200 " not in await asking


async def test_stopping_twice_or_before_starting_is_nothing(start: Start, app: App) -> None:
    """Closing in order may be asked for at any point."""
    server = await start()
    await server.stop()
    await server.stop()
    await HttpServer(app, "127.0.0.1", 0).stop()


async def test_a_port_in_use_is_a_sentence(start: Start, app: App) -> None:
    """So is an address that isn't this machine's, and a name that nobody knows."""
    server = await start()
    for host, port, said in [
        ("127.0.0.1", server.port, f"Port {server.port} on 127.0.0.1 is already in use"),
        ("192.0.2.1", 0, "address of this machine"),
    ]:
        with pytest.raises(ListenError, match=said):
            await HttpServer(app, host, port).start()


async def test_sockets_that_are_open_already_are_used(start: Start) -> None:
    """As systemd hands them over."""
    sock = socket.create_server(("127.0.0.1", 0))
    server = await start(sockets=[sock])
    assert server.port == sock.getsockname()[1]
    assert await alive(server)
