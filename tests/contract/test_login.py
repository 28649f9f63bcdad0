"""Signing in: by which names, the ladder of bans by device, and the letters that follow."""

import asyncio
from uuid import UUID

import pytest
from argon2 import PasswordHasher
from hypothesis import given
from hypothesis import strategies as st

from rex_auth_edge.domain import lockout
from rex_auth_edge.domain.clock import HOUR, SECOND
from rex_auth_edge.domain.lockout import Standing
from rex_auth_edge.storage import users
from tests.contract.shapes import MAYA, NEW_PASSWORD, NOOR, WRONG, bearer, granted, refused
from tests.doubles import HandClock
from tests.hub import PASSWORD, Household, text_of

NOBODY = "nobody@example.com"


@pytest.mark.parametrize(
    "names",
    [
        {"email": MAYA},
        {"email": " MAYA@EXAMPLE.com "},
        {"username": "maya"},
        {"username": "MAYA"},
        {"username": MAYA},
        {"email": "maya"},
        {"email": MAYA, "tenant": "home"},
        {"username": "maya", "tenant": "HOME"},
    ],
)
async def test_names_that_sign_in(home: Household, names: dict[str, str]) -> None:
    """The address or the username signs in, in any letter case, in either field, with or without the household."""
    async with home.client() as client:
        joined = await home.join(client, MAYA, "Maya")
    async with home.client() as client:
        said = granted(await client.post("/auth/login", json=names | {"password": PASSWORD, "unheard": [1]}))
    assert (said["user_id"], said["tenant_id"]) == (joined["user_id"], joined["tenant_id"])


@pytest.mark.parametrize(
    "body",
    [
        {"email": MAYA, "password": PASSWORD.lower()},
        {"email": MAYA, "password": PASSWORD + " "},
        {"email": MAYA, "password": "é" * 5000},
        {"email": MAYA, "password": PASSWORD, "tenant": "elsewhere"},
        {"email": NOBODY, "password": PASSWORD},
        {"username": "nobody", "password": PASSWORD},
        {"username": "ma ya\n", "password": PASSWORD},
    ],
)
async def test_everything_else_is_one_refusal(home: Household, body: dict[str, str]) -> None:
    """A wrong password, name or household is the same 401."""
    async with home.client() as client:
        await home.join(client, MAYA, "maya")
        refused(await client.post("/auth/login", json=body), 401, "invalid_credentials", "Invalid credentials")


@pytest.mark.parametrize("body", [{}, {"email": MAYA}, {"password": PASSWORD}, {"email": "", "password": PASSWORD}])
async def test_missing_fields(home: Household, body: dict[str, str]) -> None:
    """What is missing is a 400 and no failure: it counts towards no ban."""
    async with home.client() as client:
        await home.join(client, MAYA)
        for _ in range(5):
            refused(await client.post("/auth/login", json=body), 400, "missing_field")
        granted(await home.login(client, MAYA))


async def test_imported_people_prove_their_address_first(home: Household) -> None:
    """Whose address isn't verified is told so for the right password only; a reset by mail verifies it."""
    async with home.client() as client:
        joined = await home.join(client, MAYA)
        who = UUID(joined["tenant_id"]), UUID(joined["user_id"])
        await home.store.write(lambda tx: users.change(tx, *who, email_verified=False))
        refused(await home.login(client, MAYA, WRONG), 401, "invalid_credentials")
        refused(await home.login(client, MAYA), 403, "email_not_verified", "Email not verified")
        body = {"token": await home.reset_token(client, MAYA), "password": NEW_PASSWORD}
        assert (await client.post("/auth/password/reset", json=body)).status_code == 200
        granted(await home.login(client, MAYA, NEW_PASSWORD))


async def test_signing_in_at_several_devices_at_once(home: Household) -> None:
    """Where one of them hashes the password anew, the others are let in too, and none of them counts as a failure."""
    async with home.client() as phone:
        joined = await home.join(phone, MAYA)
        who = UUID(joined["tenant_id"]), UUID(joined["user_id"])
        old = PasswordHasher(time_cost=1, memory_cost=16, parallelism=1).hash(PASSWORD)
        await home.store.write(lambda tx: users.change(tx, *who, password_hash=old))
        answers = await asyncio.gather(*(home.login(phone, MAYA) for _ in range(6)))
        assert [answer.status_code for answer in answers] == [200] * 6


async def strangers(home: Household, times: int, email: str = MAYA) -> list[int]:
    """Wrong passwords from devices that the hub doesn't know; their statuses."""
    async with home.client("192.168.1.66", user_agent="Thief") as stranger:
        return [(await home.login(stranger, email, WRONG)).status_code for _ in range(times)]


async def test_ban_is_by_device(home: Household) -> None:
    """A stranger's ban closes the account to strangers; a known device has its own counter, and keeps working."""
    async with home.client() as phone, home.client() as tablet:
        await home.join(phone, MAYA)
        granted(await home.login(tablet, MAYA))
        assert await strangers(home, 5) == [401] * 4 + [403]
        refused(await home.login(phone, MAYA, WRONG), 401, "invalid_credentials")
        granted(await home.login(phone, MAYA))
        for _ in range(4):
            refused(await home.login(tablet, MAYA, WRONG), 401, "invalid_credentials")
        refused(await home.login(tablet, MAYA), 403, "account_temporarily_banned", "Account temporarily banned")
        granted(await home.login(phone, MAYA))


async def test_a_cookie_made_up_is_no_device(home: Household) -> None:
    """Changing or inventing device cookies gains no counter of one's own, and another person's device is unknown."""
    async with home.client() as owner, home.client() as other:
        await home.join(owner, MAYA)
        await home.join(other, NOOR)
        genuine = owner.cookies["rex_device"]
        await strangers(home, 3)
        async with home.client() as thief:
            for cookie in (genuine[:-2] + "AA", "x" * 40):
                thief.cookies.set("rex_device", cookie)
                await home.login(thief, MAYA, WRONG)
        refused(await home.login(other, MAYA), 403, "account_temporarily_banned")


async def test_success_forgives_its_own_counter_only(home: Household) -> None:
    """Three failures and a success start again from none, for that device and not for the others."""
    async with home.client() as owner:
        await home.join(owner, MAYA)
        await strangers(home, 3)
        for _ in range(2):
            for _ in range(3):
                refused(await home.login(owner, MAYA, WRONG), 401, "invalid_credentials")
            granted(await home.login(owner, MAYA))
        assert await strangers(home, 2) == [401, 403]


@pytest.mark.parametrize("spent", ["rotated", "signed out", "another's", "in the body"])
async def test_refresh_token_that_proves_the_device(home: Household, spent: str) -> None:
    """Only the person's own, present refresh token proves their device; it isn't used up by that."""
    async with home.client() as owner, home.client() as other, home.client() as app:
        joined, noor = await home.join(owner, MAYA), await home.join(other, NOOR)
        await strangers(home, 4)
        if spent == "rotated":
            await owner.post("/auth/token/refresh")
        if spent == "signed out":
            await owner.post("/auth/logout", headers=bearer(joined))
        shown = noor if spent == "another's" else joined
        body = {"email": MAYA, "password": PASSWORD, "refresh_token": shown["refresh_token"]}
        answer = await app.post("/auth/login", json=body)
        if spent != "in the body":
            refused(answer, 403, "account_temporarily_banned")
            return
        granted(answer)
        granted(await owner.post("/auth/token/refresh"))


async def test_parallel_guesses_climb_one_ladder(home: Household) -> None:
    """Of eight wrong passwords at once four are evaluated; the right one among strangers' comes too late."""
    async with home.client() as owner:
        await home.join(owner, MAYA)
    async with home.client("192.168.1.66") as thief:
        answers = await asyncio.gather(*(home.login(thief, MAYA, WRONG) for _ in range(8)))
        assert sorted(answer.status_code for answer in answers) == [401] * 4 + [403] * 4
        refused(await home.login(thief, MAYA), 403, "account_temporarily_banned")


WAITS = [0, SECOND, HOUR - 1, HOUR, 5 * HOUR, 6 * HOUR - 1, 6 * HOUR]


@given(steps=st.lists(st.tuples(st.sampled_from(WAITS), st.sampled_from([False] * 5 + [True])), max_size=30))
def test_ladder_counts_what_it_evaluates(steps: list[tuple[int, bool]]) -> None:
    """Whatever the order of waits and attempts: no attempt counts in a ban, bans have their lengths, six end it."""
    clock, standing, until = HandClock(), Standing(), 0
    for wait, succeeds in steps:
        clock.advance(wait)
        banned = standing.failures >= 6 or clock.boot < until
        assert standing.banned(clock.now()) == banned
        if banned:
            continue
        standing = Standing() if succeeds else lockout.after_failure(standing, clock.now())
        until = clock.boot + {4: HOUR, 5: 6 * HOUR}.get(standing.failures, 0)


@pytest.mark.parametrize("step", [-48 * HOUR, 48 * HOUR])
async def test_setting_the_clock_moves_no_ban(home: Household, step: int) -> None:
    """A wall clock that jumps neither shortens nor lengthens a ban."""
    async with home.client() as owner:
        await home.join(owner, MAYA)
    await strangers(home, 4)
    home.clock.step(step)
    home.clock.advance(HOUR - SECOND)
    assert await strangers(home, 1) == [403]
    home.clock.advance(SECOND)
    assert await strangers(home, 1) == [401]


async def test_ban_sentence_bears_no_time(home: Household) -> None:
    """The refusal is the same at the ban's beginning and end, for an address with an account and for one without."""
    async with home.client() as owner:
        await home.join(owner, MAYA)
    said: set[str] = set()
    for email in (MAYA, NOBODY):
        await strangers(home, 4, email)
        async with home.client("192.168.1.67") as client:
            said.add((await home.login(client, email)).text)
            home.clock.advance(HOUR - SECOND)
            said.add((await home.login(client, email)).text)
    assert len(said) == 1


async def test_letters_of_a_sign_in(home: Household) -> None:
    """An unknown device is told of once, naming device and address; a known one isn't; a ban is told as it begins."""
    async with home.client() as owner:
        await home.join(owner, MAYA, "maya")
        sent = len(await home.mail())
        granted(await home.login(owner, MAYA))
        assert len(await home.mail()) == sent
    async with home.client("192.168.1.99", user_agent="Kitchen radio") as radio:
        granted(await home.login(radio, MAYA))
        granted(await home.login(radio, MAYA))
    await strangers(home, 6)
    await strangers(home, 6, NOBODY)
    letters = (await home.mail())[sent:]
    assert [letter["To"] for letter in letters] == [MAYA, MAYA]
    texts = [text_of(letter) for letter in letters]
    assert all("maya" in text and "token=" not in text for text in texts)
    assert "Kitchen radio" in texts[0]
    assert "192.168.1.99" in texts[0]
    assert "until" in texts[1]


async def test_sign_ins_are_sessions_of_their_own(home: Household) -> None:
    """Each sign-in opens a session with tokens of its own."""
    async with home.client() as client:
        await home.join(client, MAYA)
        answers = [await home.login(client, MAYA) for _ in range(3)]
        assert len({granted(answer)["refresh_token"] for answer in answers}) == 3
        listed = (await client.get("/auth/sessions")).json()["sessions"]
    assert len(listed) == 4
