"""The contract on MariaDB, where transactions really run side by side: the main road, and every race."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from rex_auth_edge.storage.store import Store
from tests.doubles import HandClock
from tests.hub import PASSWORD, Household, household

pytestmark = pytest.mark.mariadb

MAYA = "maya@example.com"
NEW_PASSWORD = "Harbour-Lamp-77?"


@pytest.fixture
async def home(mariadb_store: Store, clock: HandClock, tmp_path: Path) -> AsyncIterator[Household]:
    """A hub on MariaDB."""
    made = await household(mariadb_store, clock, tmp_path / "data")
    yield made
    await made.hub.close()


async def test_main_road(home: Household) -> None:
    """Register, validate, refresh, sign out, be refused, sign in."""
    async with home.client() as client:
        await home.join(client, MAYA, "maya")
        assert (await client.get("/auth/token/validate")).status_code == 200
        tokens = (await client.post("/auth/token/refresh")).json()
        bearer = {"authorization": f"Bearer {tokens['access_token']}"}
        assert (await client.post("/auth/logout", headers=bearer)).status_code == 200
        assert (await client.get("/auth/token/validate", headers=bearer)).status_code == 401
        assert (await home.login(client, MAYA, "Wrong-Word-11!")).status_code == 401
        assert (await home.login(client, MAYA)).status_code == 200


async def test_parallel_guesses(home: Household) -> None:
    """Of 12 guesses at once three are evaluated."""
    async with home.client() as client:
        token = await home.begin(client, MAYA)
        body = {"email": MAYA, "otp": "none", "temp_token": token}
        answers = await asyncio.gather(*(client.post("/auth/register/verify", json=body) for _ in range(12)))
        assert sum(answer.json()["code"] == "invalid_otp" for answer in answers) == 3


async def test_parallel_refreshes(home: Household) -> None:
    """Eight refreshes at once with one token give one successor."""
    async with home.client() as client:
        body = {"refresh_token": (await home.join(client, MAYA))["refresh_token"]}
        answers = await asyncio.gather(*(client.post("/auth/token/refresh", json=body) for _ in range(8)))
        assert {answer.status_code for answer in answers} == {200}
        assert len({answer.json()["refresh_token"] for answer in answers}) == 1


async def test_parallel_resets(home: Household) -> None:
    """Of eight resets at once one wins."""
    async with home.client() as client:
        await home.join(client, MAYA)
        body = {"token": await home.reset_token(client, MAYA), "password": NEW_PASSWORD}
        answers = await asyncio.gather(*(client.post("/auth/password/reset", json=body) for _ in range(8)))
        assert sorted(answer.status_code for answer in answers) == [200] + [400] * 7


async def test_parallel_failures(home: Household) -> None:
    """Of eight wrong passwords at once four are evaluated; the rest meet the ban."""
    async with home.client() as owner, home.client("192.168.1.66") as stranger:
        await home.join(owner, MAYA)
        tries = await asyncio.gather(*(home.login(stranger, MAYA, "Wrong-Word-11!") for _ in range(8)))
        assert sorted(answer.status_code for answer in tries) == [401] * 4 + [403] * 4
        assert (await home.login(owner, MAYA, PASSWORD)).status_code == 200


async def test_one_username_for_two(home: Household) -> None:
    """Of two verifications at once that want one username, one gets it and the other may choose again."""
    people = ("maya@example.com", "noor@example.com")
    async with home.client() as client:
        proofs = [
            {"email": email, "temp_token": await home.begin(client, email, "sam"), "otp": await home.code(email)}
            for email in people
        ]
        answers = await asyncio.gather(*(client.post("/auth/register/verify", json=proof) for proof in proofs))
        assert sorted(answer.status_code for answer in answers) == [200, 409]
        loser = proofs[[answer.status_code for answer in answers].index(409)]
        again = await client.post("/auth/register/verify", json=loser | {"username": "sam2"})
        assert again.status_code == 200
