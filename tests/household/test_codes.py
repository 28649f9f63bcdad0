"""When mail can't go out, an owner hands a code over: it is on record, and proves no address."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from rex_auth_edge.domain.clock import MINUTE
from tests.household.family import NOAH, Family, family
from tests.hub import PASSWORD, Household

IDA = "ida@example.com"


@pytest.fixture
async def they(home: Household) -> AsyncIterator[Family]:
    """Maya, the owner, and Noah, an adult."""
    async with family(home) as made:
        yield made


async def waiting(they: Family) -> list[dict[str, Any]]:
    """Who waits, as Maya sees it."""
    return list((await they.maya.get("/household/codes")).json()["codes"])


async def test_a_code_is_handed_over(they: Family) -> None:
    """The person joins with it, the letter never leaves, and their address is verified for the platform only."""
    async with they.home.client("192.168.1.40") as ida:
        body = {"email": IDA, "password": PASSWORD, "username": "ida", "first_name": "Ida"}
        token = (await ida.post("/auth/register/initiate", json=body)).json()["temp_token"]
        (shown,) = await waiting(they)
        assert (shown["email"], shown["username"], shown["name"]) == (IDA, "ida", "Ida")
        assert "otp" not in shown
        handed = (await they.maya.post(f"/household/codes/{shown['id']}")).json()
        assert await they.home.mail(IDA) == []
        assert await waiting(they) == []
        proof = {"email": IDA, "otp": handed["otp"], "temp_token": token}
        joined = await ida.post("/auth/register/verify", json=proof)
        assert joined.status_code == 200, joined.text
        assert (await ida.get("/auth/profile")).json()["email_verified"] is True
    member = await they.member(joined.json()["user_id"])
    assert member["email_proven"] is False
    (entry,) = await they.audited("codes.hand_over")
    assert (entry["outcome"], entry["actor_id"]) == ("success", they.maya_id)
    assert handed["otp"] not in str(entry["facts"])


async def test_a_letter_that_has_left(they: Family) -> None:
    """Nobody waits for what lies in a mailbox; who asks for it all the same is told so."""
    async with they.home.client("192.168.1.40") as ida:
        await they.home.begin(ida, IDA)
        (shown,) = await waiting(they)
        await they.home.mail(IDA)
        assert await waiting(they) == []
        refused = await they.maya.post(f"/household/codes/{shown['id']}")
    assert (refused.status_code, refused.json()["code"]) == (409, "code_already_sent")


async def test_an_address_that_has_an_account(they: Family) -> None:
    """The letter that says so has no code, and nobody is shown as waiting for one."""
    async with they.home.client("192.168.1.40") as stranger:
        await they.home.begin(stranger, NOAH)
    assert await waiting(they) == []


async def test_an_expired_code(they: Family) -> None:
    """Nobody waits for it any more; a new one that the person asks for is shown again."""
    async with they.home.client("192.168.1.40") as ida:
        token = await they.home.begin(ida, IDA)
        they.home.clock.advance(5 * MINUTE)
        assert await waiting(they) == []
        await ida.post("/auth/register/resend-otp", json={"email": IDA, "temp_token": token})
        (shown,) = await waiting(they)
        handed = (await they.maya.post(f"/household/codes/{shown['id']}")).json()
        proof = {"email": IDA, "otp": handed["otp"], "temp_token": token}
        assert (await ida.post("/auth/register/verify", json=proof)).status_code == 200


async def test_a_code_by_mail_after_one_by_hand(they: Family) -> None:
    """Who asks for another code and reads it in its letter has proven the address after all."""
    async with they.home.client("192.168.1.40") as ida:
        token = await they.home.begin(ida, IDA)
        (shown,) = await waiting(they)
        await they.maya.post(f"/household/codes/{shown['id']}")
        they.home.clock.advance(2 * MINUTE)
        await ida.post("/auth/register/resend-otp", json={"email": IDA, "temp_token": token})
        proof = {"email": IDA, "otp": await they.home.code(IDA), "temp_token": token}
        joined = (await ida.post("/auth/register/verify", json=proof)).json()
    assert (await they.member(joined["user_id"]))["email_proven"] is True


async def test_a_password_reset_is_never_handed_over(they: Family) -> None:
    """A reset's letter that waits is shown to nobody."""
    await they.noah.post("/auth/password/forgot", json={"email": NOAH})
    assert await waiting(they) == []
