"""Refreshing and validating: where tokens are looked for, what renews them, and what ends them."""

import asyncio
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rex_auth_edge.domain.clock import DAY, MINUTE, SECOND
from tests.contract.shapes import MAYA, NOOR, bearer, granted, refused
from tests.hub import Household

REFRESH, VALIDATE = "/auth/token/refresh", "/auth/token/validate"

Tokens = dict[str, Any]
Carried = Callable[[Tokens], dict[str, dict[str, str]]]
CARRIERS: dict[str, Carried] = {
    "bearer": lambda it: {"headers": bearer(it, "refresh_token")},
    "lower-case bearer": lambda it: {"headers": {"authorization": f"bearer  {it['refresh_token']}"}},
    "body": lambda it: {"json": {"refresh_token": it["refresh_token"]}},
    "form": lambda it: {"data": {"refresh_token": it["refresh_token"]}},
    "header": lambda it: {"headers": {"x-refresh-token": it["refresh_token"]}},
    "cookie": lambda it: {"headers": {"cookie": f"refresh_token={it['refresh_token']}"}},
    "cookie beside an access token": lambda it: {
        "headers": bearer(it) | {"cookie": f"refresh_token={it['refresh_token']}"}
    },
    "body beside an access token": lambda it: {
        "headers": bearer(it), "json": {"refresh_token": it["refresh_token"]}
    },
    "header beside a broken bearer": lambda it: {
        "headers": {"authorization": "Bearer x.y.z", "x-refresh-token": it["refresh_token"]}
    },
    "cookie beside an empty bearer": lambda it: {
        "headers": {"authorization": "Bearer ", "cookie": f"refresh_token={it['refresh_token']}"}
    },
}  # fmt: skip


@pytest.mark.parametrize("carrier", CARRIERS)
async def test_refresh_token_is_found_wherever_it_is(home: Household, carrier: str) -> None:
    """As Bearer, in the body, in X-Refresh-Token, in the cookie; a Bearer that is none doesn't stand in the way."""
    async with home.client() as client:
        joined = await home.join(client, MAYA)
    async with home.client() as bare:
        said = granted(await bare.post(REFRESH, **CARRIERS[carrier](joined)))  # type: ignore[arg-type]
        assert said["refresh_token"] != joined["refresh_token"]
        assert said["user_id"] == joined["user_id"]
        assert said["expires_in"] == 600


@pytest.mark.parametrize("shown", ["nothing", "nonsense", "an access token", "another hub's", "changed"])
async def test_what_is_no_refresh_token_is_a_401(home: Household, shown: str) -> None:
    """Nothing, nonsense, an access token or a token that was changed refreshes nothing and ends nothing."""
    async with home.client() as client, home.client() as bare:
        joined = await home.join(client, MAYA)
        good = joined["refresh_token"]
        token = {
            "nothing": None, "nonsense": "é" * 50, "an access token": joined["access_token"],
            "another hub's": "A" * len(good), "changed": good[:-1] + ("A" if good[-1] != "A" else "B"),
        }[shown]  # fmt: skip
        refused(await bare.post(REFRESH, json={"refresh_token": token}), 401, "invalid_token")
        granted(await client.post(REFRESH))


async def test_bearer_wins_over_body_and_cookie(home: Household) -> None:
    """Where several refresh tokens are sent, the Bearer's session is refreshed, then the body's, then the header's."""
    async with home.client() as client, home.client() as bare:
        sessions = [await home.join(client, MAYA)] + [granted(await home.login(client, MAYA)) for _ in range(3)]
        one, two, three, four = (it["refresh_token"] for it in sessions)
        headers = {"authorization": f"Bearer {one}", "x-refresh-token": three, "cookie": f"refresh_token={four}"}
        for body, expected in (({"refresh_token": two}, one), ({"refresh_token": two}, two), ({}, three), ({}, four)):
            answer = granted(await bare.post(REFRESH, json=body, headers=headers))
            with_id = await bare.get("/auth/sessions", headers=bearer(answer))
            current = next(it["session_id"] for it in with_id.json()["sessions"] if it["is_current"])
            assert current == session_of(sessions, expected)
            headers.pop({one: "authorization", three: "x-refresh-token"}.get(expected, ""), None)
            bare.cookies.clear()


def session_of(sessions: list[Tokens], refresh_token: str) -> str:
    """The session_id of the access token that came with this refresh token."""
    tokens = next(it for it in sessions if it["refresh_token"] == refresh_token)
    return str(jwt.decode(tokens["access_token"], options={"verify_signature": False})["session_id"])


async def test_lives_of_refresh_tokens(home: Household) -> None:
    """A refresh token lives seven days from its own making, a session ninety days in all."""
    async with home.client() as client:
        await home.join(client, MAYA)
        for _ in range(12):
            home.clock.advance(7 * DAY - SECOND)
            granted(await client.post(REFRESH))
        home.clock.advance(6 * DAY)
        last = granted(await client.post(REFRESH))
        assert last["expires_in"] == 12
        home.clock.advance(12 * SECOND)
        refused(await client.post(REFRESH), 401, "invalid_token")
        refused(await client.get(VALIDATE), 401, "invalid_token")


async def test_unused_refresh_token_dies_after_seven_days(home: Household) -> None:
    """At the end of its seven days a refresh token is a 401, and its cookie has gone from browsers."""
    async with home.client() as client:
        joined = await home.join(client, MAYA)
        home.clock.advance(7 * DAY)
        refused(await client.post(REFRESH, json={"refresh_token": joined["refresh_token"]}), 401, "invalid_token")


async def test_eight_at_once_from_two_clients(home: Household) -> None:
    """Owner and thief with one token at the same moment: at most one pair of tokens ever, and then the family ends."""
    async with home.client() as owner, home.client("192.168.1.66", user_agent="Thief") as thief:
        body = {"refresh_token": (await home.join(owner, MAYA))["refresh_token"]}
        asked = [client.post(REFRESH, json=body) for client in (owner, thief) * 4]
        answers = await asyncio.gather(*asked)
        pairs = {answer.json()["refresh_token"] for answer in answers if answer.status_code == 200}
        assert len(pairs) <= 1
        for token in pairs:
            refused(await owner.post(REFRESH, json={"refresh_token": token}), 401, "invalid_token")


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(picks=st.lists(st.tuples(st.integers(0, 9), st.integers(0, 12)), min_size=1, max_size=8))
async def test_one_line_of_tokens(home: Household, picks: list[tuple[int, int]]) -> None:
    """Whatever old tokens are tried when: only the newest renews, its predecessor repeats, others end the session."""
    async with home.client() as client:
        known = await home.login(client, MAYA)
        first = known.json() if known.is_success else await home.join(client, MAYA)
        line = [first["refresh_token"]]
        renewed, alive = home.clock.boot, True
        for back, wait in picks:
            home.clock.advance(wait * SECOND + 3 * MINUTE * (wait > 10))
            asked = max(0, len(line) - 1 - back)
            answer = await client.post(REFRESH, json={"refresh_token": line[asked]})
            newest = asked == len(line) - 1
            retried = asked == len(line) - 2 and home.clock.boot - renewed < 10 * SECOND
            alive = alive and (newest or retried)
            assert answer.status_code == (200 if alive else 401)
            if alive and newest:
                line.append(answer.json()["refresh_token"])
                renewed = home.clock.boot
            elif alive:
                assert answer.json()["refresh_token"] == line[-1]
        home.clock.advance(MINUTE)


async def test_validate_says_who_it_is(home: Household) -> None:
    """A good access token, as Bearer or cookie, gives exactly the documented fields."""
    async with home.client() as client, home.client() as bare:
        joined = await home.join(client, MAYA, "maya")
        expected = {
            "message": "Token is valid", "user_id": joined["user_id"], "email": MAYA, "username": "maya",
            "tenant_id": joined["tenant_id"], "is_expired": False, "refreshed": False,
            "user": {"name": "maya", "email": MAYA, "profilePicture": None},
        }  # fmt: skip
        for answer in (await client.get(VALIDATE), *[await bare.get(VALIDATE, headers=bearer(joined))] * 2):
            assert (answer.status_code, answer.json()) == (200, expected)
            assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("carrier", ["header", "cookie", "cookie beside an access token"])
@pytest.mark.parametrize("wait", [0, 10 * MINUTE])
async def test_validate_renews(home: Household, carrier: str, wait: int) -> None:
    """A missing or expired access token and a good refresh token give new tokens, in the body and as cookies."""
    async with home.client() as client, home.client() as bare:
        joined = await home.join(client, MAYA)
        home.clock.advance(wait)
        answer = await bare.get(VALIDATE, **CARRIERS[carrier](joined))  # type: ignore[arg-type]
        said = answer.json()
        if carrier == "cookie beside an access token" and not wait:
            assert said["refreshed"] is said["is_expired"] is False
            return
        assert said["refreshed"] is said["is_expired"] is True
        assert (said["token_type"], said["expires_in"], said["user"]["email"]) == ("Bearer", 600, MAYA)
        assert bare.cookies["refresh_token"] == said["refresh_token"]
        assert bare.cookies["access_token"] == said["access_token"]
        granted(await bare.post(REFRESH))


async def test_validate_renews_by_nothing_else(home: Household) -> None:
    """An expired token alone, an expired one with a spent refresh token, or nothing at all is a 401."""
    async with home.client() as client, home.client("192.168.1.66") as bare:
        joined = await home.join(client, MAYA)
        refused(await bare.get(VALIDATE), 401, "missing_token")
        home.clock.advance(10 * MINUTE)
        refused(await bare.get(VALIDATE, headers=bearer(joined)), 401, "token_expired")
        granted(await client.post(REFRESH))
        shown = bearer(joined) | {"x-refresh-token": joined["refresh_token"]}
        refused(await bare.get(VALIDATE, headers=shown), 401, "invalid_token")


@pytest.mark.parametrize("bad", ["forged", "revoked", "revoked and expired", "refresh token"])
async def test_bad_access_token_is_a_401_whatever_else_is_sent(home: Household, bad: str) -> None:
    """A forged or revoked access token is refused though a good refresh token of another session comes with it."""
    async with home.client() as client, home.client() as other:
        gone = await home.join(client, MAYA)
        fresh = granted(await home.login(other, MAYA))
        await client.post("/auth/logout", headers=bearer(gone))
        if bad == "revoked and expired":
            home.clock.advance(10 * MINUTE)
            await home.keep_up()
        token = {"forged": f"{fresh['access_token'][:-4]}AAAA", "refresh token": gone["refresh_token"]}
        shown = {"authorization": f"Bearer {token.get(bad, gone['access_token'])}"}
        shown |= {"x-refresh-token": fresh["refresh_token"]}
        refused(await other.get(VALIDATE, headers=shown), 401, "invalid_token")
        granted(await other.post(REFRESH))


async def test_authority_is_the_bearer_s(home: Household) -> None:
    """Headers that a gateway injects about a person are believed no more than anybody's; the Bearer token decides."""
    async with home.client() as maya, home.client() as noor:
        mine, theirs = await home.join(maya, MAYA), await home.join(noor, NOOR)
        injected = {"x-user-id": theirs["user_id"], "x-session-id": "1", "x-request-id": "r"}
        answer = await maya.get("/auth/profile", headers=injected | bearer(mine))
        assert answer.json()["email"] == MAYA
        async with home.client() as bare:
            refused(await bare.get("/auth/profile", headers=injected), 401, "missing_token")
