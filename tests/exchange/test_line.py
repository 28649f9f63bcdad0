"""The line itself: to whom it goes, what it takes, and how it is given up."""

import asyncio
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from rex_auth_edge.exchange.address import url_of
from rex_auth_edge.exchange.hub import line as lines
from rex_auth_edge.exchange.hub.call import LARGEST_ANSWER
from rex_auth_edge.exchange.hub.line import HttpLine
from rex_auth_edge.exchange.hub.signed_line import SignedLine
from rex_auth_edge.exchange.messages import TYPE
from rex_auth_edge.exchange.proof import HubKey, Signer
from rex_auth_edge.exchange.trouble import LineError
from tests.doubles import SeededEntropy
from tests.tls.certificates import Authority


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("https://Cloud.Example/", "https://cloud.example"),
        ("https://cloud.example:443", "https://cloud.example"),
        ("https://cloud.example:8443", "https://cloud.example:8443"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("http://localhost", "http://localhost"),
        ("http://[::1]:80", "http://[::1]"),
        ("http://cloud.example", None),
        ("http://192.168.1.2", None),
        ("https://cloud.example/path", None),
        ("https://me:secret@cloud.example", None),
        ("https://cloud.example?x=1", None),
        ("https://cloud.example#x", None),
        ("https://cloud.example:99999", None),
        ("ftp://cloud.example", None),
        ("cloud.example", None),
        ("", None),
    ],
)
def test_addresses(typed: str, meant: str | None) -> None:
    """HTTPS anywhere, HTTP to this machine alone, no path, no password; in one spelling, which is signed."""
    assert url_of(typed) == meant


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    heard: list[str]
    waits: threading.Event
    came: threading.Event

    def do_POST(self) -> None:
        """Answer as the path says."""
        self.rfile.read(int(self.headers["content-length"]))
        self.heard.append(self.path)
        self.came.set()
        if self.path == "/silent":
            self.waits.wait(30)
            return
        large = LARGEST_ANSWER + 1 if self.path == "/large" else 2
        self.send_response(200)
        self.send_header("content-length", str(large))
        self.send_header("content-type", TYPE)
        self.end_headers()
        self.wfile.write(b"x" * large)
        if self.path == "/last":
            self.close_connection = True

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@contextmanager
def serving(tls: ssl.SSLContext | None = None) -> Iterator[tuple[str, _Handler]]:
    """A server of this machine's."""
    handler: Any = type("Handler", (_Handler,), {"heard": [], "waits": threading.Event(), "came": threading.Event()})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # type: ignore[method-assign]  # whoever doesn't believe it hangs up
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"{'http' if tls is None else 'https'}://127.0.0.1:{server.server_port}", handler
    finally:
        handler.waits.set()
        server.shutdown()
        thread.join()
        server.server_close()


async def test_a_connection_is_kept_and_made_anew() -> None:
    """One that the cloud has closed meanwhile is no trouble; nothing goes over a line that was closed here."""
    with serving() as (url, handler):
        line = HttpLine(url)
        for path in ("/one", "/last", "/three"):
            assert (await line.post(path, b"body", {}, 0)).body == b"xx"
        line.close()
        with pytest.raises(LineError, match="unreachable"):
            await line.post("/after", b"body", {}, 0)
        assert handler.heard == ["/one", "/last", "/three"]


async def test_who_asks_at_once_asks_one_after_another() -> None:
    """A line takes one request at a time: of five who ask it together none is cut off."""
    with serving() as (url, _):
        asks = SignedLine(HttpLine(url), url, lambda: Signer(HubKey(b"k" * 32), "name"), SeededEntropy())
        assert await asyncio.gather(*(asks.ask("/said", b"body") for _ in range(5))) == [b"xx"] * 5
        asks.close()


async def test_answers_are_bounded() -> None:
    """What is larger than any answer isn't kept."""
    with serving() as (url, _):
        line = HttpLine(url)
        with pytest.raises(LineError, match="damaged"):
            await line.post("/large", b"", {}, 0)
        line.close()


async def test_who_waits_can_hang_up() -> None:
    """A request that is kept waiting ends at once when it is given up, and so does its thread."""
    with serving() as (url, handler):
        line = HttpLine(url)
        waiting = asyncio.ensure_future(line.post("/silent", b"", {}, 55))
        await asyncio.to_thread(handler.came.wait)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        line.close()


async def test_what_was_given_up_is_not_asked_again() -> None:
    """Nor over a connection that was kept; and the next request isn't in its way."""
    with serving() as (url, handler):
        line = HttpLine(url)
        for _ in range(5):
            assert (await line.post("/one", b"", {}, 0)).status == 200
            handler.came.clear()
            waiting = asyncio.ensure_future(line.post("/silent", b"", {}, 55))
            await asyncio.to_thread(handler.came.wait)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
        assert (await line.post("/last", b"", {}, 0)).status == 200
        line.close()
        assert handler.heard == [*["/one", "/silent"] * 5, "/last"]


def test_the_end_does_not_wait_for_who_says_nothing() -> None:
    """A program ends though it is about to connect to something that neither speaks TLS nor hangs up."""

    async def connecting(url: str) -> None:
        asking = asyncio.ensure_future(HttpLine(url).post("/", b"", {}, 55))
        taken.append((await asyncio.get_running_loop().run_in_executor(None, mute.accept))[0])
        asking.cancel()

    taken: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as mute:
        asyncio.run(connecting(f"https://127.0.0.1:{mute.getsockname()[1]}"))
        with taken[0] as theirs:
            assert theirs.recv(9999), "what is said first"
            theirs.setblocking(False)  # noqa: FBT003 - as the library has it
            with pytest.raises(BlockingIOError):
                theirs.recv(1)


async def test_nobody_there() -> None:
    """A port that nobody listens at is a cloud that can't be reached."""
    with serving() as (url, _):
        pass
    with pytest.raises(LineError, match="unreachable"):
        await HttpLine(url).post("/", b"", {}, 0)


async def test_whom_it_believes(tmp_path: Path) -> None:
    """By the system's authorities a household's own is nobody; REX_SYNC_CA names one in their place, and it alone."""
    ours, other = Authority(), Authority(48)
    ours.bundle(tmp_path / "cert.pem")
    for name, authority in (("ours", ours), ("other", other)):
        await asyncio.to_thread((tmp_path / name).write_bytes, authority.root.certificate.public_bytes(Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert.pem")
    with serving(context) as (url, _):
        line = HttpLine(url, tmp_path / "ours")
        assert (await line.post("/", b"", {}, 0)).status == 200
        line.close()
        for ca in (None, tmp_path / "other"):
            with pytest.raises(LineError, match="certificate_authority"):
                await HttpLine(url, ca).post("/", b"", {}, 0)
        named = url.replace("127.0.0.1", "localhost")
        with pytest.raises(LineError, match="certificate_name"):
            await HttpLine(named, tmp_path / "ours").post("/", b"", {}, 0)


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (9, "certificate_early"),
        (10, "certificate_expired"),
        (7, "certificate_authority"),
        (20, "certificate_authority"),
        (62, "certificate_name"),
        (23, "certificate"),
    ],
)
def test_certificates_have_their_own_words(number: int, code: str) -> None:
    """Whoever shows no certificate to be believed isn't merely unreachable, and it is said why not."""
    error = ssl.SSLCertVerificationError()
    error.verify_code = number
    assert lines._explained(error).trouble == code
    assert lines._explained(ssl.SSLError()).trouble == "unreachable"


async def test_https_where_none_is_spoken() -> None:
    """A port with plain HTTP isn't merely unreachable either."""
    with serving() as (url, _), pytest.raises(LineError, match="no_tls"):
        await HttpLine(url.replace("http:", "https:")).post("/", b"", {}, 0)


async def test_an_authority_that_cannot_be_read(tmp_path: Path) -> None:
    """A file that REX_SYNC_CA names and that isn't there isn't the cloud's fault."""
    with serving() as (url, _), pytest.raises(LineError, match="no_authority"):
        await HttpLine(url.replace("http:", "https:"), tmp_path / "none").post("/", b"", {}, 0)
