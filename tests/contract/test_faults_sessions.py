"""Faults 2 to 4 and 11 to 13 of the original service: cookies, refresh, CSRF, resets, sign-out."""

import asyncio

import pytest

from rex_auth_edge.domain.clock import DAY, MINUTE, SECOND
from tests.hub import PASSWORD, Household

MAYA = "maya@example.com"
NEW_PASSWORD = "Harbour-Lamp-77?"


def bearer(tokens: dict[str, str]) -> dict[str, str]:
    """The Authorization header of a session."""
    return {"authorization": f"Bearer {tokens['access_token']}"}


async def test_fault_02_cookies_authenticate(home: Household) -> None:
    """The cookies that the hub sets are the ones that it reads; a made-up X-Refresh-Token is worth nothing."""
    async with home.client() as client:
        await home.join(client, MAYA)
        assert (await client.get("/auth/token/validate")).status_code == 200
        assert (await client.get("/auth/profile")).json()["email"] == MAYA
    async with home.client() as stranger:
        answer = await stranger.get("/auth/token/validate", headers={"x-refresh-token": "anything"})
        assert answer.status_code == 401


async def test_fault_03_expired_access_token_is_renewed(home: Household) -> None:
    """Where the access token has expired and the refresh token is good, validate answers with new tokens."""
    async with home.client() as client:
        joined = await home.join(client, MAYA)
        home.clock.advance(10 * MINUTE)
        answer = await client.get("/auth/token/validate", headers=bearer(joined))
        assert answer.status_code == 200, answer.text
        said = answer.json()
        assert said["is_expired"] is said["refreshed"] is True
        assert said["access_token"] != joined["access_token"]
        assert said["refresh_token"] != joined["refresh_token"]
        assert (await client.get("/auth/token/validate")).json()["refreshed"] is False


async def test_fault_03_forged_token_is_refused_whatever_else_is_sent(home: Household) -> None:
    """A forged or revoked access token is a 401 though a good refresh token comes with it."""
    async with home.client() as client:
        joined = await home.join(client, MAYA)
        forged = joined["access_token"][:-8] + "AAAAAAAA"
        answer = await client.get("/auth/token/validate", headers={"authorization": f"Bearer {forged}"})
        assert answer.status_code == 401


async def test_fault_04_csrf(home: Household) -> None:
    """A cookie needs the session's own token for what changes things; a Bearer needs none."""
    async with home.client() as client, home.client() as other:
        joined = await home.join(client, MAYA)
        await home.join(other, "noor@example.com")
        foreign = (await other.get("/auth/csrf")).json()["csrf_token"]
        own = (await client.get("/auth/csrf")).json()["csrf_token"]
        for token in ("", "x" * 64, foreign):
            client.cookies.set("csrf_token", token)
            refused = await client.patch("/auth/profile", json={}, headers={"x-csrf-token": token})
            assert (refused.status_code, refused.json()["code"]) == (403, "csrf_failed")
        assert (await client.patch("/auth/profile", json={}, headers={"x-csrf-token": own})).status_code == 200
        assert (await client.patch("/auth/profile", json={}, headers=bearer(joined))).status_code == 200


@pytest.mark.parametrize(
    "headers", [{"origin": "https://evil.example"}, {"origin": "null"}, {"sec-fetch-site": "cross-site"}]
)
async def test_fault_04_foreign_origins(home: Household, headers: dict[str, str]) -> None:
    """An unsafe request from another site is a 403, whatever its authority."""
    async with home.client() as client:
        joined = await home.join(client, MAYA)
        refused = await client.post("/auth/logout", headers=headers | bearer(joined))
        assert (refused.status_code, refused.json()["code"]) == (403, "origin_not_allowed")
        ours = {"origin": "http://127.0.0.1:8000"} | bearer(joined)
        assert (await client.post("/auth/logout", headers=ours)).status_code == 200


async def test_fault_11_one_successor(home: Household) -> None:
    """Eight refreshes at once with one token give one pair, whoever asks again."""
    async with home.client() as client:
        joined = await home.join(client, MAYA)
        body = {"refresh_token": joined["refresh_token"]}
        answers = await asyncio.gather(*(client.post("/auth/token/refresh", json=body) for _ in range(8)))
        assert {answer.status_code for answer in answers} == {200}
        assert len({answer.json()["refresh_token"] for answer in answers}) == 1


async def test_fault_11_reuse_ends_the_family(home: Household) -> None:
    """A spent token that comes from elsewhere ends the session, its descendants and access tokens included."""
    async with home.client() as owner, home.client("192.168.1.66", user_agent="Thief") as thief:
        joined = await home.join(owner, MAYA)
        renewed = (await owner.post("/auth/token/refresh")).json()
        stolen = {"refresh_token": joined["refresh_token"]}
        assert (await thief.post("/auth/token/refresh", json=stolen)).status_code == 401
        assert (await owner.post("/auth/token/refresh")).status_code == 401
        assert (await owner.get("/auth/token/validate", headers=bearer(renewed))).status_code == 401


@pytest.mark.parametrize("wait", [11 * SECOND, 2 * DAY])
async def test_fault_11_retry_has_its_time(home: Household, wait: int) -> None:
    """After 10 seconds the same client's reuse ends the session too, however old the token."""
    async with home.client() as owner:
        joined = await home.join(owner, MAYA)
        await owner.post("/auth/token/refresh")
        await owner.post("/auth/token/refresh")
        home.clock.advance(wait)
        body = {"refresh_token": joined["refresh_token"]}
        assert (await owner.post("/auth/token/refresh", json=body)).status_code == 401
        assert (await owner.post("/auth/token/refresh")).status_code == 401


async def test_fault_11_retry_ends_when_the_successor_is_used(home: Household) -> None:
    """Once the successor has been used, the token before it is spent for everybody."""
    async with home.client() as owner:
        joined = await home.join(owner, MAYA)
        await owner.post("/auth/token/refresh")
        await owner.post("/auth/token/refresh")
        body = {"refresh_token": joined["refresh_token"]}
        assert (await owner.post("/auth/token/refresh", json=body)).status_code == 401


async def test_fault_12_resets(home: Household) -> None:
    """Of eight resets at once one wins; older tokens die with it, and every session ends."""
    async with home.client() as owner:
        joined = await home.join(owner, MAYA)
        older = await home.reset_token(owner, MAYA)
        token = await home.reset_token(owner, MAYA)
        body = {"reset_token": token, "new_password": NEW_PASSWORD}
        answers = await asyncio.gather(*(owner.post("/auth/password/reset", json=body) for _ in range(8)))
        assert sorted(answer.status_code for answer in answers) == [200] + [400] * 7
        late = await owner.post("/auth/password/reset", json=body | {"reset_token": older})
        assert late.status_code == 400
        assert (await owner.get("/auth/token/validate", headers=bearer(joined))).status_code == 401
        assert (await home.login(owner, MAYA, PASSWORD)).status_code == 401


async def test_fault_12_weak_password_keeps_the_token(home: Household) -> None:
    """A weak new password is refused and the token can be used again."""
    async with home.client() as owner:
        await home.join(owner, MAYA)
        token = await home.reset_token(owner, MAYA)
        weak = await owner.post("/auth/password/reset", json={"token": token, "password": "weak"})
        assert (weak.status_code, weak.json()["code"]) == (400, "weak_password")
        good = await owner.post("/auth/password/reset", json={"token": token, "password": NEW_PASSWORD})
        assert good.status_code == 200


@pytest.mark.parametrize(("path", "others"), [("logout", True), ("logout-all", False), ("logout-others", False)])
async def test_fault_13_sign_out(home: Household, path: str, others: bool) -> None:  # noqa: FBT001
    """Signing out ends what it says, at once, refresh and access tokens alike."""
    async with home.client() as phone, home.client() as tablet:
        mine = await home.join(phone, MAYA)
        theirs = (await home.login(tablet, MAYA)).json()
        answer = await phone.post(f"/auth/{path}", headers=bearer(mine))
        assert answer.status_code == 200
        here = (await phone.get("/auth/profile", headers=bearer(mine))).status_code == 200
        there = (await tablet.get("/auth/profile", headers=bearer(theirs))).status_code == 200
        assert here == (path == "logout-others")
        assert there == others
        assert (phone.cookies.get("refresh_token") is not None) == (path == "logout-others")
        again = await tablet.post("/auth/token/refresh", json={"refresh_token": theirs["refresh_token"]})
        assert (again.status_code == 200) == others
