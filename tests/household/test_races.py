"""Requests that really run side by side, on SQLite and on MariaDB: a right is used once, and somebody stays owner."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest

from rex_auth_edge.domain.roles import Role
from rex_auth_edge.storage import users
from rex_auth_edge.storage.store import Store
from tests.doubles import HandClock
from tests.household.cast import Cast, Person, cast
from tests.hub import PASSWORD, Household, household

ROUNDS = 3
_numbers = count()


@pytest.fixture
async def home(store: Store, clock: HandClock, tmp_path: Path) -> AsyncIterator[Household]:
    """A hub on each of the engines."""
    made = await household(store, clock, tmp_path / "data", RATE_LIMIT_ENABLED="false")
    yield made
    await made.hub.close()


async def owners(home: Household) -> int:
    """How many can run the household."""
    return len(await home.store.read(lambda conn: users.owners(conn, home.hub.parts.home)))


async def at_once(home: Household, asked: list[tuple[str, dict[str, Any]]]) -> list[httpx.Response]:
    """Post each, all at the same time, from clients of their own."""
    async with AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(home.client(f"192.168.1.{50 + n}")) for n in range(len(asked))]
        posts = (client.post(path, json=body) for client, (path, body) in zip(clients, asked, strict=True))
        return list(await asyncio.gather(*posts))


async def begun(home: Household, people: int, **right: str) -> list[tuple[str, dict[str, Any]]]:
    """What each of so many has to send to end a registration."""
    bodies = [{"email": f"ida{next(_numbers)}@example.com", "password": PASSWORD} | right for _ in range(people)]
    answers = await at_once(home, [("/auth/register/initiate", body) for body in bodies])
    assert {answer.status_code for answer in answers} == {200}
    codes = [right.get("setup_code") or await home.code(body["email"]) for body in bodies]
    return [
        ("/auth/register/verify", {"email": body["email"], "otp": code, "temp_token": answer.json()["temp_token"]})
        for body, code, answer in zip(bodies, codes, answers, strict=True)
    ]


async def against(they: Cast, how: str, doer: Person, other: Person) -> httpx.Response:
    """One owner does something to another."""
    path = f"/household/members/{other.user_id}"
    if how == "demote":
        return await doer.client.patch(path, json={"role": "adult"})
    return await (doer.client.delete(path) if how == "remove" else doer.client.post(f"{path}/disable"))


@pytest.mark.parametrize(("first", "second"), [("demote", "demote"), ("remove", "remove"), ("disable", "disable"),
                                               ("demote", "remove"), ("remove", "disable")])  # fmt: skip
async def test_two_owners_against_each_other(home: Household, first: str, second: str) -> None:
    """Of two who end each other's ownership at once one stays, and the other is told that they may no more."""
    async with cast(home) as they:
        for _ in range(ROUNDS):
            one, two = await they.join(Role.OWNER), await they.join(Role.OWNER)
            await they.maya.client.patch(f"/household/members/{they.maya.user_id}", json={"role": "adult"})
            answers = await asyncio.gather(against(they, first, one, two), against(they, second, two, one))
            assert sorted(answer.status_code == 200 for answer in answers) == [False, True]
            assert {answer.json()["code"] for answer in answers if answer.status_code != 200} <= {
                "not_allowed", "invalid_token", "last_owner",
            }  # fmt: skip
            assert await owners(home) == 1
            winner = one if answers[0].status_code == 200 else two
            made = await winner.client.patch(f"/household/members/{they.maya.user_id}", json={"role": "owner"})
            assert made.status_code == 200
            await they.renew()
            removed = await they.maya.client.delete(f"/household/members/{winner.user_id}")
            assert removed.status_code == 200


@pytest.mark.parametrize("how", ["demote", "disable", "remove"])
async def test_two_owners_leave_together(home: Household, how: str) -> None:
    """Of the last two owners who go by themselves at the same time, one is told to stay."""
    async with cast(home) as they:
        other = await they.join(Role.OWNER)
        both = (they.maya, other)
        answers = await asyncio.gather(*(against(they, how, each, each) for each in both))
        assert sorted(answer.status_code for answer in answers) == [200, 409]
        assert await owners(home) == 1


async def test_one_invitation_for_eight(home: Household) -> None:
    """One of them joins; to the others the invitation is used."""
    async with cast(home) as they:
        for _ in range(ROUNDS):
            invited = await they.maya.client.post("/household/invites", json={"role": "guest"})
            proofs = await begun(home, 8, invite=invited.json()["code"])
            answers = await at_once(home, proofs)
            assert sorted(answer.status_code for answer in answers) == [200] + [403] * 7
            assert {answer.json()["code"] for answer in answers if answer.status_code == 403} == {"invalid_invitation"}
        assert [member["role"] for member in await they.members()] == ["owner"] + ["guest"] * ROUNDS


async def test_one_setup_code_for_eight(home: Household) -> None:
    """One of them owns the household; the others have no account in it."""
    code = home.hub.parts.setup.shown()[home.hub.parts.home]
    answers = await at_once(home, await begun(home, 8, setup_code=code))
    assert sorted(answer.status_code == 200 for answer in answers) == [False] * 7 + [True]
    assert await owners(home) == 1
    everybody = await home.store.read(lambda conn: users.every(conn, home.hub.parts.home))
    assert len(everybody) == 1
    assert home.hub.parts.setup.shown() == {}


async def test_one_setup_code_for_eight_who_are_in(home: Household) -> None:
    """Of members who claim the household at once one gets it, against one who registers for it as well."""
    code = home.hub.parts.setup.shown()[home.hub.parts.home]
    tokens = [answer.json()["access_token"] for answer in await at_once(home, await begun(home, 7))]
    async with AsyncExitStack() as stack:
        asked = []
        for token in tokens:
            client = await stack.enter_async_context(home.client(authorization=f"Bearer {token}"))
            asked.append(client.post("/household/claim", json={"setup_code": code}))
        outsiders = at_once(home, await begun(home, 1, setup_code=code))
        outside, inside = await asyncio.gather(outsiders, asyncio.gather(*asked))
    assert sorted(answer.status_code == 200 for answer in (*outside, *inside)) == [False] * 7 + [True]
    assert await owners(home) == 1


async def test_one_waiting_code_for_four_owners(home: Household) -> None:
    """One of them gets it, and it leaves by no letter."""
    async with cast(home) as they:
        people = [they.maya, *[await they.join(Role.OWNER) for _ in range(3)]]
        for _ in range(ROUNDS):
            code = (await they.things())["code"]
            answers = await asyncio.gather(*(each.client.post(f"/household/codes/{code}") for each in people))
            assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
            handed = next(answer.json() for answer in answers if answer.status_code == 200)
            assert await home.mail(handed["email"]) == []


@pytest.mark.parametrize("how", ["disable", "remove"])
async def test_signing_in_while_being_ended(home: Household, how: str) -> None:
    """Whoever signs in at the moment of being disabled or removed has no session that works afterwards."""
    async with cast(home) as they:
        for _ in range(ROUNDS):
            person = await they.join(Role.ADULT)
            name = (await person.client.get("/auth/profile")).json()["username"]
            logins = at_once(home, [("/auth/login", {"username": name, "password": PASSWORD})] * 6)
            signed_in, ended = await asyncio.gather(logins, against(they, how, they.maya, person))
            assert ended.status_code == 200
            for answer in signed_in:
                if answer.status_code == 200:
                    await refused_everywhere(home, answer.json())


async def refused_everywhere(home: Household, tokens: dict[str, Any]) -> None:
    """Neither token of the session is good for anything."""
    async with home.client(authorization=f"Bearer {tokens['access_token']}") as client:
        for path in ("/auth/token/validate", "/auth/profile", "/household"):
            assert (await client.get(path)).status_code == 401, path
    async with home.client() as client:
        renewed = await client.post("/auth/token/refresh", json={"refresh_token": tokens["refresh_token"]})
        assert renewed.status_code == 401


async def test_signing_in_while_being_demoted(home: Household) -> None:
    """No token says a role that its person had before: it is either of the new role, or ended."""
    async with cast(home) as they:
        for _ in range(ROUNDS):
            person = await they.join(Role.OWNER)
            name = (await person.client.get("/auth/profile")).json()["username"]
            logins = at_once(home, [("/auth/login", {"username": name, "password": PASSWORD})] * 6)
            signed_in, _ = await asyncio.gather(logins, against(they, "demote", they.maya, person))
            for answer in signed_in:
                claims = home.hub.authenticator.claims(answer.json()["access_token"])
                assert list(getattr(claims, "roles", ["adult"])) == ["adult"]
