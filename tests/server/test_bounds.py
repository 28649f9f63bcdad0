"""The HTTP server on real sockets: what it bounds, and what it survives. On both parsers."""

import asyncio
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rex_auth_edge.server import Bounds, HttpServer
from tests.server.conversations import GET, QUICK, App, Start, alive, ask


@pytest.mark.parametrize(
    "head",
    [
        b"X: " + b"a" * 40_000 + b"\r\n",
        b"".join(b"X-%d: a\r\n" % number for number in range(101)),
        b"".join(b"X-%d: %s\r\n" % (number, b"a" * 500) for number in range(90)),
    ],
)
async def test_large_headers_are_refused(start: Start, app: App, head: bytes) -> None:
    """One huge header, too many, or too much together: refused before the application sees them."""
    server = await start()
    answer = await ask(server, b"GET /x HTTP/1.1\r\nHost: hub\r\n" + head + b"\r\n")
    assert answer.startswith((b"HTTP/1.1 431", b"HTTP/1.1 400"))
    assert app.calls == 0
    assert await alive(server)


async def test_a_long_path_is_refused(start: Start, app: App) -> None:
    """The request line counts as well."""
    answer = await ask(await start(), b"GET /" + b"a" * 40_000 + b" HTTP/1.1\r\nHost: hub\r\n\r\n")
    assert answer.startswith((b"HTTP/1.1 431", b"HTTP/1.1 400"))
    assert app.calls == 0


async def test_headers_and_trailers_without_end_are_cut_off(start: Start) -> None:
    """What never completes is not kept in memory: the server hangs up long before the client is done."""
    server = await start()
    chunked = b"POST /x HTTP/1.1\r\nHost: hub\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n"
    for beginning in (b"GET /x HTTP/1.1\r\n", chunked):
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(beginning)
        sent = 0
        try:
            async with asyncio.timeout(10):
                while not reader.at_eof() and sent < 64 * 1024 * 1024:
                    writer.write(b"X-%d: " % sent + b"a" * 8000 + b"\r\n")
                    await writer.drain()
                    await asyncio.sleep(0)
                    sent += 8000
        except ConnectionError:
            pass
        finally:
            writer.close()
        assert sent < 64 * 1024 * 1024
    assert await alive(server)


async def test_large_bodies_pass(start: Start) -> None:
    """Bounds on headers are none on bodies: those are the application's to bound, whole or in small chunks."""
    server = await start()
    head = b"POST /x HTTP/1.1\r\nHost: hub\r\nConnection: close\r\n"
    assert (await ask(server, head + b"Content-Length: 3000000\r\n\r\n", b"a" * 3_000_000)).endswith(b"3000000")
    pieces = b"10\r\n" + b"a" * 16 + b"\r\n"
    chunked = head + b"Transfer-Encoding: chunked\r\n\r\n"
    assert (await ask(server, chunked, pieces * 20_000, b"0\r\n\r\n")).endswith(b"320000")


@pytest.mark.parametrize(
    "garbage",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"hello\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\nHost: hub\r\n\r\n",
        b"GET / HTTP/one\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: hub\r\nContent-Length: -1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: hub\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost : hub\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: hub\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
    ],
)
async def test_garbage_gets_a_400(start: Start, app: App, garbage: bytes) -> None:
    """What breaks HTTP is answered in plain text, and the server goes on."""
    server = await start(QUICK)
    answer = await ask(server, garbage)
    assert answer.startswith(b"HTTP/1.1 400")
    assert app.calls == 0
    assert await alive(server)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    noise=st.lists(st.binary(min_size=1, max_size=200), max_size=4),
    lead=st.sampled_from([b"", GET, GET[:-2], GET[:20]]),
)
async def test_no_bytes_kill_the_server(noise: list[bytes], lead: bytes) -> None:
    """Whatever is sent, the next caller is served."""
    server = HttpServer(App(), "127.0.0.1", 0, bounds=Bounds(header_seconds=0.05, body_seconds=0.05))
    await server.start()
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(lead + b"".join(noise))
    writer.write_eof()
    assert await alive(server)
    writer.close()
    with suppress(ConnectionResetError):
        await reader.read()
    await server.stop()


async def test_too_many_at_a_time_are_told_so(start: Start, app: App) -> None:
    """Past the bound the answer is 503; when there is room again, it serves."""
    server = await start(Bounds(requests=2))
    asking = asyncio.create_task(
        ask(server, GET.replace(b"/x", b"/wait").replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
    )
    await app.entered.wait()
    assert b" 503 " in await ask(server, GET)
    app.go_on.set()
    assert b" 200 " in await asking
    assert await alive(server)
