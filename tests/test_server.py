"""The HTTP server on real sockets: what it bounds, what it survives, how it closes. On both parsers."""

import asyncio
import socket
import ssl
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rex_auth_edge.server import Bounds, HttpServer, ListenError, LiveTls, TlsFiles

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


@pytest.fixture
def certificate(tmp_path: Path) -> TlsFiles:
    """A certificate for 127.0.0.1 that nobody signed."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "hub")])
    start = datetime(2026, 1, 1, tzinfo=UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(start).not_valid_after(start + timedelta(days=9999))
    files = TlsFiles(tmp_path / "cert.pem", tmp_path / "key.pem")
    files.certificate.write_bytes(builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8)
    files.key.write_bytes(key.private_bytes(*form, serialization.NoEncryption()))
    (tmp_path / "locked.pem").write_bytes(key.private_bytes(*form, serialization.BestAvailableEncryption(b"x")))
    return files


def trusting(newest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3) -> ssl.SSLContext:
    """A client that believes any certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.maximum_version = newest
    return context


async def test_tls_from_files(start: Start, certificate: TlsFiles) -> None:
    """HTTPS with 1.2 and 1.3; a client that says nothing is closed before it holds a connection."""
    server = await start(QUICK, tls=LiveTls(certificate))
    assert server.url.startswith("https://")
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port, ssl=trusting(version))
        writer.write(GET)
        assert b" 200 " in await reader.readline()
        writer.close()
    assert await ask(server, b"") == b""


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
async def test_tls_below_1_2_is_refused(start: Start, certificate: TlsFiles) -> None:
    """RFC 8996."""
    old = trusting(ssl.TLSVersion.TLSv1_1)
    old.minimum_version = ssl.TLSVersion.TLSv1
    old.set_ciphers("ALL:@SECLEVEL=0")
    server = await start(tls=LiveTls(certificate))
    with pytest.raises((ssl.SSLError, ConnectionError)):
        await asyncio.open_connection("127.0.0.1", server.port, ssl=old)


def test_certificates_that_cannot_be_used_are_a_sentence(certificate: TlsFiles, tmp_path: Path) -> None:
    """Missing, not PEM, or with a passphrase, which is never asked for on a terminal."""
    (tmp_path / "junk.pem").write_text("junk")
    for key in ("none.pem", "junk.pem", "locked.pem"):
        with pytest.raises(ListenError, match="PEM files that belong together"):
            LiveTls(TlsFiles(certificate.certificate, tmp_path / key))
