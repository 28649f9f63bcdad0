"""What an owner decides for the household: who may join, what passwords must be, how long sessions last."""

from collections.abc import AsyncIterator

import pytest

from rex_auth_edge.domain.clock import DAY, HOUR
from tests.household.family import NOAH, Family, family
from tests.hub import PASSWORD, Household


@pytest.fixture
async def they(home: Household) -> AsyncIterator[Family]:
    """Maya, the owner, and Noah, an adult."""
    async with family(home) as made:
        yield made


async def test_the_policy_begins_with_the_settings(they: Family) -> None:
    """Where the household has said nothing, the hub's settings hold; adults may read it."""
    shown = (await they.noah.get("/household/policy")).json()
    assert shown == {
        "registration": "open",
        "password_rule": "composition",
        "session_life": "90d",
        "idle_life": "7d",
        "shares": ["profiles", "passwords", "sessions", "audit"],
        "fresh_after_reboot": False,
        "voice": True,
        "version": 1,
    }


async def test_every_change_is_a_version(they: Family) -> None:
    """What isn't sent stays, nothing sent is no change, and what was changed is on record."""
    changed = await they.maya.patch("/household/policy", json={"session_life": "30d", "shares": "profiles"})
    assert (changed.json()["session_life"], changed.json()["shares"]) == ("30d", ["profiles"])
    assert (changed.json()["idle_life"], changed.json()["version"]) == ("7d", 2)
    assert (await they.maya.patch("/household/policy", json={})).json()["version"] == 2
    assert (await they.maya.patch("/household/policy", json={"shares": ""})).json()["shares"] == []
    (_, first) = await they.audited("policy.change")
    assert first["facts"] == {"session_life": "30d", "shares": "profiles"}


@pytest.mark.parametrize(
    "wanted",
    [
        {"registration": "maybe"},
        {"password_rule": "none"},
        {"session_life": "0d"},
        {"session_life": "4000d"},
        {"idle_life": "366d"},
        {"idle_life": "a week"},
        {"idle_life": ""},
        {"shares": "everything"},
        {"session_life": 30},
        {"registration": None},
    ],
)
async def test_a_policy_that_cannot_be(they: Family, wanted: dict[str, object]) -> None:
    """The field is named with what it has to be, and nothing is changed, fields that were right neither."""
    refused = await they.maya.patch("/household/policy", json={"password_rule": "length"} | wanted)
    assert (refused.status_code, refused.json()["code"]) == (400, "invalid_field")
    assert set(refused.json()["fields"]) == set(wanted)
    shown = (await they.maya.get("/household/policy")).json()
    assert (shown["version"], shown["password_rule"]) == (1, "composition")


async def test_the_length_rule(they: Family) -> None:
    """15 characters without composition: a long sentence is taken, a short jumble isn't."""
    assert (await they.maya.patch("/household/policy", json={"password_rule": "length"})).status_code == 200
    async with they.home.client("192.168.1.40") as ida:
        body = {"email": "ida@example.com", "password": PASSWORD[:12]}
        assert (await ida.post("/auth/register/initiate", json=body)).json()["code"] == "weak_password"
        body["password"] = "seven herons over the weir"
        assert (await ida.post("/auth/register/initiate", json=body)).status_code == 200


async def test_how_long_sessions_last(they: Family) -> None:
    """A session begun under the policy ends with it however often it is refreshed; older ones keep their own end."""
    older = (await they.home.login(they.noah, NOAH)).json()["refresh_token"]
    wanted = {"session_life": "2d", "idle_life": "36h"}
    assert (await they.maya.patch("/household/policy", json=wanted)).status_code == 200
    del they.noah.headers["authorization"]
    newer = (await they.home.login(they.noah, NOAH)).json()["refresh_token"]
    statuses = []
    for _ in range(3):
        they.home.clock.advance(DAY - HOUR)
        answer = await they.noah.post("/auth/token/refresh", json={"refresh_token": newer})
        statuses.append(answer.status_code)
        newer = answer.json().get("refresh_token", newer)
    assert statuses == [200, 200, 401]
    assert (await they.noah.post("/auth/token/refresh", json={"refresh_token": older})).status_code == 200


async def test_an_unused_session_ends(they: Family) -> None:
    """A session that isn't refreshed within the idle life is over, after each refresh anew."""
    assert (await they.maya.patch("/household/policy", json={"idle_life": "2h"})).status_code == 200
    del they.noah.headers["authorization"]
    token = (await they.home.login(they.noah, NOAH)).json()["refresh_token"]
    they.home.clock.advance(HOUR)
    token = (await they.noah.post("/auth/token/refresh", json={"refresh_token": token})).json()["refresh_token"]
    they.home.clock.advance(2 * HOUR)
    assert (await they.noah.post("/auth/token/refresh", json={"refresh_token": token})).status_code == 401


async def test_renaming(they: Family) -> None:
    """The new name is shown to everybody; an empty or endless one is refused."""
    assert (await they.maya.patch("/household", json={"name": "Lindenhof"})).status_code == 200
    assert (await they.noah.get("/household")).json()["name"] == "Lindenhof"
    assert (await they.maya.patch("/household", json={"name": "x" * 121})).json()["code"] == "invalid_field"
    assert (await they.maya.patch("/household", json={"name": ""})).json()["code"] == "missing_field"
