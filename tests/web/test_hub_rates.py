"""Rates over the whole hub: who is limited, by what, and who goes on undisturbed."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from uuid import UUID

import httpx
import pytest

from rex_auth_edge.domain.clock import DAY, MINUTE
from rex_auth_edge.flows.household import house
from rex_auth_edge.storage.store import Store
from tests.doubles import HandClock
from tests.hub import PASSWORD, Household, household

MAYA = "maya@example.com"
SERVICE_TOKEN = "the token that the gateway and the hub share"
Ask = Callable[[httpx.AsyncClient, int], Awaitable[httpx.Response]]


def post(path: str, **fields: str) -> Ask:
    """Ask with these fields; `{}` in one is the request's number."""

    async def ask(client: httpx.AsyncClient, number: int) -> httpx.Response:
        body = {name: value.replace("{}", str(number)) for name, value in fields.items()}
        return await client.post(path, json=body)

    return ask


async def statuses(client: httpx.AsyncClient, ask: Ask, count: int) -> list[int]:
    """What so many requests, one after the other, are answered; each 429 says when to ask again."""
    found = []
    for number in range(count):
        answer = await ask(client, number)
        found.append(answer.status_code)
        if answer.status_code == 429:
            assert answer.json()["code"] == "rate_limited"
            assert 1 <= int(answer.headers["retry-after"]) <= 60
    return found


TO_ONE_ADDRESS = [
    post("/auth/register/initiate", email=MAYA, password=PASSWORD),
    post("/auth/register/initiate", email=" MAYA@example.com ", password=PASSWORD),
    post("/auth/register/resend-otp", email=MAYA, temp_token="x"),
    post("/auth/password/forgot", email=MAYA),
    post("/auth/forgot-password", email=MAYA),
    post("/api/v1/password/forgot", email=MAYA),
]
TO_MANY = [
    post("/auth/register/initiate", email="p{}@example.com", password=PASSWORD),
    post("/auth/register/resend-otp", email="p{}@example.com", temp_token="x"),
    post("/auth/password/forgot", email="p{}@example.com"),
]


@pytest.mark.parametrize("ask", TO_ONE_ADDRESS)
async def test_letters_to_one_address(home: Household, ask: Ask) -> None:
    """Five requests a minute write to one mail address, from whichever client, and in whatever spelling."""
    assert 429 not in await statuses(home.client(), ask, 5)
    assert await statuses(home.client("192.168.1.21"), ask, 1) == [429]
    home.clock.advance(MINUTE)
    assert 429 not in await statuses(home.client(), ask, 1)


@pytest.mark.parametrize("ask", TO_MANY)
async def test_letters_from_one_client(home: Household, ask: Ask) -> None:
    """Thirty requests a minute for letters come from one client; others and the next minute aren't concerned."""
    assert 429 not in await statuses(home.client(), ask, 30)
    home.clock.step(-DAY)
    assert await statuses(home.client(), ask, 1) == [429]
    home.clock.step(2 * DAY)
    assert await statuses(home.client(), ask, 1) == [429]
    assert 429 not in await statuses(home.client("192.168.1.21"), post("/auth/password/forgot", email="q@x.example"), 1)
    home.clock.advance(MINUTE)
    assert 429 not in await statuses(home.client(), ask, 1)


async def test_failed_sign_ins_of_one_account(home: Household) -> None:
    """Ten failures a minute for one account; a device of the person's own goes on signing in."""
    maya = home.client()
    await home.join(maya, MAYA)
    wrong = post("/auth/login", email=MAYA, password="Wrong-Word-1!")
    stranger = home.client("192.168.1.66")
    assert await statuses(stranger, wrong, 12) == [401] * 4 + [403] * 6 + [429] * 2
    assert (await home.login(maya, MAYA)).status_code == 200
    home.clock.advance(MINUTE)
    assert await statuses(stranger, wrong, 1) == [403]


async def test_a_username_of_two_households(home: Household) -> None:
    """Whoever fails at somebody's name in one household keeps nobody of that name from signing in to another."""
    made = await house.create(home.hub.parts, "The cottage", "cottage")
    assert isinstance(made, UUID)
    wrong = post("/auth/login", username="maya", password="wrong", tenant="cottage")
    assert (await statuses(home.client(), wrong, 11))[-1] == 429
    assert await statuses(home.client(), post("/auth/login", username="Maya", password="x", tenant="home"), 1) == [401]
    assert await statuses(home.client(), post("/auth/login", username="MAYA", password="x", tenant="Cottage"), 1) == [
        429
    ]


async def test_good_sign_ins_are_not_counted(home: Household) -> None:
    """However often somebody signs in rightly, nobody is limited."""
    client = home.client()
    await home.join(client, MAYA)
    assert set(await statuses(client, post("/auth/login", email=MAYA, password=PASSWORD), 40)) == {200}


async def test_failed_sign_ins_from_one_client(home: Household) -> None:
    """Thirty failures a minute of one client, whatever accounts it tries; another client signs in meanwhile."""
    await home.join(home.client(), MAYA)
    spray = post("/auth/login", email="p{}@example.com", password=PASSWORD)
    stranger = home.client("192.168.1.66")
    assert await statuses(stranger, spray, 31) == [401] * 30 + [429]
    assert (await home.login(stranger, MAYA)).status_code == 429
    assert (await home.login(home.client("192.168.1.21"), MAYA)).status_code == 200


async def test_failed_codes(home: Household) -> None:
    """Ten wrong codes a minute for one address, thirty from one client; a right one elsewhere isn't hindered."""
    guess = post("/auth/register/verify", email=MAYA, otp="000000", temp_token="x")
    assert await statuses(home.client(), guess, 11) == [400] * 10 + [429]
    spray = post("/auth/register/verify", email="p{}@example.com", otp="000000", temp_token="x")
    assert await statuses(home.client(), spray, 21) == [400] * 20 + [429]
    await home.join(home.client("192.168.1.21"), "another@example.com")


async def test_refreshes_of_one_session(home: Household) -> None:
    """A session is refreshed twenty times a minute; another one of the same client isn't concerned."""
    maya, other = home.client(), home.client()
    await home.join(maya, MAYA)
    await home.join(other, "noor@example.com")
    assert await statuses(maya, post("/auth/token/refresh"), 21) == [200] * 20 + [429]
    assert await statuses(other, post("/auth/token/refresh"), 1) == [200]
    home.clock.advance(MINUTE)
    assert await statuses(maya, post("/auth/token/refresh"), 1) == [200]


async def test_reset_tokens(home: Household) -> None:
    """A reset token is looked at twenty times a minute, by whichever path; failures are thirty from one client."""
    client = home.client()
    await home.join(client, MAYA)
    token = await home.reset_token(client, MAYA)

    async def look(client: httpx.AsyncClient, number: int) -> httpx.Response:
        if number % 2:
            return await client.get("/auth/validate-reset-token", params={"token": token})
        return await client.post("/api/v1/password/reset-token/validate", json={"reset_token": token})

    assert await statuses(client, look, 21) == [200] * 20 + [429]
    bad = post("/auth/password/reset", token="bad{}", password="Harbour-Lamp-77?")
    assert await statuses(client, bad, 31) == [400] * 30 + [429]
    home.clock.advance(MINUTE)
    assert await statuses(client, post("/auth/password/reset", token=token, password="Harbour-Lamp-77?"), 1) == [200]


async def test_a_flooded_client_goes_on(home: Household) -> None:
    """Whatever floods from behind the household's one address: good sessions are validated, refreshed and read."""
    maya = home.client()
    await home.join(maya, MAYA)
    flood = home.client()
    for ask in (
        post("/auth/token/refresh", refresh_token="bad{}"),
        post("/auth/password/reset", token="bad{}", password=PASSWORD),
        post("/auth/login", email="p{}@example.com", password=PASSWORD),
        post("/auth/register/verify", email="p{}@example.com", otp="000000", temp_token="x"),
        *TO_MANY,
    ):
        assert (await statuses(flood, ask, 31))[-1] == 429
    bad = {"authorization": "Bearer bad"}
    await asyncio.gather(*(flood.get("/auth/token/validate", headers=bad) for _ in range(60)))
    for _ in range(5):
        assert (await maya.get("/auth/token/validate")).status_code == 200
        assert (await maya.post("/auth/token/refresh", json={})).status_code == 200
        assert (await maya.get("/auth/profile")).status_code == 200
        assert (await maya.get("/health/ready")).status_code == 200


async def test_an_expired_session_renews_in_a_flood(home: Household) -> None:
    """A validate that renews the session isn't stopped by others' failures at the same address."""
    maya = home.client()
    await home.join(maya, MAYA)
    await statuses(home.client(), post("/auth/token/refresh", refresh_token="bad{}"), 40)
    for _ in range(40):
        await home.client().get("/auth/token/validate", headers={"authorization": "Bearer bad"})
    home.clock.advance(10 * MINUTE)
    renewed = await maya.get("/auth/token/validate")
    assert (renewed.status_code, renewed.json()["refreshed"]) == (200, True)


async def test_hosts_of_one_network(home: Household) -> None:
    """On the internet an IPv6 host is its /64: taking another address of it is no escape."""
    for number in range(30):
        ask = post("/auth/password/forgot", email=f"p{number}@example.com")
        assert await statuses(home.client(f"2a02:8108::{number:x}"), ask, 1) == [200]
    ask = post("/auth/password/forgot", email="q@example.com")
    assert await statuses(home.client("2a02:8108::ffff"), ask, 1) == [429]
    assert await statuses(home.client("2a02:8108:0:1::1"), ask, 1) == [200]


@pytest.fixture
async def behind(sqlite_store: Store, clock: HandClock, tmp_path: Path) -> AsyncIterator[Household]:
    """A hub that shares a token with a gateway."""
    made = await household(sqlite_store, clock, tmp_path / "data", INTERNAL_SERVICE_TOKEN=SERVICE_TOKEN)
    yield made
    await made.hub.close()


async def test_household_behind_its_gateway(behind: Household) -> None:
    """With the service token nothing is counted per address, and everything still per account and session."""
    gateway = behind.client(x_internal_service_token=SERVICE_TOKEN)
    for ask in TO_MANY:
        assert 429 not in await statuses(gateway, ask, 40)
    spray = post("/auth/login", email="p{}@example.com", password=PASSWORD)
    assert await statuses(gateway, spray, 40) == [401] * 40
    assert (await statuses(gateway, post("/auth/password/forgot", email=MAYA), 6))[-1] == 429
    guess = post("/auth/login", email=MAYA, password=PASSWORD)
    assert (await statuses(gateway, guess, 11))[-1] == 429


@pytest.mark.parametrize("shown", ["", "wrong", SERVICE_TOKEN + " x", SERVICE_TOKEN[:-1], SERVICE_TOKEN.upper()])
async def test_a_wrong_service_token(behind: Household, shown: str) -> None:
    """Any other token changes nothing, and fails nothing."""
    client = behind.client(x_internal_service_token=shown)
    assert (await statuses(client, post("/auth/password/forgot", email="p{}@example.com"), 31))[-1] == 429


async def test_no_service_token_is_set(home: Household) -> None:
    """Where none is set, none is right: an empty one least of all."""
    client = home.client(x_internal_service_token="")
    assert (await statuses(client, post("/auth/password/forgot", email="p{}@example.com"), 31))[-1] == 429


async def test_service_token_is_no_identity(behind: Household) -> None:
    """What a gateway injects is believed by nobody: it signs nobody in."""
    joined = await behind.join(behind.client(), MAYA)
    headers = {"x-internal-service-token": SERVICE_TOKEN, "x-user-id": joined["user_id"], "x-session-id": "1"}
    for path in ("/auth/profile", "/auth/sessions", "/auth/history", "/auth/token/validate"):
        assert (await behind.client().get(path, headers=headers)).status_code == 401


async def test_rates_off(sqlite_store: Store, clock: HandClock, tmp_path: Path) -> None:
    """RATE_LIMIT_ENABLED=false turns off these rates; cooldowns, caps and the ladder stay."""
    home = await household(sqlite_store, clock, tmp_path / "data", RATE_LIMIT_ENABLED="false")
    client = home.client()
    assert set(await statuses(client, post("/auth/password/forgot", email=MAYA), 40)) == {200}
    token = await home.begin(client, MAYA)
    resend = await client.post("/auth/register/resend-otp", json={"email": MAYA, "temp_token": token})
    assert (resend.status_code, resend.json()["code"]) == (429, "resend_too_soon")
    assert int(resend.headers["retry-after"]) == 120
    wrong = "000000" if await home.code(MAYA) != "000000" else "111111"
    guesses = [
        (
            await client.post("/auth/register/verify", json={"email": MAYA, "otp": wrong, "temp_token": token})
        ).status_code
        for _ in range(4)
    ]
    assert guesses == [400, 400, 400, 429]
    found = [(await home.login(client, "nobody@example.com")).status_code for _ in range(40)]
    assert found == [401] * 4 + [403] * 36
    await home.hub.close()
