"""The HTTP server on real sockets: what it answers, and how long it waits for a client. On both parsers."""

import asyncio

import pytest

from rex_auth_edge.server import Bounds
from tests.server.conversations import GET, QUICK, App, Start, alive, ask


async def test_it_listens_when_start_returns(start: Start) -> None:
    """Port 0 has become a real one, and the address can be called."""
    server = await start()
    assert server.port > 0
    assert server.url == f"http://127.0.0.1:{server.port}"
    assert await alive(server)


async def test_it_says_when_but_not_what_it_is(start: Start) -> None:
    """One Date header, no Server header."""
    head = (await ask(await start(), GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))).lower()
    assert head.count(b"\r\ndate: ") == 1
    assert b"\r\nserver:" not in head


async def test_a_connection_serves_several_requests(start: Start, app: App) -> None:
    """Keep-alive: three requests in one connection, the last two pipelined; then it is closed for being idle."""
    server = await start(QUICK)
    answer = await ask(server, GET, GET + GET)
    assert answer.count(b" 200 ") == app.calls == 3


@pytest.mark.parametrize(
    "chunks", [[b""], [b"GET /x HTTP/1.1\r\nHo"], [GET + b"\r\n"], [GET + GET[:10]], [GET, GET[:5]]]
)
async def test_a_client_that_never_finishes_its_headers_is_closed(start: Start, chunks: list[bytes]) -> None:
    """Nothing, half a request, blank lines, half a second request: none holds a connection."""
    server = await start(QUICK)
    answer = await ask(server, *chunks)
    assert answer.count(b" 200 ") == sum(chunk.count(GET) for chunk in chunks)
    assert await alive(server)


async def test_a_blank_line_does_not_keep_a_connection(start: Start) -> None:
    """Between two requests as well: what isn't the beginning of a request buys header time, no more."""
    server = await start(QUICK)
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(GET)
    assert b" 200 " in await reader.readuntil(b"\r\n\r\n0")
    writer.write(b"\r\n")
    async with asyncio.timeout(10):
        assert b" 200 " not in await reader.read()
    writer.close()


async def test_dripping_does_not_buy_time(start: Start) -> None:
    """A byte now and then resets no clock: the connection is closed while the client still drips."""
    server = await start(QUICK)
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(b"GET /x HTTP/1.1\r\nX: ")

    async def drip() -> None:
        while True:
            writer.write(b"a")
            await asyncio.sleep(0.02)

    dripping = asyncio.create_task(drip())
    try:
        async with asyncio.timeout(10):
            assert b" 200 " not in await reader.read()
    except ConnectionResetError:
        pass
    finally:
        dripping.cancel()
        writer.close()


async def test_a_body_that_never_ends_is_closed(start: Start) -> None:
    """A body has its time too."""
    server = await start(QUICK)
    answer = await ask(server, b"POST /x HTTP/1.1\r\nHost: hub\r\nContent-Length: 10\r\n\r\nabc")
    assert b" 200 " not in answer
    assert await alive(server)


async def test_a_slow_answer_is_not_a_slow_client(start: Start, app: App) -> None:
    """Bounds on time are for what the client sends: an answer of ours may take longer, and others may queue."""
    server = await start(Bounds(header_seconds=1, body_seconds=5))
    large = b"POST /x HTTP/1.1\r\nHost: hub\r\nConnection: close\r\nContent-Length: 9000000\r\n\r\n" + b"a" * 9_000_000
    asking = asyncio.create_task(ask(server, GET.replace(b"/x", b"/wait"), large))
    await app.entered.wait()
    await asyncio.sleep(2)
    app.go_on.set()
    assert (await asking).count(b" 200 ") == 2
