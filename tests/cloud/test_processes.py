"""Two processes are one service: what one has decided, the other knows."""

import asyncio
from collections import Counter
from uuid import UUID

import httpx
import pytest

from rex_auth_edge.domain.refusals import Refused
from rex_auth_edge.exchange.hub.line import HttpLine
from rex_auth_edge.exchange.hub.rounds import Rounds
from rex_auth_edge.exchange.hub.signed_line import SignedLine
from tests.cloud.pair import PASSWORD, Pair, bearer, validated
from tests.doubles import SeededEntropy
from tests.hub import Household

pytestmark = pytest.mark.mariadb


def test_everybody_who_registers_gets_a_household(pair: Pair) -> None:
    """Two people of the same name and two households of the same address, each person the owner of their own."""
    one = pair.join(pair.one, "ana@example.com", "sam")
    other = pair.join(pair.other, "ben@example.com", "sam")
    again = pair.join(pair.other, "ana@example.com", "sam")
    assert len({one["tenant_id"], other["tenant_id"], again["tenant_id"]}) == 3
    with pair.one.client() as client:
        house = client.get("/household", headers=bearer(other)).json()
    assert (house["role"], house["claimed"], house["name"]) == ("owner", True, "sam's household")
    assert house["slug"].startswith("sam-")


def test_one_household_is_signed_in_to(pair: Pair) -> None:
    """An address signs in to the household used last, a username with `tenant` alone."""
    pair.join(pair.one, "cleo@example.com", "cleo")
    latest = pair.join(pair.one, "cleo@example.com", "cleo")
    with pair.other.client() as client:
        answer = client.post("/auth/login", json={"email": "cleo@example.com", "password": PASSWORD})
        assert answer.json()["tenant_id"] == latest["tenant_id"]
        bare = client.post("/auth/login", json={"username": "cleo", "password": PASSWORD})
        assert (bare.status_code, bare.json()["code"]) == (401, "invalid_credentials")
        named = {"username": "cleo", "password": PASSWORD, "tenant": latest["tenant_id"]}
        assert client.post("/auth/login", json=named).status_code == 200


def test_a_session_ended_by_one_is_refused_by_the_other_at_once(pair: Pair) -> None:
    """No request that begins after the answer to a sign-out is let in by it, ten times of ten."""
    for turn in range(10):
        tokens = pair.join(pair.one, f"dora{turn}@example.com", "dora")
        assert validated(pair.other, tokens).status_code == 200
        with pair.one.client() as client:
            assert client.post("/auth/logout", headers=bearer(tokens)).status_code == 200
        assert validated(pair.other, tokens).status_code == 401


async def test_parallel_refreshes_by_both(pair: Pair) -> None:
    """Sixteen refreshes with one token, half by each process, give one successor."""
    tokens = await asyncio.to_thread(pair.join, pair.one, "eve@example.com", "eve")
    body = {"refresh_token": tokens["refresh_token"]}
    async with httpx.AsyncClient(trust_env=False, timeout=30) as client:
        urls = [f"{process.url}/auth/token/refresh" for process in (pair.one, pair.other)] * 8
        answers = await asyncio.gather(*(client.post(url, json=body) for url in urls))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["refresh_token"] for answer in answers}) == 1


async def test_guesses_by_both_are_counted_together(pair: Pair) -> None:
    """Of twelve guesses at a code, half by each process, three are evaluated."""
    proof = await asyncio.to_thread(pair.begin, pair.one, "finn@example.com", "finn")
    body = proof | {"otp": "none"}
    async with httpx.AsyncClient(trust_env=False, timeout=30) as client:
        urls = [f"{process.url}/auth/register/verify" for process in (pair.one, pair.other)] * 6
        answers = await asyncio.gather(*(client.post(url, json=body) for url in urls))
    assert Counter(answer.json()["code"] for answer in answers)["invalid_otp"] == 3


def test_rates_are_shared(pair: Pair) -> None:
    """Five letters a minute to an address, whichever process is asked."""
    answers = []
    for turn in range(7):
        with (pair.one, pair.other)[turn % 2].client() as client:
            answers.append(client.post("/auth/password/forgot", json={"email": "gus@example.com"}).status_code)
    assert answers == [200] * 5 + [429] * 2


def test_a_changed_profile_is_seen_by_both(pair: Pair) -> None:
    """`validate` of the other process says the new name at once, though it had the old one in memory."""
    tokens = pair.join(pair.one, "hana@example.com", "hana")
    assert validated(pair.other, tokens).json()["user"]["name"] == "hana"
    with pair.one.client() as client:
        assert client.patch("/auth/profile", json={"first_name": "Hana"}, headers=bearer(tokens)).status_code == 200
    assert validated(pair.other, tokens).json()["user"]["name"] == "Hana"


def test_both_publish_the_same_keys(pair: Pair) -> None:
    """However many processes started at once, there is one first key, and each token is good with either."""
    keys = []
    for process in (pair.one, pair.other):
        with process.client() as client:
            keys.append(client.get("/.well-known/jwks.json").json())
    assert keys[0] == keys[1]
    assert len(keys[0]["keys"]) == 1


async def test_a_hub_that_waits_at_one_hears_of_the_other(pair: Pair, home: Household) -> None:
    """What one process has committed ends the waiting at another at once, not 55 seconds later."""
    tokens = await asyncio.to_thread(pair.join, pair.one, "hana@example.com", "hana")
    hubs, tenant = home.hub.sync, home.hub.parts.home
    assert hubs is not None

    def asked(method: str, path: str) -> httpx.Response:
        with pair.one.client() as client:
            return client.request(method, path, headers=bearer(tokens), json={})

    await hubs.runs.begin(looping=False)
    code = (await asyncio.to_thread(asked, "POST", "/household/hubs/claims")).json()["code"]
    assert not isinstance(await hubs.enrol(tenant, pair.one.url, code), Refused)
    said = await hubs.now(tenant)
    assert not isinstance(said, Refused)
    assert said.trouble is None
    running = hubs.runs.running[tenant]
    url, signer = pair.other.url, running.household.signer
    kept = SignedLine(HttpLine(url), url, signer, SeededEntropy(9))
    rounds = Rounds(running.household, kept, kept, home.clock)
    await rounds.whole()
    waiting = asyncio.ensure_future(rounds.wait())
    answer = await asyncio.to_thread(asked, "POST", "/household/hubs/claims")
    done, _ = await asyncio.wait({waiting}, timeout=0)
    assert (answer.status_code, done) == (200, set())
    node = UUID(bytes=running.household.me.id)
    assert (await asyncio.to_thread(asked, "DELETE", f"/household/hubs/{node}")).status_code == 200
    async with asyncio.timeout(15):
        await asyncio.gather(waiting, return_exceptions=True)
    kept.close()
    await hubs.runs.end()
