"""The setup code makes the first owner, works without mail, and is worth nothing afterwards."""

import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from rex_auth_edge.domain.clock import MINUTE
from rex_auth_edge.domain.refusals import Refused
from rex_auth_edge.flows.household import invite, members
from rex_auth_edge.flows.household.actor import Actor
from rex_auth_edge.flows.household.setup import MISSES
from rex_auth_edge.storage.store import Store
from tests.doubles import HandClock
from tests.hub import PASSWORD, Household, household

MAYA = "maya@example.com"
NOAH = "noah@example.com"


def code_of(home: Household) -> str:
    """What the console shows."""
    return home.hub.parts.setup.shown()[home.hub.parts.home]


async def test_the_setup_code_makes_the_owner(home: Household) -> None:
    """It is the one-time code as well: no letter is asked for, and none but the welcome is written."""
    async with home.client() as client:
        tokens = await home.own(client, MAYA, "maya")
        house = (await client.get("/household")).json()
        profile = (await client.get("/auth/profile")).json()
    assert (house["role"], house["claimed"], house["tenant_id"]) == ("owner", True, tokens["tenant_id"])
    assert "members.role" in house["may"]
    assert profile["email_verified"] is True
    assert [letter["Subject"] for letter in await home.mail(MAYA)] == ["Welcome to REX"]


async def test_an_address_nobody_wrote_to_is_not_proven(home: Household) -> None:
    """The platform takes the claimed address as verified, and the household knows that no letter proved it."""
    async with home.client() as client:
        await home.own(client, MAYA)
        (owner,) = (await client.get("/household/members")).json()["members"]
        assert owner["email_proven"] is False
        token = await home.reset_token(client, MAYA)
        reset = {"reset_token": token, "new_password": "Harbour-Lamp-77?"}
        assert (await client.post("/auth/password/reset", json=reset)).status_code == 200
        await home.login(client, MAYA, "Harbour-Lamp-77?")
        (owner,) = (await client.get("/household/members")).json()["members"]
    assert owner["email_proven"] is True


@pytest.mark.parametrize("typed", [str.lower, lambda code: code.replace("-", " "), lambda code: code.replace("0", "o")])
async def test_a_code_is_read_as_people_type_it(home: Household, typed: object) -> None:
    """Small letters, spaces, and letters for the digits that they look like."""
    assert callable(typed)
    async with home.client() as client:
        bearer = {"authorization": f"Bearer {(await home.join(client, MAYA))['access_token']}"}
        answer = await client.post("/household/claim", json={"setup_code": typed(code_of(home))}, headers=bearer)
    assert answer.status_code == 200


async def test_a_claimed_household_has_no_code(home: Household) -> None:
    """The code that made the owner makes no second one, neither by registering nor by claiming."""
    code = code_of(home)
    async with home.client() as client, home.client("192.168.1.21") as other:
        await home.own(client, MAYA)
        body = {"email": NOAH, "password": PASSWORD, "setup_code": code}
        refused = await other.post("/auth/register/initiate", json=body)
        assert (refused.status_code, refused.json()["code"]) == (403, "invalid_setup_code")
        other.headers["authorization"] = f"Bearer {(await home.join(other, NOAH))['access_token']}"
        claimed = await other.post("/household/claim", json={"setup_code": code})
        assert (claimed.status_code, claimed.json()["code"]) == (403, "invalid_setup_code")
        assert (await other.get("/household")).json()["role"] == "adult"


async def test_a_member_claims_what_nobody_owns(home: Household) -> None:
    """Who joined by the open door before anybody owned the household becomes its owner with the code."""
    async with home.client() as client:
        client.headers["authorization"] = f"Bearer {(await home.join(client, MAYA))['access_token']}"
        wrong = await client.post("/household/claim", json={"setup_code": "0000-0000"})
        assert (wrong.status_code, wrong.json()["fields"]) == (403, {"setup_code": "wrong"})
        assert (await client.post("/household/claim", json={"setup_code": code_of(home)})).status_code == 200
        assert (await client.get("/household")).json()["role"] == "owner"


async def test_two_claims_at_a_time(home: Household) -> None:
    """Of two who began with the code, the second to prove it is refused, and nothing of theirs stays."""
    code = code_of(home)
    async with home.client() as client, home.client("192.168.1.21") as other:
        body = {"password": PASSWORD, "setup_code": code}
        begun = [await each.post("/auth/register/initiate", json={**body, "email": email}) for each, email in
                 ((client, MAYA), (other, NOAH))]  # fmt: skip
        proofs = [{"email": email, "otp": code, "temp_token": answer.json()["temp_token"]} for email, answer in
                  zip((MAYA, NOAH), begun, strict=True)]  # fmt: skip
        assert (await client.post("/auth/register/verify", json=proofs[0])).status_code == 200
        late = await other.post("/auth/register/verify", json=proofs[1])
        assert (late.status_code, late.json()["code"]) == (400, "invalid_otp")
        assert (await home.login(other, NOAH)).status_code == 401


async def test_twenty_misses_bring_a_new_code(home: Household, caplog: pytest.LogCaptureFixture) -> None:
    """The old one is then worth nothing, and the log shows the new one."""
    old = code_of(home)
    async with home.client() as client:
        with caplog.at_level(logging.WARNING):
            for number in range(MISSES):
                body = {"email": f"guess{number}@example.com", "password": PASSWORD, "setup_code": "1234-5678"}
                assert (await client.post("/auth/register/initiate", json=body)).json()["code"] == "invalid_setup_code"
        assert code_of(home) != old
        assert code_of(home) in caplog.text
        home.clock.advance(MINUTE)
        body = {"email": MAYA, "password": PASSWORD, "setup_code": old}
        assert (await client.post("/auth/register/initiate", json=body)).status_code == 403
        await home.own(client, MAYA)


async def test_guesses_in_the_place_of_the_one_time_code(home: Household) -> None:
    """Three at most for a registration, as with a code by mail."""
    async with home.client() as client:
        body = {"email": MAYA, "password": PASSWORD, "setup_code": code_of(home)}
        token = (await client.post("/auth/register/initiate", json=body)).json()["temp_token"]
        proof = {"email": MAYA, "otp": "000000", "temp_token": token}
        answers = [await client.post("/auth/register/verify", json=proof) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [400, 400, 400, 429]


async def test_resending_while_claiming(home: Household) -> None:
    """There is no letter to send again; the setup code stays the code."""
    code = code_of(home)
    async with home.client() as client:
        body = {"email": MAYA, "password": PASSWORD, "setup_code": code}
        token = (await client.post("/auth/register/initiate", json=body)).json()["temp_token"]
        home.clock.advance(3 * MINUTE)
        resent = await client.post("/auth/register/resend-otp", json={"email": MAYA, "temp_token": token})
        assert resent.status_code == 200
        assert await home.mail(MAYA) == []
        proof = {"email": MAYA, "otp": code, "temp_token": token}
        assert (await client.post("/auth/register/verify", json=proof)).status_code == 200


async def test_an_unclaimed_household_says_so(sqlite_store: Store, clock: HandClock, tmp_path: Path) -> None:
    """Where invitations are asked for and nobody can write one yet, the refusal names the setup code."""
    home = await household(sqlite_store, clock, tmp_path / "data", REX_REGISTRATION="invite")
    async with home.client() as client:
        refused = await client.post("/auth/register/initiate", json={"email": NOAH, "password": PASSWORD})
        assert (refused.status_code, refused.json()["code"]) == (403, "invite_required")
        assert "setup code" in refused.json()["message"]
        await home.own(client, MAYA)
        refused = await client.post("/auth/register/initiate", json={"email": NOAH, "password": PASSWORD})
        assert "invitation" in refused.json()["message"]
    await home.hub.close()


async def test_a_claim_of_an_address_that_has_an_account(home: Household) -> None:
    """The setup code gives nobody another's account: they get a letter, and the code fits nothing."""
    async with home.client() as client, home.client("192.168.1.21") as other:
        await home.join(client, MAYA)
        code = code_of(home)
        body = {"email": MAYA, "password": "Harbour-Lamp-77?", "setup_code": code}
        token = (await other.post("/auth/register/initiate", json=body)).json()["temp_token"]
        proof = {"email": MAYA, "otp": code, "temp_token": token}
        assert (await other.post("/auth/register/verify", json=proof)).json()["code"] == "invalid_otp"
        assert (await home.login(other, MAYA, "Harbour-Lamp-77?")).status_code == 401


async def added(home: Household) -> Any:
    """The console adds an owner."""
    wanted = members.Newcomer("maya", PASSWORD, "owner")
    return await members.add(home.hub.parts, Actor.console(home.hub.parts.home), wanted)


async def raised(home: Household) -> Any:
    """The console makes somebody who has joined the owner."""
    async with home.client() as client:
        maya = UUID((await home.join(client, MAYA))["user_id"])
    return await members.set_role(home.hub.parts, Actor.console(home.hub.parts.home), maya, "owner")


async def invited(home: Household) -> Any:
    """The console invites an owner, who joins."""
    guest = invite.Guest("owner", None, None, None)
    made = await invite.create(home.hub.parts, Actor.console(home.hub.parts.home), guest)
    assert isinstance(made, invite.Invited)
    body = {"email": MAYA, "username": "maya", "password": PASSWORD, "invite": made.code}
    async with home.client() as client:
        token = (await client.post("/auth/register/initiate", json=body)).json()["temp_token"]
        proof = {"email": MAYA, "otp": await home.code(MAYA), "temp_token": token}
        return (await client.post("/auth/register/verify", json=proof)).json()["user_id"]


@pytest.mark.parametrize("make", [added, raised, invited])
async def test_no_code_is_shown_once_somebody_owns_the_household(
    home: Household, make: Callable[[Household], Awaitable[Any]]
) -> None:
    """However they became its owner: nobody could use it, and everybody is led to the sign-in, not to claiming."""
    assert not isinstance(await make(home), Refused)
    assert home.hub.parts.setup.shown() == {}
    async with home.client() as client:
        answer = await client.get("/", headers={"accept": "text/html"})
    assert answer.headers["location"] == "/sign-in"
