"""An invitation admits one person in one role: by code, by link or by mail, until it is used, revoked or expired."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from rex_auth_edge.domain.clock import DAY, HOUR, MINUTE
from tests.household.family import Family, family
from tests.hub import PASSWORD, Household, text_of

IDA = "ida@example.com"


@pytest.fixture
async def they(home: Household) -> AsyncIterator[Family]:
    """Maya, the owner, and Noah, an adult; others join by invitation only."""
    async with family(home) as made:
        assert (await made.maya.patch("/household/policy", json={"registration": "invite"})).status_code == 200
        yield made


@pytest.fixture
async def ida(they: Family) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody who isn't in the household."""
    async with they.home.client("192.168.1.40") as client:
        yield client


async def invite(they: Family, **asked: str) -> dict[str, Any]:
    """Maya invites."""
    answer = await they.maya.post("/household/invites", json={"role": "guest"} | asked)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def begin(client: httpx.AsyncClient, code: str, email: str = IDA) -> httpx.Response:
    """Register with an invitation."""
    return await client.post("/auth/register/initiate", json={"email": email, "password": PASSWORD, "invite": code})


async def join(they: Family, client: httpx.AsyncClient, code: str, email: str = IDA) -> httpx.Response:
    """Register with an invitation, and prove the address."""
    begun = await begin(client, code, email)
    assert begun.status_code == 200, begun.text
    proof = {"email": email, "otp": await they.home.code(email), "temp_token": begun.json()["temp_token"]}
    return await client.post("/auth/register/verify", json=proof)


async def test_joining_by_code(they: Family, ida: httpx.AsyncClient) -> None:
    """The code gives the role that it was made for, once."""
    made = await invite(they)
    assert made["link"].endswith(f"/join?invite={made['code']}")
    assert (await join(they, ida, made["code"].lower().replace("-", " "))).status_code == 200
    assert (await ida.get("/household")).json()["role"] == "guest"
    (shown,) = (await they.maya.get("/household/invites")).json()["invites"]
    assert (shown["status"], shown["invited_by"]) == ("used", they.maya_id)
    assert (await begin(ida, made["code"], "else@example.com")).json()["code"] == "invalid_invitation"


async def test_without_an_invitation(they: Family, ida: httpx.AsyncClient) -> None:
    """Nobody joins, and the refusal says what to do."""
    refused = await ida.post("/auth/register/initiate", json={"email": IDA, "password": PASSWORD})
    assert (refused.status_code, refused.json()["code"]) == (403, "invite_required")
    assert (await begin(ida, "0000-0000-0000")).json()["code"] == "invalid_invitation"


async def test_an_invitation_by_mail(they: Family, ida: httpx.AsyncClient) -> None:
    """Its letter has code and link, and it is for that address alone."""
    made = await invite(they, email=IDA, name="Ida", role="adult")
    (letter,) = await they.home.mail(IDA)
    assert made["mailed"] is True
    assert made["link"] in text_of(letter)
    assert "maya invites you to the household Home" in text_of(letter)
    assert "token=" not in letter.as_string()
    other = await begin(ida, made["code"], "else@example.com")
    assert (other.status_code, other.json()["fields"]) == (403, {"email": "not the one invited"})
    assert (await join(they, ida, made["code"], "IDA@example.com")).status_code == 200
    assert (await ida.get("/household")).json()["role"] == "adult"


async def test_a_revoked_invitation(they: Family, ida: httpx.AsyncClient) -> None:
    """It is good for nobody, not even for whom had begun with it, and its waiting letter doesn't leave."""
    made = await invite(they)
    begun = await begin(ida, made["code"])
    code = await they.home.code(IDA)
    mailed = await invite(they, email="else@example.com")
    for each in (made, mailed):
        assert (await they.maya.delete(f"/household/invites/{each['id']}")).status_code == 200
        assert (await they.maya.delete(f"/household/invites/{each['id']}")).status_code == 404
    proof = {"email": IDA, "otp": code, "temp_token": begun.json()["temp_token"]}
    refused = await ida.post("/auth/register/verify", json=proof)
    assert (refused.status_code, refused.json()["code"]) == (403, "invalid_invitation")
    assert (await begin(ida, made["code"])).json()["code"] == "invalid_invitation"
    assert await they.home.mail("else@example.com") == []


async def test_an_expired_invitation(they: Family, ida: httpx.AsyncClient) -> None:
    """Seven days unless said otherwise; setting the wall clock back doesn't lengthen it."""
    made, short = await invite(they), await invite(they, expires_in="1h")
    they.home.clock.advance(HOUR)
    they.home.clock.step(-DAY)
    assert (await begin(ida, short["code"])).json()["code"] == "invalid_invitation"
    they.home.clock.advance(7 * DAY - 2 * HOUR)
    assert (await begin(ida, made["code"])).status_code == 200
    they.home.clock.advance(HOUR)
    assert (await begin(ida, made["code"])).json()["code"] == "invalid_invitation"
    tokens = (await they.home.login(they.maya, "maya@example.com")).json()
    they.maya.headers["authorization"] = f"Bearer {tokens['access_token']}"
    shown = (await they.maya.get("/household/invites")).json()["invites"]
    assert {each["status"] for each in shown} == {"expired"}


async def test_closed_is_closed(they: Family, ida: httpx.AsyncClient) -> None:
    """Where registration is closed invitations aren't taken, nor a registration begun before."""
    made = await invite(they)
    begun = await begin(ida, made["code"])
    code = await they.home.code(IDA)
    assert (await they.maya.patch("/household/policy", json={"registration": "closed"})).status_code == 200
    assert (await begin(ida, made["code"])).json()["code"] == "registration_closed"
    proof = {"email": IDA, "otp": code, "temp_token": begun.json()["temp_token"]}
    assert (await ida.post("/auth/register/verify", json=proof)).json()["code"] == "registration_closed"
    assert (await they.maya.patch("/household/policy", json={"registration": "invite"})).status_code == 200
    assert (await ida.post("/auth/register/verify", json=proof)).status_code == 200


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"role": ""}, "missing_field"),
        ({"role": "king"}, "invalid_field"),
        ({"email": "nobody"}, "invalid_email"),
        ({"expires_in": "1m"}, "invalid_field"),
        ({"expires_in": "31d"}, "invalid_field"),
        ({"expires_in": "soon"}, "invalid_field"),
        ({"name": "x" * 121}, "invalid_field"),
    ],
)
async def test_an_invitation_that_cannot_be(they: Family, asked: dict[str, str], code: str) -> None:
    """What is wrong is named, and no invitation is made."""
    refused = await they.maya.post("/household/invites", json={"role": "guest"} | asked)
    assert refused.json()["code"] == code
    assert (await they.maya.get("/household/invites")).json()["invites"] == []


async def test_the_code_is_nowhere(they: Family) -> None:
    """Neither the list nor the database has it: only a keyed hash is kept."""
    made = await invite(they)
    assert made["code"] not in (await they.maya.get("/household/invites")).text
    they.home.clock.advance(MINUTE)
    path = await they.home.store.read(lambda conn: conn.exec_driver_sql("PRAGMA database_list").one()[2])
    plain = made["code"].replace("-", "").encode()
    for name in ("", "-wal"):
        with open(path + name, "rb") as file:  # noqa: ASYNC230, PTH123 - a test may block
            content = file.read()
        assert plain not in content
        assert made["code"].encode() not in content
