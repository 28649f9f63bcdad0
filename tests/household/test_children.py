"""Children who ask to join: at home, without an address of mail, and let in by an owner who sees their screen."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import httpx
import jwt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rex_auth_edge.domain.caller import Caller
from rex_auth_edge.domain.clock import HOUR, MINUTE
from rex_auth_edge.flows import upkeep
from rex_auth_edge.flows.household import children, house
from rex_auth_edge.flows.household.actor import Actor
from rex_auth_edge.flows.household.children import LIFE, MISSES, MOST
from rex_auth_edge.storage import tenants, users
from rex_auth_edge.storage.guest_tables import child_requests
from tests.household.family import Family, family
from tests.household.young import asked, asking
from tests.hub import PASSWORD, Household

LEO = {"username": "leo", "password": PASSWORD}


@pytest.fixture
async def them(home: Household) -> AsyncIterator[Family]:
    """Maya and Noah."""
    async with family(home) as made:
        yield made


@pytest.fixture
async def screen(home: Household) -> AsyncIterator[httpx.AsyncClient]:
    """Leo's tablet, in the nursery."""
    async with home.client("192.168.1.44") as client:
        yield client


async def state(screen: httpx.AsyncClient, token: str) -> str:
    """What the child's screen finds."""
    answer = await screen.post("/auth/children/look", json={"request_token": token})
    return str(answer.json().get("state", answer.json().get("code")))


async def test_a_child_joins(them: Family, screen: httpx.AsyncClient) -> None:
    """Leo asks, Maya reads the code off his screen, and he signs in: verified for the platform, without an address."""
    made = await asking(them.maya, screen)
    assert await state(screen, made["child token"]) == "waiting"
    assert (await screen.post("/auth/login", json=LEO)).status_code == 401
    (row,) = (await them.maya.get("/household/children")).json()["children"]
    assert (row["username"], row["first_name"], row["asked_from"]) == ("leo", "Leo", "192.168.1.44")
    code = {"screen_code": made["child code"].lower()}
    answer = await them.maya.post(f"/household/children/{made['child']}/approve", json=code)
    assert answer.status_code == 200, answer.text
    assert await state(screen, made["child token"]) == "approved"
    signed_in = (await screen.post("/auth/login", json=LEO)).json()
    said: dict[str, Any] = jwt.decode(signed_in["access_token"], options={"verify_signature": False})
    assert (said["roles"], said["email_verified"]) == (["child"], True)
    assert (await screen.get("/auth/token/validate")).json()["email"] is None
    member = await them.member(answer.json()["user_id"])
    assert (member["role"], member["email"], member["guardian"]) == ("child", None, them.maya_id)
    assert [row["outcome"] for row in await them.audited("children.approve")] == ["success"]


@pytest.mark.parametrize("address", ["203.0.113.9", "2001:db8::9", "127.0.0.1", "::1", "100.64.0.9"])
async def test_only_at_home(them: Family, screen: httpx.AsyncClient, address: str) -> None:
    """Neither child nor owner does this from elsewhere, nor from this machine, where a gateway speaks for anybody."""
    made = await asking(them.maya, screen)
    path, code = f"/household/children/{made['child']}/approve", {"screen_code": made["child code"]}
    async with them.home.client(address) as elsewhere:
        answer = await elsewhere.post("/auth/children/ask", json=LEO)
        assert (answer.status_code, answer.json()["code"]) == (403, "not_on_lan")
        answer = await elsewhere.post(path, json=code, headers=them.maya.headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "not_on_lan")
    answer = await them.maya.post(path, json=code, headers={"x-forwarded-for": "192.168.1.20"})
    assert answer.json()["code"] == "not_on_lan"
    assert await state(screen, made["child token"]) == "waiting"
    assert (await them.maya.post(path, json=code)).status_code == 200


async def test_somebody_else_under_his_name(them: Family, screen: httpx.AsyncClient) -> None:
    """A second request under Leo's name isn't approved by the code on Leo's screen."""
    leo = await asking(them.maya, screen)
    async with them.home.client("192.168.1.66") as other:
        await asked(other)
    rows = (await them.maya.get("/household/children")).json()["children"]
    theirs = next(row["id"] for row in rows if row["asked_from"] == "192.168.1.66")
    answer = await them.maya.post(f"/household/children/{theirs}/approve", json={"screen_code": leo["child code"]})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_otp")
    assert await state(screen, leo["child token"]) == "waiting"


async def test_codes_are_not_guessed(them: Family, screen: httpx.AsyncClient) -> None:
    """Five wrong codes end a request, and then the right one is good for nothing."""
    made = await asking(them.maya, screen)
    wrong = "0000" if made["child code"] != "0000" else "1111"
    path = f"/household/children/{made['child']}/approve"
    for _ in range(MISSES):
        assert (await them.maya.post(path, json={"screen_code": wrong})).json()["code"] == "invalid_otp"
    assert (await them.maya.post(path, json={"screen_code": made["child code"]})).status_code == 404
    assert await state(screen, made["child token"]) == "missed"
    assert MISSES * MOST / 32**4 < 1 / 40_000


async def test_so_many_wait_and_no_more(them: Family, screen: httpx.AsyncClient) -> None:
    """Two of an address and five in all, also at the same moment; they make room in a quarter of an hour."""
    answers = await asyncio.gather(
        *(screen.post("/auth/children/ask", json=LEO | {"username": f"leo{n}"}) for n in range(4))
    )
    assert sorted(answer.status_code for answer in answers) == [200, 200, 503, 503]
    for last in (50, 51):
        async with them.home.client(f"192.168.1.{last}") as other:
            answers = [await other.post("/auth/children/ask", json=LEO) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 503]
    them.home.clock.advance(LIFE)
    assert (await screen.post("/auth/children/ask", json=LEO)).status_code == 200


async def test_no_name_is_taken_by_asking(them: Family, screen: httpx.AsyncClient) -> None:
    """Asking tells nobody whether a name is taken, and takes none; the owner who approves may give another."""
    made = await asking(them.maya, screen, username="noah")
    path = f"/household/children/{made['child']}/approve"
    answer = await them.maya.post(path, json={"screen_code": made["child code"]})
    assert (answer.status_code, answer.json()["code"]) == (409, "username_taken")
    answer = await them.maya.post(path, json={"screen_code": made["child code"], "username": "noah-junior"})
    assert answer.status_code == 200
    looked = await screen.post("/auth/children/look", json={"request_token": made["child token"]})
    assert looked.json() == {"state": "approved", "username": "noah-junior"}


async def test_approved_and_refused_at_once(them: Family, screen: httpx.AsyncClient) -> None:
    """One of many decisions at a time counts."""
    made = await asking(them.maya, screen)
    path, code = f"/household/children/{made['child']}", {"screen_code": made["child code"]}
    tries = [them.maya.post(f"{path}/approve", json=code) for _ in range(4)] + [
        them.maya.delete(path) for _ in range(4)
    ]
    answers = await asyncio.gather(*tries)
    assert sorted(answer.status_code for answer in answers) == [200] + [404] * 7
    assert await state(screen, made["child token"]) in {"approved", "refused"}


@pytest.mark.parametrize("why", ["closed", "weak", "nobody's"])
async def test_refused_at_once(them: Family, screen: httpx.AsyncClient, why: str) -> None:
    """A closed household, a weak password and an unknown household are told before anything is kept."""
    if why == "closed":
        await them.maya.patch("/household/policy", json={"registration": "closed"})
    more = {"weak": {"password": "leo"}, "nobody's": {"tenant": "nowhere"}, "closed": {}}[why]
    answer = await screen.post("/auth/children/ask", json=LEO | more)
    codes = {"closed": "registration_closed", "weak": "weak_password", "nobody's": "unknown_tenant"}
    assert answer.json()["code"] == codes[why]
    assert (await them.maya.get("/household/children")).json() == {"children": []}


async def test_too_late(them: Family, screen: httpx.AsyncClient) -> None:
    """After a quarter of an hour nobody is let in, whatever the wall clock says; later nothing is left of it."""
    made = await asking(them.maya, screen)
    them.home.clock.step(-40 * HOUR)
    them.home.clock.advance(9 * MINUTE)
    assert await state(screen, made["child token"]) == "waiting"
    them.home.clock.advance(6 * MINUTE)
    assert await state(screen, made["child token"]) == "invalid_otp_session"
    parts, console = them.home.hub.parts, Actor.console(them.home.hub.parts.home)
    assert await children.approve(parts, console, UUID(made["child"]), made["child code"]) == children.NOT_WAITING
    them.home.clock.advance(2 * HOUR)
    await upkeep.purge(them.home.hub.parts, them.home.hub.authenticator)
    assert await them.home.store.read(lambda conn: conn.execute(child_requests.select()).all()) == []


STEPS = st.lists(st.sampled_from(["wrong", "right", "refuse", "wait", "foreign"]), max_size=8)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
async def test_any_order(them: Family, steps: list[str]) -> None:
    """Whatever is done in whatever order: a child is in exactly where the right code came first, in time."""
    await house.create(them.home.hub.parts, "Next door", "next-door")
    them.home.clock.advance(MINUTE)
    await them.home.store.write(lambda tx: tx.conn.execute(child_requests.delete()))
    name = f"leo{them.home.clock.boot}"
    made = await asking_by_flow(them, name)
    expected, misses, waited = "waiting", 0, 0
    for step in steps:
        expected, misses, waited = model(step, expected, misses, waited)
        await do(them, made, step)
    rows = await them.home.store.read(lambda conn: users.every(conn, them.home.hub.parts.home))
    assert (name in {row.username for row in rows}) == (expected == "approved")


def model(step: str, now: str, misses: int, waited: int) -> tuple[str, int, int]:
    """What a step makes of a request."""
    if step == "wait":
        return (now, misses, waited + 1)
    if now != "waiting" or waited >= 3:
        return (now, misses, waited)
    if step == "wrong":
        return ("missed" if misses + 1 >= MISSES else now, misses + 1, waited)
    return ({"right": "approved", "refuse": "refused", "foreign": now}[step], misses, waited)


async def asking_by_flow(them: Family, name: str) -> dict[str, str]:
    """A request that the flow has made: without rates, and without a session that could be over."""
    parts = them.home.hub.parts
    caller = Caller("192.168.1.44", "Tablet", on_lan=True)
    made = await children.ask(parts, children.Asked(name, PASSWORD), caller)
    assert isinstance(made, children.Waiting)
    (row,) = await parts.store.read(lambda conn: conn.execute(child_requests.select()).all())
    return {"id": str(row.id), "code": made.code, "name": name}


async def do(them: Family, made: dict[str, str], step: str) -> None:
    """A step, on the console."""
    next_door = await them.home.store.read(lambda conn: tenants.find(conn, "next-door"))
    assert next_door is not None
    parts, console, request_id = them.home.hub.parts, Actor.console(them.home.hub.parts.home), UUID(made["id"])
    if step == "wait":
        them.home.clock.advance(5 * MINUTE)
    elif step == "refuse":
        await children.refuse(parts, console, request_id)
    elif step == "foreign":
        await children.approve(parts, Actor.console(next_door), request_id, made["code"])
    else:
        wrong = "0000" if made["code"] != "0000" else "1111"
        await children.approve(parts, console, request_id, made["code"] if step == "right" else wrong)
