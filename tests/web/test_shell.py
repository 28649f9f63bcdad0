"""The shell: what holds for every answer, whoever gives it."""

import logging
from ipaddress import ip_network
from typing import Any

import pytest

from rex_auth_edge.web.options import WebOptions
from tests.web.outside import BASE, FRONTEND, TYPED, Outside, shape

GOOD_HOSTS = [
    *("192.168.1.5", "192.168.1.5:8000", "[::1]", "[fd00::5]:443", "localhost", "LOCALHOST:80", "rex-abc.local"),
    *("REX-ABC.local:8000", "auth-service:8000"),
]
BAD_HOSTS = [
    *("evil.example", "evil.example:8000", "localhost.evil.example", "evil.local", "", "localhost:evil.example"),
    *("localhost:80:80", "::1", "[::1", "localhost/", "user@localhost", " localhost", "x" * 5000, "127.0.0.1:123456"),
]
DEFAULT_POLICY = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"


def outside(**options: Any) -> Outside:
    """A shell with these options."""
    return Outside(WebOptions(FRONTEND + "/start", **options))


@pytest.mark.parametrize("host", GOOD_HOSTS)
async def test_host_of_ours(host: str) -> None:
    """Addresses, localhost, the hub's names and configured ones are answered, whatever the port and letter case."""
    answer = await outside(allowed_hosts=frozenset({"Auth-Service"})).client().get("/auth/me", headers={"host": host})
    assert answer.status_code == 200


@pytest.mark.parametrize("host", BAD_HOSTS)
async def test_host_of_a_stranger(host: str) -> None:
    """Any other Host is refused, health included: DNS rebinding leads browsers onto a LAN under foreign names."""
    for path in ("/auth/me", "/health/live"):
        answer = await outside().client().get(path, headers={"host": host})
        shape(answer, 400, "host_not_allowed")


@pytest.mark.parametrize("hosts", [[], [b"localhost", b"localhost"], [b"local", b"host"], [b"localhost", b""]])
async def test_host_is_sent_once(hosts: list[bytes]) -> None:
    """No Host, or two, is refused (RFC 9112 section 3.2)."""
    answered = await outside().raw(headers=[(b"host", host) for host in hosts])
    assert answered[0]["status"] == 400


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        *(("GET", "/auth/me", 200), ("GET", "/nowhere", 404), ("DELETE", "/auth/me", 405), ("GET", "/bug", 500)),
        *(("POST", "/auth/echo", 200), ("OPTIONS", "/auth/me", 204), ("BREW", "/auth/me", 405)),
    ],
)
async def test_headers_of_every_answer(method: str, path: str, status: int) -> None:
    """Every answer bears the security headers, the framework's own refusals included."""
    answer = await outside().client().request(method, path)
    assert answer.status_code == status
    assert answer.headers["content-security-policy"] == DEFAULT_POLICY
    assert "unsafe-inline" not in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cross-origin-opener-policy"] == "same-origin"
    assert answer.headers["cross-origin-resource-policy"] == "same-site"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["vary"] == "Origin"
    assert "server" not in answer.headers
    assert "strict-transport-security" not in answer.headers


async def test_handlers_own_headers_stay() -> None:
    """A page brings its own policy and caching, and gets no second one."""
    answer = await outside().client().get("/page")
    assert answer.headers.get_list("content-security-policy") == ["own"]
    assert answer.headers.get_list("cache-control") == ["max-age=60"]


async def test_hsts_on_https_alone() -> None:
    """HSTS is sent over HTTPS, which is believed of a trusted proxy only."""
    forwarded = {"x-forwarded-proto": "https"}
    trusting = outside(trusted_proxies=(ip_network("192.168.1.20/32"),)).client()
    assert (await trusting.get("/auth/me", headers=forwarded)).headers["strict-transport-security"] == "max-age=86400"
    assert "strict-transport-security" not in (await outside().client().get("/auth/me", headers=forwarded)).headers
    direct = await outside().client().get(BASE.replace("http:", "https:") + "/auth/me")
    assert direct.headers["strict-transport-security"] == "max-age=86400"


async def test_request_ids() -> None:
    """Each answer has an id of ours; a client's is not taken over."""
    client = outside().client()
    ids = [(await client.get("/auth/me", headers={"x-request-id": "mine"})).headers["x-request-id"] for _ in range(3)]
    assert len({*ids, "mine"}) == 4


OURS = BASE
ALLOWED = "https://dashboard.example:8443"


@pytest.mark.parametrize("origin", [OURS, ALLOWED, FRONTEND])
async def test_origins_that_may(origin: str) -> None:
    """The hub's own origin, a configured one and the frontend's may send unsafe requests, and read the answers."""
    client = outside(allowed_origins=frozenset({ALLOWED})).client()
    answer = await client.post("/auth/echo", headers={"origin": origin, "sec-fetch-site": "cross-site"})
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == origin
    assert answer.headers["access-control-allow-credentials"] == "true"


STRANGERS = [
    "https://evil.example",
    "null",
    "https://192.168.1.5:8000",
    "http://192.168.1.5",
    FRONTEND + ".evil.example",
]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "BREW"])
@pytest.mark.parametrize("origin", STRANGERS)
async def test_origins_that_may_not(origin: str, method: str) -> None:
    """Any other origin's unsafe requests are refused, whatever they bear; another scheme or port is another."""
    headers = {"origin": origin, "authorization": "Bearer good"}
    answer = await outside().client().request(method, "/auth/echo", headers=headers)
    shape(answer, 403, "origin_not_allowed")
    assert "access-control-allow-origin" not in answer.headers


async def test_cross_site_without_an_origin() -> None:
    """A browser's word that a request is cross-site is enough to refuse it; programs send neither header."""
    client = outside().client()
    shape(await client.post("/auth/echo", headers={"sec-fetch-site": "cross-site"}), 403, "origin_not_allowed")
    for site in ("same-origin", "same-site", "none"):
        assert (await client.post("/auth/echo", headers={"sec-fetch-site": site})).status_code == 200
    assert (await client.post("/auth/echo")).status_code == 200


async def test_two_origins_are_nobodys() -> None:
    """An allowed Origin doesn't vouch for a second one."""
    headers = [(b"host", b"localhost"), (b"origin", FRONTEND.encode()), (b"origin", b"https://evil.example")]
    assert (await outside().raw("POST", "/auth/echo", headers))[0]["status"] == 403


async def test_safe_requests_from_anywhere() -> None:
    """A stranger's GET is answered, but its page may not read the answer."""
    answer = await outside().client().get("/auth/me", headers={"origin": "https://evil.example"})
    assert answer.status_code == 200
    assert "access-control-allow-origin" not in answer.headers


async def test_origin_behind_a_proxy() -> None:
    """Ours is what the browser sees: the scheme comes from a trusted proxy, and from nobody else."""
    headers = {"origin": "https://192.168.1.5:8000", "x-forwarded-proto": "https"}
    trusting = outside(trusted_proxies=(ip_network("192.168.1.20/32"),))
    assert (await trusting.client().post("/auth/echo", headers=headers)).status_code == 200
    assert (await outside().client().post("/auth/echo", headers=headers)).status_code == 403


async def test_preflight() -> None:
    """A preflight of an allowed origin is told methods and headers; another's isn't told that it may."""
    client = outside().client()
    asked = {"access-control-request-method": "PATCH", "access-control-request-headers": "x-csrf-token"}
    answer = await client.options("/auth/profile", headers=asked | {"origin": FRONTEND})
    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == FRONTEND
    assert "PATCH" in answer.headers["access-control-allow-methods"]
    allowed = {name.strip().lower() for name in answer.headers["access-control-allow-headers"].split(",")}
    assert allowed == {"authorization", "content-type", "x-csrf-token", "x-refresh-token"}
    stranger = await client.options("/auth/profile", headers=asked | {"origin": "https://evil.example"})
    assert "access-control-allow-origin" not in stranger.headers


def accesses(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    """The access log's records."""
    return [vars(record) for record in caplog.records if record.name == "rex_auth_edge.access"]


async def test_access_log(caplog: pytest.LogCaptureFixture) -> None:
    """One record a request, with path and client, and without query, headers or body."""
    caplog.set_level(logging.DEBUG, "rex_auth_edge")
    headers = {"authorization": f"Bearer {TYPED}", "cookie": f"a={TYPED}"}
    answer = await outside().client().post(f"/auth/echo?token={TYPED}", headers=headers, json={"password": TYPED})
    [record] = accesses(caplog)
    assert (record["method"], record["path"], record["status"]) == ("POST", "/auth/echo", 200)
    assert (record["client"], record["request_id"]) == ("192.168.1.20", answer.headers["x-request-id"])
    assert record["ms"] >= 0
    assert TYPED not in repr([vars(each) for each in caplog.records])


async def test_what_comes_all_the_time_is_counted_only(caplog: pytest.LogCaptureFixture) -> None:
    """Good health and validate requests are not logged, failing ones are; all are counted."""
    caplog.set_level(logging.INFO, "rex_auth_edge")
    hub = outside()
    for path in ("/health/live", "/auth/token/validate", "/auth/validate"):
        await hub.client().get(path)
    assert accesses(caplog) == []
    await hub.client().get("/health/dead")
    assert [record["status"] for record in accesses(caplog)] == [404]
    kinds = [("health", "GET", 200), ("validate", "GET", 200), ("validate", "GET", 200), ("health", "GET", 404)]
    assert hub.observed == kinds


async def test_strangers_dont_choose_labels() -> None:
    """However many paths are asked for, metrics see few kinds."""
    hub = outside()
    for number in range(50):
        await hub.client().get(f"/{number}/{number}")
    assert {kind for kind, _, _ in hub.observed} == {"other"}


async def test_failure_outside_of_the_framework(caplog: pytest.LogCaptureFixture) -> None:
    """An exception before the answer has begun is a 500 of the ordinary shape; its text is in no log."""

    async def broken(scope: Any, receive: Any, send: Any) -> None:
        raise LookupError(TYPED)

    hub = Outside(inner=broken)
    body = shape(await hub.client().get("/auth/me"), 500, "internal_error")
    assert TYPED not in str(body)
    assert TYPED not in caplog.text
    assert "LookupError" in caplog.text
    assert hub.observed == [("me", "GET", 500)]


async def test_failure_in_the_middle_of_an_answer(caplog: pytest.LogCaptureFixture) -> None:
    """An answer that has begun is not followed by another; it stays unfinished, so that the server hangs up."""

    async def breaking(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise LookupError(TYPED)

    answered = await Outside(inner=breaking).raw()
    assert [message["type"] for message in answered] == ["http.response.start"]
    assert TYPED not in caplog.text


async def test_forward_auth_never_says_yes_to_options() -> None:
    """A proxy that asks with its client's own method gets no good answer to OPTIONS, be it a preflight or not."""
    preflight = {"origin": FRONTEND, "access-control-request-method": "GET"}
    for path in ("/auth/forward", "/api/auth/forward"):
        for headers in ({}, preflight):
            shape(await outside().client().options(path, headers=headers), 405, "method_not_allowed")
