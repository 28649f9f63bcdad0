"""The line: to whom it goes, what it takes, and what each refusal makes the hub do."""

import asyncio
import json
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from rex_auth_edge.domain.clock import SECOND
from rex_auth_edge.exchange.address import url_of
from rex_auth_edge.exchange.hub import line as lines
from rex_auth_edge.exchange.hub.line import HttpLine, Reply
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
        ("https://cloud.example:99999", None),
        ("ftp://cloud.example", None),
        ("cloud.example", None),
        ("", None),
    ],
)
def test_addresses(typed: str, meant: str | None) -> None:
    """HTTPS anywhere, HTTP to this machine alone, no path, no password; in one spelling, which is signed."""
    assert url_of(typed) == meant


class Cloud:
    """A line whose replies are given."""

    def __init__(self, *replies: Reply) -> None:
        self.replies = list(replies)
        self.asked: list[Mapping[str, str]] = []

    async def post(self, path: str, body: bytes, headers: Mapping[str, str], wait: float) -> Reply:  # noqa: ARG002 - a Line
        """See `Line`."""
        self.asked.append(headers)
        return self.replies.pop(0)

    def close(self) -> None:
        """See `Line`."""


def problem(status: int, code: str = "", **headers: str) -> Reply:
    """A refusal as the cloud gives it."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status, named, json.dumps({"code": code, "message": "Said"}).encode() if code else b"<html>")


def asking(cloud: Cloud) -> SignedLine:
    """Who asks it."""
    return SignedLine(cloud, "https://cloud.example", lambda: Signer(HubKey(b"k" * 32), "name"), SeededEntropy())


GOOD = Reply(200, {"content-type": TYPE, "rex-nonce": "third"}, b"said")


async def test_the_nonce_is_taken_from_each_answer() -> None:
    """The first request is sent again with the nonce that its refusal has brought; later ones need no second."""
    cloud = Cloud(problem(401, "use_nonce", rex_nonce="first"), GOOD, GOOD)
    asks = asking(cloud)
    assert await asks.ask("/sync/push", b"body") == b"said"
    assert await asks.ask("/sync/push", b"body") == b"said"
    assert len(cloud.asked) == 3


async def test_what_came_twice_is_asked_again() -> None:
    """Where a proof counts as used, as when a proxy has sent it twice, another one is tried, once."""
    cloud = Cloud(problem(401, "invalid_proof"), GOOD)
    assert await asking(cloud).ask("/sync/push", b"body") == b"said"
    assert len({headers["Authorization"] for headers in cloud.asked}) == 2


async def test_a_nonce_that_never_fits_ends() -> None:
    """A cloud that refuses its own nonces isn't asked for ever."""
    cloud = Cloud(*(problem(401, "use_nonce", rex_nonce=str(number)) for number in range(9)))
    with pytest.raises(LineError, match="proof"):
        await asking(cloud).ask("/sync/push", b"body")
    assert len(cloud.asked) == 3


@pytest.mark.parametrize(
    ("reply", "trouble", "told"),
    [
        (problem(429, "rate_limited", retry_after="7"), "too_often", 7 * SECOND),
        (problem(503, "storage_unavailable", retry_after="5"), "busy", 5 * SECOND),
        (problem(503), "busy", 0),
        (problem(413, "body_too_large"), "too_large", 0),
        (problem(401, "unknown_hub"), "unknown_key", 0),
        (problem(401, "invalid_proof"), "proof", 0),
        (problem(401, "use_nonce"), "use_nonce", 0),
        (problem(400, "bad_request"), "malformed", 0),
        (problem(400, "version_not_spoken"), "version", 0),
        (problem(403, "invalid_claim_code"), "invalid_claim_code", 0),
        (problem(404, "not_found"), "no_cloud", 0),
        (problem(302), "no_cloud", 0),
        (problem(500, "internal_error"), "failing", 0),
        (problem(502), "failing", 0),
        (Reply(200, {"content-type": "text/html"}, b"<html>Sign in to this Wi-Fi"), "no_cloud", 0),
    ],
)
async def test_refusals(reply: Reply, trouble: str, told: int) -> None:
    """Each has its code, and Retry-After is heard."""
    with pytest.raises(LineError) as raised:
        await asking(Cloud(reply, reply)).ask("/sync/push", b"body")
    assert (raised.value.trouble, raised.value.told) == (trouble, told)


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
        large = lines.LARGEST_ANSWER + 1 if self.path == "/large" else 2
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


async def test_what_a_stranger_says_is_not_shown() -> None:
    """A sentence that steers the terminal, or is as long as a page, stays where it came from."""
    for message in ("\x1b[2J", "x" * 401):
        reply = Reply(404, {}, json.dumps({"code": "not_found", "message": message}).encode())
        with pytest.raises(LineError, match="no_cloud") as raised:
            await asking(Cloud(reply)).ask("/sync/enroll", b"body")
        assert raised.value.message == ""


async def test_an_authority_that_cannot_be_read(tmp_path: Path) -> None:
    """A file that REX_SYNC_CA names and that isn't there isn't the cloud's fault."""
    with serving() as (url, _), pytest.raises(LineError, match="no_authority"):
        await HttpLine(url.replace("http:", "https:"), tmp_path / "none").post("/", b"", {}, 0)
