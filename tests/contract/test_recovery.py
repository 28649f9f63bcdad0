"""Forgotten and changed passwords: the link, its one use, what it ends, and the letters."""

import asyncio
import re
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest

from rex_auth_edge.domain.clock import MINUTE, SECOND
from rex_auth_edge.storage.store import Store
from tests.contract.shapes import MAYA, NEW_PASSWORD, NOOR, WRONG, bearer, granted, refused
from tests.doubles import HandClock
from tests.hub import PASSWORD, Household, household, text_of

FORGOT, RESET, CHANGE, AGAIN = (
    f"/auth/{path}" for path in ("password/forgot", "password/reset", "password/change", "reauthenticate")
)
LOOKS = ["/auth/password/reset/validate", "/auth/validate-reset-token", "/api/auth/validate-reset-token"]


async def reset(client: httpx.AsyncClient, token: str, password: str = NEW_PASSWORD) -> httpx.Response:
    """Set a new password by a link's token."""
    return await client.post(RESET, json={"reset_token": token, "new_password": password})


@pytest.mark.parametrize("email", [MAYA, "MAYA@example.com ", "nobody@example.com"])
async def test_forgot_says_the_same_for_any_address(home: Household, email: str) -> None:
    """The answer never tells whether a letter goes out; one does for an account's address, and only one."""
    async with home.client() as client:
        await home.join(client, MAYA)
        sent = len(await home.mail())
        answer = await client.post(FORGOT, json={"email": email})
        assert (answer.status_code, answer.json()) == (200, {"message": "Password reset email sent"})
        assert "set-cookie" not in answer.headers
    letters = (await home.mail())[sent:]
    assert [letter["To"] for letter in letters] == ([] if email.startswith("nobody") else [MAYA])


@pytest.mark.parametrize(("email", "code"), [("maya", "invalid_email"), ("", "missing_field"), (None, "missing_field")])
async def test_forgot_refuses_what_is_no_address(home: Household, email: str | None, code: str) -> None:
    """What isn't an address is a 400."""
    async with home.client() as client:
        refused(await client.post(FORGOT, json={"email": email}), 400, code)


async def test_each_forgot_sends_one_letter(home: Household) -> None:
    """Three requests are three letters, in order, each with a link of its own that names the person."""
    async with home.client() as client:
        await home.join(client, MAYA, "maya")
        links = [await home.reset_token(client, MAYA) for _ in range(3)]
    letters = (await home.mail(MAYA))[-3:]
    texts = [text_of(letter) for letter in letters]
    assert len(set(links)) == 3
    for link, text, letter in zip(links, texts, letters, strict=True):
        assert "maya" in text
        assert "30 minutes" in text
        assert f"http://127.0.0.1:8000/reset-password?token={link}\n" in text
        html = letter.get_body(("html",))
        assert html is not None
        assert re.findall(r'href="([^"]*token=[^"]*)"', str(html.get_content())) == [
            f"http://127.0.0.1:8000/reset-password?token={link}"
        ]


async def test_link_leads_to_the_frontend(sqlite_store: Store, clock: HandClock, tmp_path: Path) -> None:
    """With FRONTEND_BASE_URL set, with or without a slash at its end, the link leads there."""
    environ = {"FRONTEND_BASE_URL": "https://dash.example/app/", "RESET_TOKEN_EXPIRES_MINUTES": "7"}
    home = await household(sqlite_store, clock, tmp_path / "data", **environ)
    async with home.client() as client:
        await home.join(client, MAYA)
        token = await home.reset_token(client, MAYA)
        assert f"https://dash.example/app/reset-password?token={token}" in text_of((await home.mail(MAYA))[-1])
        home.clock.advance(7 * MINUTE)
        refused(await reset(client, token), 400, "reset_token_expired")
    await home.hub.close()


@pytest.mark.parametrize("path", LOOKS)
async def test_looking_at_a_token_uses_nothing_up(home: Household, path: str) -> None:
    """Whom a token is for can be asked again and again, by GET and by POST, before it is used."""
    async with home.client() as client:
        await home.join(client, MAYA, "maya")
        token = await home.reset_token(client, MAYA)
        home.clock.advance(10 * MINUTE)
        answers = [await client.get(f"{path}?token={quote(token)}") for _ in range(2)]
        answers += [await client.post(path, json={name: token}) for name in ("token", "reset_token")]
        for answer in answers:
            said = answer.json()
            assert said.keys() == {"message", "email", "username", "token_expiry_minutes", "expires_at"}
            assert (said["message"], said["email"], said["username"]) == ("Token is valid", MAYA, "maya")
            assert said["token_expiry_minutes"] == 20
            assert datetime.fromisoformat(said["expires_at"]).timestamp() * 1000 == home.clock.wall + 20 * MINUTE
        assert (await reset(client, token)).json() == {"message": "Password updated"}
        refused(await client.get(f"{path}?token={token}"), 400, "invalid_reset_token", "Invalid or already used token")


async def test_what_is_no_reset_token(home: Household) -> None:
    """No token, nonsense, another kind of token and a late one are each a 400 with its sentence."""
    async with home.client() as client:
        joined = await home.join(client, MAYA)
        look = LOOKS[0]
        for path in (look, f"{look}?token="):
            refused(await client.get(path), 400, "missing_field", "Missing reset token")
        for bad in ("nonsense", "%C3%A9", joined["refresh_token"], joined["access_token"]):
            refused(
                await client.get(f"{look}?token={bad}"), 400, "invalid_reset_token", "Invalid or already used token"
            )
            refused(await reset(client, bad), 400, "invalid_reset_token")
        token = await home.reset_token(client, MAYA)
        home.clock.advance(30 * MINUTE - SECOND)
        assert (await client.get(f"{look}?token={token}")).status_code == 200
        home.clock.advance(SECOND)
        refused(await client.get(f"{look}?token={token}"), 400, "reset_token_expired", "Token has expired")
        refused(await reset(client, token), 400, "reset_token_expired")
        granted(await home.login(client, MAYA))


@pytest.mark.parametrize(
    "body",
    [{"reset_token": "T", "new_password": "P"}, {"token": "T", "password": "P"}, {"token": "T", "new_password": "P"}],
)
async def test_reset_in_every_spelling(home: Household, body: dict[str, str]) -> None:
    """Both names of the token and of the password are understood."""
    async with home.client() as client:
        await home.join(client, MAYA)
        filled = {"T": await home.reset_token(client, MAYA), "P": NEW_PASSWORD}
        answer = await client.post(RESET, json={name: filled[value] for name, value in body.items()})
        assert answer.json() == {"message": "Password updated"}
        granted(await home.login(client, MAYA, NEW_PASSWORD))
        refused(await home.login(client, MAYA, PASSWORD), 401, "invalid_credentials")


async def test_reset_ends_sessions_and_siblings(home: Household) -> None:
    """A reset ends every session, access tokens included, voids older links, and tells the person."""
    async with home.client() as phone, home.client() as tablet:
        mine, theirs = await home.join(phone, MAYA, "maya"), granted(await home.login(tablet, MAYA))
        links = [await home.reset_token(phone, MAYA) for _ in range(3)]
        for weak in ("weak", "Password123!", "Maya-maya-2020", "", "x" * 129):
            assert (await reset(phone, links[1], weak)).status_code == 400
        assert (await reset(phone, links[1])).status_code == 200
        for link in links:
            refused(await reset(phone, link), 400, "invalid_reset_token")
        for tokens in (mine, theirs):
            refused(await phone.get("/auth/profile", headers=bearer(tokens)), 401, "invalid_token")
            body = {"refresh_token": tokens["refresh_token"]}
            refused(await phone.post("/auth/token/refresh", json=body), 401, "invalid_token")
    last = (await home.mail(MAYA))[-1]
    assert last["Subject"] == "Your REX password was changed"
    assert "maya" in text_of(last)
    assert "token=" not in last.as_string()


async def test_parallel_resets_by_two_links(home: Household) -> None:
    """Eight resets at once by two links, each to another password: one wins, and its password is the one."""
    async with home.client() as client:
        await home.join(client, MAYA)
        links = [await home.reset_token(client, MAYA) for _ in range(2)]
        passwords = [f"{NEW_PASSWORD}{number}" for number in range(8)]
        asked = [reset(client, links[index % 2], password) for index, password in enumerate(passwords)]
        statuses = [answer.status_code for answer in await asyncio.gather(*asked)]
        assert sorted(statuses) == [200] + [400] * 7
        granted(await home.login(client, MAYA, passwords[statuses.index(200)]))
    changed = [letter for letter in await home.mail() if "changed" in letter["Subject"]]
    assert len(changed) == 1


async def test_change_ends_the_other_sessions(home: Household) -> None:
    """Who knows the password sets another; their own session goes on, the others and pending links end."""
    async with home.client() as phone, home.client() as tablet:
        mine, theirs = await home.join(phone, MAYA), granted(await home.login(tablet, MAYA))
        link = await home.reset_token(phone, MAYA)
        body = {"current_password": PASSWORD, "new_password": NEW_PASSWORD}
        answer = await phone.post(CHANGE, json=body, headers=bearer(mine))
        assert (answer.status_code, list(answer.json())) == (200, ["message"])
        assert (await phone.get("/auth/profile", headers=bearer(mine))).status_code == 200
        granted(await phone.post("/auth/token/refresh"))
        refused(await tablet.get("/auth/profile", headers=bearer(theirs)), 401, "invalid_token")
        refused(await reset(phone, link), 400, "invalid_reset_token")
        granted(await home.login(tablet, MAYA, NEW_PASSWORD))
    assert "password was changed" in (await home.mail(MAYA))[-1]["Subject"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"current_password": WRONG}, "wrong_password"),
        ({"current_password": ""}, "missing_field"),
        ({"new_password": None}, "missing_field"),
        ({"new_password": "weak"}, "weak_password"),
        ({"new_password": "Maya-Example-77?"}, "weak_password"),
        ({"current_password": WRONG, "new_password": "weak"}, "wrong_password"),
    ],
)
async def test_change_refuses_with_400(home: Household, change: dict[str, str], code: str) -> None:
    """A wrong present password is a 400, for a 401 would sign the dashboard out; nothing changes."""
    async with home.client() as client:
        joined = await home.join(client, MAYA, "maya")
        body = {"current_password": PASSWORD, "new_password": NEW_PASSWORD} | change
        refused(await client.post(CHANGE, json=body, headers=bearer(joined)), 400, code)
        granted(await home.login(client, MAYA, PASSWORD))


async def test_parallel_changes(home: Household) -> None:
    """Of eight changes at once, each to another password, one wins and the rest are told that theirs was wrong."""
    async with home.client() as client:
        joined = await home.join(client, MAYA)
        bodies = [{"current_password": PASSWORD, "new_password": f"{NEW_PASSWORD}{number}"} for number in range(8)]
        asked = [client.post(CHANGE, json=body, headers=bearer(joined)) for body in bodies]
        statuses = [answer.status_code for answer in await asyncio.gather(*asked)]
        assert sorted(statuses) == [200] + [400] * 7
        granted(await home.login(client, MAYA, bodies[statuses.index(200)]["new_password"]))


async def test_reauthenticate(home: Household) -> None:
    """One's password can be proven again; a wrong one is a 400, and guesses are limited per person."""
    async with home.client() as client, home.client() as other:
        joined, noor = await home.join(client, MAYA), await home.join(other, NOOR)
        assert (await client.post(AGAIN, json={"password": PASSWORD}, headers=bearer(joined))).status_code == 200
        for _ in range(10):
            refused(await client.post(AGAIN, json={"password": WRONG}, headers=bearer(joined)), 400, "wrong_password")
        limited = await client.post(AGAIN, json={"password": PASSWORD}, headers=bearer(joined))
        refused(limited, 429, "rate_limited")
        assert (await other.post(AGAIN, json={"password": PASSWORD}, headers=bearer(noor))).status_code == 200
        refused(await client.post(AGAIN, json={}, headers=bearer(joined)), 429, "rate_limited")
