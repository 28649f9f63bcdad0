"""Garbage at every endpoint: the answer is a 2xx or a 4xx of the contract's shape, never a 5xx, never HTML."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from rex_auth_edge.server import Bounds, HttpServer
from rex_auth_edge.storage.store import Store
from tests.doubles import HandClock
from tests.examples import examples
from tests.hub import Household, household

MAYA = "maya@example.com"
ALWAYS = {
    *(b"x-content-type-options", b"x-frame-options", b"referrer-policy", b"content-security-policy"),
    *(b"cache-control", b"x-request-id", b"vary"),
}
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]
NAMES = [
    *(b"authorization", b"cookie", b"x-refresh-token", b"x-csrf-token", b"x-internal-service-token", b"user-agent"),
    *(b"content-type", b"content-length", b"content-encoding", b"origin", b"sec-fetch-site", b"x-forwarded-for"),
    *(b"x-forwarded-proto", b"accept", b"accept-encoding", b"range", b"if-none-match", b"expect", b"x-user-id", b"te"),
    *(b"access-control-request-method", b"transfer-encoding", b"upgrade", b"x-http-method-override", b"host"),
]
FIELDS = [
    *("email", "username", "password", "otp", "temp_token", "refresh_token", "token", "reset_token", "new_password"),
    *("current_password", "first_name", "phone_number", "image_data", "tenant", "invite", "setup_code"),
]
HOST = (b"host", b"localhost")
JSON, FORM = (b"content-type", b"application/json"), (b"content-type", b"application/x-www-form-urlencoded")
many = settings(
    max_examples=examples(25), derandomize=True, database=None, deadline=None, phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)  # fmt: skip


@pytest.fixture
async def hub(sqlite_store: Store, clock: HandClock, tmp_path: Path) -> AsyncIterator[Household]:
    """A hub without rates, so that garbage reaches the flows; Maya is in it."""
    home = await household(sqlite_store, clock, tmp_path / "data", RATE_LIMIT_ENABLED="false")
    await home.join(home.client(), MAYA)
    yield home
    await home.hub.close()


async def endpoints(home: Household) -> list[tuple[str, str]]:
    """Method and path of everything."""
    document = (await home.client().get("/openapi.json")).json()
    return [(method.upper(), path) for path, item in document["paths"].items() for method in item]


async def ask(home: Household, method: str, path: str, headers: list[tuple[bytes, bytes]], **more: Any) -> None:
    """Put a request of no client's making to the hub, and look at its answer."""
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "path": path,
        "raw_path": path.encode(), "query_string": more.get("query", b""), "root_path": "", "scheme": "http",
        "headers": headers, "client": ("192.168.1.66", 40_000), "server": ("127.0.0.1", 8000), "state": {},
    }  # fmt: skip
    waiting = [{"type": "http.request", "body": more.get("body", b""), "more_body": False}]
    answered: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return waiting.pop() if waiting else {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        answered.append(dict(message))

    await home.hub.app(scope, receive, send)
    look(answered, path)


def look(answered: list[dict[str, Any]], path: str) -> None:
    """The answer is one of ours."""
    status, headers = answered[0]["status"], dict(answered[0]["headers"])
    body = b"".join(message.get("body", b"") for message in answered[1:])
    assert status < 500, body
    assert status not in range(300, 400)
    assert set(headers) >= ALWAYS
    assert b"server" not in headers
    if path.rstrip("/") not in {"/docs", "/assets/rex.css"}:
        assert b"html" not in headers.get(b"content-type", b"")
        assert b"<" not in body[:1]
    if status >= 400:
        said = json.loads(body)
        assert said["message"] == said["error"]
        assert said["code"].replace("_", "").isalpha()
        assert (b"retry-after" in headers) is (status in {429, 503})


values = st.binary(max_size=60) | st.sampled_from([
    *(b"", b"Bearer ", b"Bearer x", b"bearer a.b.c", b"Basic Og==", b'access_token=; refresh_token="x"; a; =b; \xff'),
    *(b"application/json", b"application/json; charset=utf-16", b"text/html", b"gzip", b"chunked", b"-1", b"99999999"),
    *(b"null", b"cross-site", b"http://127.0.0.1:8000", b"bytes=0-", b"100-continue", b"h2c", b"DELETE", b"\r\nx: y"),
])  # fmt: skip
headers = st.lists(st.tuples(st.sampled_from(NAMES[:-1]) | st.binary(min_size=1, max_size=12), values), max_size=5)
texts = st.text(st.characters(), max_size=30) | st.sampled_from([
    *(MAYA, "maya", "000000", "\x00", "\ud800", "A" * 5000, "' OR 1=1 --", "{{7*7}}", "../../etc/passwd", "%00"),
    *("data:image/png;base64,iVBORw0KGgo=", "0190b5a0-0000-7000-8000-000000000000", "Zebra-River-42!", "1" * 400),
])  # fmt: skip
scalars = st.none() | st.booleans() | st.integers() | st.floats() | texts
things = st.recursive(scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3))
objects = st.dictionaries(st.sampled_from(FIELDS) | st.text(max_size=5), texts | things, max_size=8)
written = objects.map(lambda content: json.dumps(content).encode())
spoken = things.map(lambda thing: repr(thing).encode("utf-8", "replace"))
fillings = st.fixed_dictionaries(dict.fromkeys(FIELDS[:9], texts), optional=dict.fromkeys(FIELDS[9:], texts))


def run(loop: asyncio.AbstractEventLoop, work: Any) -> None:
    """Await on the hub's own loop, from hypothesis's thread."""
    asyncio.run_coroutine_threadsafe(work, loop).result(60)


async def everywhere(home: Household, sent: list[tuple[bytes, bytes]], body: bytes) -> None:
    """The same to every endpoint; those that end sessions come last."""
    found = [pair for pair in await endpoints(home) if pair[1].startswith(("/auth", "/health", "/.well-known"))]
    for method, path in sorted(found, key=lambda pair: "logout" in pair[1]):
        await ask(home, method, path.replace("{name}", "1"), [HOST, *sent], body=body)


@pytest.mark.parametrize("signed_in", [False, True])
async def test_bodies(hub: Household, *, signed_in: bool) -> None:
    """Any body, from binary junk to well-made fields with any text in them, at every endpoint."""
    loop = asyncio.get_running_loop()

    @many
    @given(body=st.binary(max_size=200) | written | written.map(lambda text: text[:-1]) | spoken, kind=st.booleans())
    def junk(body: bytes, *, kind: bool) -> None:
        run(loop, put(body, [JSON] if kind else []))

    @many
    @given(fields=fillings, kind=st.sampled_from([JSON, FORM]))
    def filled(fields: dict[str, str], kind: tuple[bytes, bytes]) -> None:
        body = json.dumps(fields) if kind is JSON else urlencode(fields, errors="replace")
        run(loop, put(body.encode(), [kind]))

    async def put(body: bytes, kind: list[tuple[bytes, bytes]]) -> None:
        await everywhere(hub, [*kind, await authority(hub)] if signed_in else kind, body)

    await asyncio.to_thread(junk)
    await asyncio.to_thread(filled)


@pytest.mark.parametrize("signed_in", [False, True])
async def test_headers(hub: Household, *, signed_in: bool) -> None:
    """Any headers at every endpoint, with nothing in the body; beside good authority and without it."""
    loop = asyncio.get_running_loop()

    @many
    @given(given=headers)
    def garbage(given: list[tuple[bytes, bytes]]) -> None:
        async def put() -> None:
            await everywhere(hub, [*given, await authority(hub)] if signed_in else given, b"")

        run(loop, put())

    await asyncio.to_thread(garbage)


async def authority(home: Household) -> tuple[bytes, bytes]:
    """A new session of Maya's, as a header."""
    async with home.client() as client:
        answer = await home.login(client, MAYA)
    return b"authorization", b"Bearer " + str(answer.json()["access_token"]).encode()


paths = st.text(st.characters(), max_size=20).map(lambda text: "/" + text) | st.sampled_from([
    *("", "*", "//", "/.", "/..", "/../etc/passwd", "/auth", "/auth/", "/auth//login", "/AUTH/login", "/auth/login/"),
    *("/auth/login/x", "/auth/sessions/", "/auth/sessions/1/2", "/auth/sessions/\x00", "/auth/sessions/\ud800"[:-1]),
    *("/auth/sessions/" + "9" * 400, "/auth/sessions/-1", "/auth/sessions/é", "/auth/sessions/1.5", "/%00", "/docs/"),
    *("/openapi.json/", "/assets/", "/assets/../app.py", "/health/", "/api", "/favicon.ico", "/" + "x" * 4000),
])  # fmt: skip


async def test_paths_and_methods(hub: Household) -> None:
    """Any path by any method: what isn't there is a 404 or a 405 like any other refusal."""
    loop = asyncio.get_running_loop()

    @settings(many, max_examples=examples(200))
    @given(path=paths, method=st.sampled_from([*METHODS, "TRACE", "CONNECT", "PROPFIND", "get", "", "\x00"]))
    def garbage(path: str, method: str) -> None:
        async def once() -> None:
            await ask(hub, method, path.encode("utf-8", "replace").decode(), [HOST, await bearer])

        run(loop, once())

    bearer = asyncio.ensure_future(authority(hub))
    await asyncio.to_thread(garbage)


async def test_query_strings(hub: Household) -> None:
    """Any query string, broken escapes and repetitions included."""
    loop = asyncio.get_running_loop()
    known = st.sampled_from([b"token", b"page", b"x"])
    pairs = st.tuples(known, st.sampled_from([b"=", b"", b"=="]), st.binary(max_size=12)).map(b"".join)

    @settings(many, max_examples=examples(100))
    @given(query=st.binary(max_size=60) | st.lists(pairs, max_size=5).map(b"&".join))
    @example(query=b"page=99999999999999999999999999")
    @example(query=b"page=1e3&page=%ff&page=&token=%00&token=%ed%a0%80")
    @example(query=b"&" * 5000)
    @example(query=b"page=x&\xff")
    def garbage(query: bytes) -> None:
        async def once() -> None:
            for path in ("/auth/history", "/auth/validate-reset-token", "/auth/token/validate", "/docs"):
                await ask(hub, "GET", path, [HOST, await bearer], query=query)

        run(loop, once())

    bearer = asyncio.ensure_future(authority(hub))
    await asyncio.to_thread(garbage)


lines = st.sampled_from([
    *(b"GET / HTTP/1.1", b"GET /auth/profile HTTP/1.0", b"POST /auth/login HTTP/1.1", b"GET / HTTP/2.0", b"GET", b""),
    *(b"PRI * HTTP/2.0", b"\x16\x03\x01\x02\x00", b"GET http://evil.example/ HTTP/1.1", b"GET /\xff HTTP/1.1"),
    *(b"GET /auth/login%zz HTTP/1.1", b"OPTIONS * HTTP/1.1", b"CONNECT a:1 HTTP/1.1", b"get / http/1.1"),
])  # fmt: skip
fields = st.sampled_from([
    *(b"Host: localhost", b"Host: localhost\r\nHost: evil", b"Host:", b"Content-Length: 5", b"Content-Length: -1"),
    *(b"Content-Length: 5\r\nContent-Length: 6", b"Transfer-Encoding: chunked", b"Connection: close", b": x", b" x: y"),
    *(b"Connection: upgrade\r\nUpgrade: websocket", b"Upgrade: h2c", b"X: \xff\x00", b"Expect: 100-continue", b"X"),
    *(b"Cookie: \xff\xfe=;;;", b"Authorization: Bearer \xff", b"Content-Type: application/json"),
])  # fmt: skip
tails = st.binary(max_size=40) | st.sampled_from(
    [b"{}", b"5\r\n{\r\n", b"0\r\n\r\n", b"ffffffffffffffffffff\r\n", b"-1\r\n"]
)
requests = st.tuples(lines, st.lists(fields, max_size=5), tails).map(
    lambda drawn: b"\r\n".join([drawn[0], *drawn[1], b"", drawn[2]])
)


async def test_raw_bytes(hub: Household) -> None:
    """Any bytes at the listening server: an answer below 500 or none, and the hub goes on."""
    loop = asyncio.get_running_loop()
    server = HttpServer(
        hub.hub.app, "127.0.0.1", 0, bounds=Bounds(header_seconds=0.2, body_seconds=0.2, keep_alive_seconds=0)
    )
    await server.start()

    @settings(many, max_examples=examples(12))
    @given(st.lists(st.binary(max_size=200) | requests, min_size=4, max_size=12))
    def garbage(messages: list[bytes]) -> None:
        async def together() -> None:
            for answer in await asyncio.gather(*(talk(server.port, message) for message in messages)):
                assert not answer or answer.startswith(b"HTTP/1.1 "), answer
                assert all(answer[9:10] in b"24" for _ in answer[:1]), answer
                assert b"<" not in answer
                assert b"\r\nserver:" not in answer.lower()

        run(loop, together())

    await asyncio.to_thread(garbage)
    good = await talk(server.port, b"GET /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    assert good.startswith(b"HTTP/1.1 200 ")
    await server.stop()


async def talk(port: int, message: bytes) -> bytes:
    """Send these bytes, and read until the server hangs up."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(message)
        return await reader.read()
    except ConnectionError:
        return b""
    finally:
        writer.close()
