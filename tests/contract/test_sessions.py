"""Sessions as their person sees and ends them, the history, and the cookies."""

from datetime import datetime
from pathlib import Path

import httpx
import jwt
import pytest

from rex_auth_edge.domain.clock import DAY, MINUTE, SECOND
from rex_auth_edge.storage.store import Store
from tests.contract.shapes import MAYA, NOOR, WRONG, bearer, cookies, granted, refused
from tests.doubles import HandClock
from tests.hub import PASSWORD, Household, household

SESSIONS = "/auth/sessions"
SESSION = {"id", "session_id", "device_info", "ip_address", "created_at", "last_seen_at", "is_current"}


async def listed(client: httpx.AsyncClient) -> list[dict[str, object]]:
    """The caller's sessions."""
    answer = await client.get(SESSIONS)
    assert answer.status_code == 200, answer.text
    assert list(answer.json()) == ["sessions"]
    return list(answer.json()["sessions"])


async def test_list(home: Household) -> None:
    """Each session has an integer, its tokens' UUID, its device and address; one is the caller's."""
    async with home.client() as phone, home.client("192.168.1.31", user_agent="Kitchen radio") as radio:
        mine = await home.join(phone, MAYA)
        home.clock.advance(MINUTE)
        theirs = granted(await home.login(radio, MAYA))
        rows = await listed(phone)
    assert all(row.keys() == SESSION for row in rows)
    assert all(type(row["id"]) is int and 0 < row["id"] < 2**53 for row in rows)
    by_id = {row["session_id"]: row for row in rows}
    ids = [jwt.decode(it["access_token"], options={"verify_signature": False})["session_id"] for it in (mine, theirs)]
    assert set(by_id) == set(ids)
    own, other = (by_id[name] for name in ids)
    assert (own["is_current"], own["device_info"], own["ip_address"]) == (True, "Tablet", "192.168.1.20")
    assert (other["is_current"], other["device_info"], other["ip_address"]) == (False, "Kitchen radio", "192.168.1.31")
    began = [datetime.fromisoformat(str(row["created_at"])).timestamp() for row in (own, other)]
    assert began[1] - began[0] == 60


async def test_last_seen_follows_refreshes(home: Household) -> None:
    """A refresh is a sign of life: it moves last_seen_at and the address."""
    async with home.client() as client, home.client("192.168.1.77") as elsewhere:
        joined = await home.join(client, MAYA)
        home.clock.advance(DAY)
        granted(await elsewhere.post("/auth/token/refresh", json={"refresh_token": joined["refresh_token"]}))
        (row,) = await listed(elsewhere)
    seen, began = (datetime.fromisoformat(str(row[name])).timestamp() for name in ("last_seen_at", "created_at"))
    assert seen - began == 24 * 3600
    assert row["ip_address"] == "192.168.1.77"


@pytest.mark.parametrize("name", ["id", "session_id"])
async def test_end_one(home: Household, name: str) -> None:
    """A session is ended by its integer or its UUID, at once, and then it isn't there any more."""
    async with home.client() as phone, home.client() as radio:
        mine = await home.join(phone, MAYA)
        theirs = granted(await home.login(radio, MAYA))
        (row,) = [row for row in await listed(phone) if not row["is_current"]]
        answer = await phone.delete(f"{SESSIONS}/{row[name]}", headers=bearer(mine))
        assert (answer.status_code, list(answer.json())) == (200, ["message"])
        refused(await radio.get("/auth/profile", headers=bearer(theirs)), 401, "invalid_token")
        refused(await radio.post("/auth/token/refresh"), 401, "invalid_token")
        refused(await phone.delete(f"{SESSIONS}/{row[name]}", headers=bearer(mine)), 404, "not_found")
        assert [row["is_current"] for row in await listed(phone)] == [True]


async def test_somebody_else_s_session_is_not_there(home: Household) -> None:
    """Another person's session, or a name that is no session's, is the same 404, and lives on."""
    async with home.client() as maya, home.client() as noor:
        mine = await home.join(maya, MAYA)
        await home.join(noor, NOOR)
        (row,) = await listed(noor)
        answers = [
            await maya.delete(f"{SESSIONS}/{name}", headers=bearer(mine))
            for name in (row["id"], row["session_id"], 1, -1, "1e3", "x", "00000000-0000-0000-0000-000000000000", "%00")
        ]
        for answer in answers:
            refused(answer, 404, "not_found")
        assert len({answer.text for answer in answers}) == 1
        assert len(await listed(noor)) == 1


async def test_end_all_others(home: Household) -> None:
    """DELETE without an id ends all sessions but the caller's, whose cookies stay."""
    async with home.client() as phone, home.client() as radio, home.client() as noor:
        mine = await home.join(phone, MAYA)
        await home.join(noor, NOOR)
        others = [granted(await home.login(radio, MAYA)) for _ in range(2)]
        answer = await phone.delete(SESSIONS, headers=bearer(mine))
        assert (answer.status_code, list(answer.json())) == (200, ["message"])
        assert "set-cookie" not in answer.headers
        assert len(await listed(phone)) == len(await listed(noor)) == 1
        for tokens in others:
            refused(await radio.get(SESSIONS, headers=bearer(tokens)), 401, "invalid_token")


async def test_dead_sessions_are_not_listed(home: Household) -> None:
    """A session whose refresh token has died, or whose ninety days are over, is not shown any more."""
    async with home.client() as old, home.client() as idle, home.client() as fresh:
        await home.join(old, MAYA)
        granted(await home.login(idle, MAYA))
        for _ in range(12):
            home.clock.advance(7 * DAY - SECOND)
            granted(await old.post("/auth/token/refresh"))
        home.clock.advance(5 * DAY)
        granted(await old.post("/auth/token/refresh"))
        granted(await home.login(fresh, MAYA))
        assert len(await listed(fresh)) == 2
        home.clock.advance(2 * DAY)
        granted(await fresh.post("/auth/token/refresh"))
        assert [row["is_current"] for row in await listed(fresh)] == [True]


@pytest.mark.parametrize("path", ["logout", "logout-all"])
async def test_signing_out_clears_the_cookies(home: Household, path: str) -> None:
    """Both cookies are cleared with the attributes that they were set with; the device stays known."""
    async with home.client() as client:
        joined = await home.join(client, MAYA)
        answer = await client.post(f"/auth/{path}", headers=bearer(joined))
        assert list(answer.json()) == ["message"]
        assert {name for name in client.cookies if name != "csrf_token"} == {"rex_device"}
        for name in ("access_token", "refresh_token"):
            morsel = cookies(answer)[name]
            assert (morsel.value, morsel["path"], morsel["max-age"], morsel["httponly"]) == ("", "/", "0", True)
        refused(await client.get(SESSIONS), 401, "missing_token")
        refused(await client.post(f"/auth/{path}", headers=bearer(joined)), 401, "invalid_token")


@pytest.mark.parametrize(
    ("environ", "same_site", "secure"),
    [
        ({}, "lax", ""),
        ({"CSRF_COOKIE_SAMESITE": "Strict", "CSRF_COOKIE_SECURE": "true"}, "strict", True),
        ({"CSRF_COOKIE_SAMESITE": "None", "CSRF_COOKIE_SECURE": "on"}, "none", True),
    ],
)
async def test_cookies(
    sqlite_store: Store, clock: HandClock, tmp_path: Path, environ: dict[str, str], same_site: str, secure: object
) -> None:
    """HttpOnly, Path=/, their own lives, SameSite and Secure by setting; only the CSRF token is for scripts."""
    lives = {"ACCESS_TOKEN_EXPIRES_MINUTES": "3", "REFRESH_TOKEN_EXPIRES_DAYS": "2", "OTP_EXPIRES_MINUTES": "4"}
    home = await household(sqlite_store, clock, tmp_path / "data", **environ, **lives)
    async with home.client() as client:
        body = {"email": MAYA, "password": PASSWORD}
        begun = await client.post("/auth/register/initiate", json=body)
        proof = {"email": MAYA, "otp": await home.code(MAYA), "temp_token": begun.json()["temp_token"]}
        found = cookies(begun) | cookies(await client.post("/auth/register/verify", json=proof))
        found |= {"temp_token": cookies(begun)["temp_token"]} | cookies(await client.get("/auth/csrf"))
    ages = {"access_token": 180, "refresh_token": 2 * 24 * 3600, "temp_token": 240}
    assert found.keys() == {*ages, "rex_device", "csrf_token"}
    for name, morsel in found.items():
        assert morsel["path"] == "/"
        assert morsel["samesite"].lower() == same_site
        assert morsel["secure"] == secure
        assert morsel["domain"] == ""
        assert bool(morsel["httponly"]) == (name != "csrf_token")
        assert int(morsel["max-age"]) == ages.get(name, int(morsel["max-age"]))
    await home.hub.close()


async def test_history(home: Household) -> None:
    """What happened to an account, newest first, with outcome, device and address; failures of strangers too."""
    async with home.client() as client, home.client("192.168.1.66", user_agent="Thief") as thief:
        joined = await home.join(client, MAYA)
        await home.join(thief, NOOR)
        home.clock.advance(MINUTE)
        await home.login(thief, MAYA, WRONG)
        home.clock.advance(MINUTE)
        await client.patch("/auth/profile", json={"first_name": "Maya"}, headers=bearer(joined))
        history = (await client.get("/auth/history")).json()["history"]
    assert all(row.keys() == {"id", "status", "action", "device", "ip_address", "time"} for row in history)
    assert all(type(row["id"]) is int for row in history)
    shown = [(row["action"], row["status"], row["device"], row["ip_address"]) for row in history]
    assert shown == [
        ("profile.change", "success", "Tablet", "192.168.1.20"),
        ("login", "failed", "Thief", "192.168.1.66"),
        ("verify", "success", "Tablet", "192.168.1.20"),
    ]
    times = [datetime.fromisoformat(row["time"]) for row in history]
    assert times == sorted(times, reverse=True)


async def test_history_by_pages(home: Household) -> None:
    """Fifty entries a page, none twice and none left out; a page that can't be is a 400."""
    async with home.client() as client:
        joined = await home.join(client, MAYA)
        for _ in range(60):
            await client.patch("/auth/profile", json={"first_name": "Maya"}, headers=bearer(joined))
        pages = [(await client.get(f"/auth/history?page={page}")).json()["history"] for page in (1, 2, 3)]
        assert [len(page) for page in pages] == [50, 11, 0]
        assert len({row["id"] for page in pages for row in page}) == 61
        for bad in ("0", "-1", "x", "1.5", "", str(2**70)):
            refused(await client.get(f"/auth/history?page={bad}"), 400, "invalid_field")
