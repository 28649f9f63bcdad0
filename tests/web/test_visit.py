"""Who asks, on whose authority: tokens by header and cookie, CSRF where a cookie speaks, addresses behind proxies."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from rex_auth_edge.storage.store import Store
from tests.doubles import HandClock
from tests.hub import PASSWORD, Household, household
from tests.web.outside import shape

MAYA, NOOR = "maya@example.com", "noor@example.com"
UNSAFE = [
    *(("POST", "/auth/logout"), ("POST", "/auth/logout-all"), ("POST", "/auth/logout-others")),
    *(("POST", "/auth/password/change"), ("POST", "/auth/reauthenticate"), ("PATCH", "/auth/profile")),
    *(("PUT", "/api/v1/profile/me"), ("POST", "/auth/profile/picture"), ("DELETE", "/api/v1/profile/me/picture")),
    *(("DELETE", "/auth/sessions"), ("DELETE", "/api/auth/sessions/1")),
]
SAFE = ["/auth/profile", "/auth/sessions", "/auth/history", "/auth/token/validate"]


@pytest.fixture
async def maya(home: Household) -> httpx.AsyncClient:
    """Maya's browser, signed in by cookies."""
    client = home.client()
    await home.join(client, MAYA)
    return client


async def csrf(client: httpx.AsyncClient) -> dict[str, str]:
    """The header that an unsafe request by cookie needs."""
    return {"x-csrf-token": (await client.get("/auth/csrf")).json()["csrf_token"]}


@pytest.mark.parametrize(("method", "path"), UNSAFE)
async def test_a_cookie_alone_changes_nothing(maya: httpx.AsyncClient, method: str, path: str) -> None:
    """An unsafe request by cookie without the session's token is refused before anything happens."""
    shape(await maya.request(method, path, json={}), 403, "csrf_failed")
    assert (await maya.get("/auth/token/validate")).status_code == 200
    allowed = await maya.request(method, path, json={}, headers=await csrf(maya))
    assert allowed.status_code in {200, 400, 404}, allowed.text


@pytest.mark.parametrize(("method", "path"), UNSAFE)
async def test_a_bearer_needs_no_second_token(home: Household, maya: httpx.AsyncClient, method: str, path: str) -> None:
    """A Bearer token isn't sent by a browser unasked, so it is enough, and its cookies beside it don't matter."""
    bearer = {"authorization": f"Bearer {maya.cookies['access_token']}"}
    first = await maya.request(method, path, json={}, headers=bearer)
    assert first.status_code in {200, 400, 404}, first.text
    again = await home.client().request(method, path, json={}, headers=bearer)
    assert again.status_code == (401 if path in {"/auth/logout", "/auth/logout-all"} else first.status_code)


@pytest.mark.parametrize(
    "authorization", ["Bearer bad", "Bearer", "Bearer ", "Basic bWF5YTp4", "bearer\tx", "x" * 5000]
)
async def test_a_bad_bearer_doesnt_vouch_for_a_cookie(maya: httpx.AsyncClient, authorization: str) -> None:
    """Any Authorization header beside the cookie doesn't spare the CSRF token."""
    shape(await maya.post("/auth/logout", headers={"authorization": authorization}), 403, "csrf_failed")


async def test_a_pair_made_up(home: Household, maya: httpx.AsyncClient) -> None:
    """Equal header and cookie prove nothing (fault 4), nor do tokens of nobody, of another session or of an old one."""
    for token in ("x", "0" * 96, "é", (await csrf(home.client()))["x-csrf-token"]):
        maya.cookies.set("csrf_token", "made-up")
        shape(await maya.post("/auth/logout", headers={b"x-csrf-token": token.encode()}), 403, "csrf_failed")
    noor = home.client()
    await home.join(noor, NOOR)
    shape(await maya.post("/auth/logout", headers=await csrf(noor)), 403, "csrf_failed")
    old = await csrf(maya)
    assert (await home.login(maya, MAYA)).status_code == 200
    shape(await maya.post("/auth/logout", headers=old), 403, "csrf_failed")
    assert (await maya.post("/auth/logout", headers=await csrf(maya))).status_code == 200


async def test_csrf_token_survives_a_refresh(maya: httpx.AsyncClient) -> None:
    """The token is bound to the session, not to one access token; reading it needs no sign-in."""
    token = await csrf(maya)
    assert (await maya.post("/auth/token/refresh", json={})).status_code == 200
    assert (await maya.post("/auth/logout", headers=token)).status_code == 200
    assert len(await csrf(maya)) == 1


async def test_exempt_from_csrf(home: Household, maya: httpx.AsyncClient) -> None:
    """Signing in, verifying, refreshing and asking for a reset need no token, though cookies come along."""
    assert (await home.login(maya, MAYA)).status_code == 200
    assert (await maya.post("/auth/token/refresh", json={})).status_code == 200
    assert (await maya.post("/auth/password/forgot", json={"email": MAYA})).status_code == 200
    await home.join(maya, NOOR)


@pytest.fixture
async def unprotected(sqlite_store: Store, clock: HandClock, tmp_path: Path) -> AsyncIterator[Household]:
    """A hub without CSRF tokens."""
    made = await household(sqlite_store, clock, tmp_path / "data", CSRF_PROTECT="false")
    yield made
    await made.hub.close()


async def test_csrf_off(unprotected: Household) -> None:
    """CSRF_PROTECT=false asks for no token; strangers' origins are refused all the same."""
    client = unprotected.client()
    await unprotected.join(client, MAYA)
    evil = await client.post("/auth/logout", headers={"origin": "https://evil.example"})
    shape(evil, 403, "origin_not_allowed")
    assert (await client.post("/auth/logout")).status_code == 200


@pytest.mark.parametrize("path", SAFE)
async def test_bearer_or_cookie(home: Household, maya: httpx.AsyncClient, path: str) -> None:
    """Either is enough to read, in any spelling of the scheme; neither is a 401."""
    token = maya.cookies["access_token"]
    for scheme in ("Bearer", "bearer", "BEARER"):
        answer = await home.client().get(path, headers={"authorization": f"{scheme} {token}"})
        assert answer.status_code == 200
    assert (await maya.get(path)).status_code == 200
    shape(await home.client().get(path), 401, "missing_token")


@pytest.mark.parametrize("path", SAFE[:3])
async def test_headers_are_no_identity(home: Household, maya: httpx.AsyncClient, path: str) -> None:
    """What a gateway injects names nobody, and doesn't overrule the token."""
    noor = await home.join(home.client(), NOOR)
    named = {"x-user-id": noor["user_id"], "x-session-id": "1", "x-tenant-id": noor["tenant_id"], "x-roles": "owner"}
    shape(await home.client().get(path, headers=named), 401, "missing_token")
    assert (await maya.get(path, headers=named)).json() == (await maya.get(path)).json()


@pytest.mark.parametrize("kind", ["refresh_token", "temp_token", "rex_device", "csrf_token"])
async def test_no_other_token_opens(home: Household, maya: httpx.AsyncClient, kind: str) -> None:
    """A token of another kind isn't an access token, in neither place."""
    if kind == "temp_token":
        await home.begin(maya, NOOR)
    await csrf(maya)
    token = maya.cookies[kind]
    for path in SAFE:
        shape(await home.client().get(path, headers={"authorization": f"Bearer {token}"}), 401, "invalid_token")
        answer = await home.client().get(path, headers={"cookie": f"access_token={token}"})
        shape(answer, 401, "invalid_token")


@pytest.fixture
async def proxied(sqlite_store: Store, clock: HandClock, tmp_path: Path) -> AsyncIterator[Household]:
    """A hub behind a proxy at 10.0.0.1."""
    made = await household(sqlite_store, clock, tmp_path / "data", REX_TRUSTED_PROXIES="10.0.0.1")
    yield made
    await made.hub.close()


async def sessions(client: httpx.AsyncClient) -> list[dict[str, Any]]:
    """The person's sessions, as they see them."""
    found: list[dict[str, Any]] = (await client.get("/auth/sessions")).json()["sessions"]
    return found


@pytest.mark.parametrize(("peer", "shown"), [("10.0.0.1", "203.0.113.9"), ("10.0.0.2", "10.0.0.2")])
async def test_addresses_of_sessions(proxied: Household, peer: str, shown: str) -> None:
    """A session has the client's address, which only the configured proxy is believed about."""
    client = proxied.client(peer, x_forwarded_for="203.0.113.9")
    await proxied.join(client, MAYA)
    [session] = await sessions(client)
    assert session["ip_address"] == shown


@pytest.mark.parametrize("agent", [b"", b"\x1b[31mred", b"caf\xe9", b"x" * 4000, b"<script>alert(1)</script>"])
async def test_any_user_agent(home: Household, agent: bytes) -> None:
    """Whatever a device calls itself is kept bounded and printable, and fails nothing."""
    client = home.client()
    await home.join(client, MAYA)
    body = {"email": MAYA, "password": PASSWORD}
    signed_in = await client.post("/auth/login", json=body, headers={b"user-agent": agent})
    assert signed_in.status_code == 200
    names = [session["device_info"] for session in await sessions(client)]
    assert all(name and name.isprintable() and len(name) <= 255 for name in names)


@pytest.mark.parametrize(("secure", "site"), [("true", "strict"), ("false", "lax")])
async def test_cookies(sqlite_store: Store, clock: HandClock, tmp_path: Path, secure: str, site: str) -> None:
    """Every cookie has its settings; only the CSRF token's can be read by scripts."""
    settings = {"CSRF_COOKIE_SECURE": secure, "CSRF_COOKIE_SAMESITE": site}
    home = await household(sqlite_store, clock, tmp_path / "data", **settings)
    client = home.client()
    token = await home.begin(client, MAYA)
    body = {"email": MAYA, "otp": await home.code(MAYA), "temp_token": token}
    answers = [await client.post("/auth/register/verify", json=body), await client.get("/auth/csrf")]
    lines = [line for answer in answers for line in answer.headers.get_list("set-cookie")]
    assert {line.partition("=")[0] for line in lines} == {
        *("access_token", "refresh_token", "temp_token", "rex_device", "csrf_token"),
    }
    for line in lines:
        attributes = [part.strip().lower() for part in line.split(";")[1:]]
        assert {"path=/", f"samesite={site}"} <= set(attributes)
        assert ("secure" in attributes) is (secure == "true")
        assert ("httponly" in attributes) is not line.startswith("csrf_token=")
        assert not any(part.startswith("domain") for part in attributes)
    await home.hub.close()
