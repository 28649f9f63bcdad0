"""Owners run the household's people; whatever they end is over at once, and somebody always owns the household."""

from collections.abc import AsyncIterator

import pytest

from rex_auth_edge.domain.clock import DAY, HOUR
from tests.household.family import MAYA, NOAH, Family, family
from tests.hub import PASSWORD, Household

LEO = {"username": "leo", "password": "Comet-Garden-9!", "role": "child", "first_name": "Leo"}


@pytest.fixture
async def they(home: Household) -> AsyncIterator[Family]:
    """Maya, the owner, and Noah, an adult."""
    async with family(home) as made:
        yield made


async def test_owners_see_more_than_others(they: Family) -> None:
    """An adult sees names and roles, and of themself everything; an owner sees everything of everybody."""
    own, others = [(await client.get("/household/members")).json()["members"] for client in (they.maya, they.noah)]
    assert [member["role"] for member in own] == ["owner", "adult"]
    assert own[1]["email"] == NOAH
    assert (own[1]["status"], own[1]["email_proven"]) == ("active", True)
    assert set(others[0]) == {"user_id", "username", "name", "role"}
    assert others[1]["email"] == NOAH


async def test_a_child_without_mail(they: Family) -> None:
    """A child signs in by username, is verified for the platform by the owner's word, and has no address."""
    added = await they.maya.post("/household/members", json=LEO)
    assert added.status_code == 200, added.text
    async with they.home.client("192.168.1.30") as tablet:
        body = {"username": "leo", "password": LEO["password"]}
        tokens = (await tablet.post("/auth/login", json=body)).json()
        claims = they.home.hub.authenticator.claims(tokens["access_token"])
        profile = (await tablet.get("/auth/profile")).json()
        assert (profile["email"], profile["email_verified"], profile["role"]) == (None, True, "child")
        assert (await tablet.get("/auth/token/validate")).json()["email"] is None
        assert tokens["user_id"] == added.json()["user_id"] == str(getattr(claims, "user_id", None))
    assert (await they.member(added.json()["user_id"]))["email_proven"] is False


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"username": None}, "missing_field"),
        ({"username": "l e o"}, "invalid_username"),
        ({"username": "Noah"}, "username_taken"),
        ({"password": "short"}, "weak_password"),
        ({"password": "Leo-Comet-Garden-9!"}, "weak_password"),
        ({"role": "king"}, "invalid_field"),
        ({"first_name": "x" * 121}, "invalid_field"),
    ],
)
async def test_a_newcomer_that_cannot_be(they: Family, change: dict[str, str | None], code: str) -> None:
    """What is wrong is named, and nobody is added."""
    refused = await they.maya.post("/household/members", json=LEO | change)
    assert refused.json()["code"] == code
    assert len((await they.maya.get("/household/members")).json()["members"]) == 2


async def test_a_lower_role_ends_sessions(they: Family) -> None:
    """A demoted owner's tokens say owner still, so they end at once; the next sign-in has the new role."""
    promoted = await they.maya.patch(f"/household/members/{they.noah_id}", json={"role": "owner"})
    assert promoted.status_code == 200
    assert (await they.noah.get("/auth/token/validate")).status_code == 200
    assert (await they.noah.get("/household/invites")).status_code == 200
    assert (await they.maya.patch(f"/household/members/{they.noah_id}", json={"role": "guest"})).status_code == 200
    assert (await they.noah.get("/auth/token/validate")).status_code == 401
    tokens = (await they.home.login(they.noah, NOAH)).json()
    they.noah.headers["authorization"] = f"Bearer {tokens['access_token']}"
    assert (await they.noah.get("/household")).json()["role"] == "guest"
    assert (await they.noah.get("/household/members")).json()["code"] == "not_allowed"
    (last, first) = await they.audited("members.role")
    assert (first["outcome"], last["subject_id"]) == ("success", they.noah_id)


async def test_the_last_owner_stays(they: Family) -> None:
    """They can be neither demoted nor disabled nor removed, by themself neither; with a second owner they can."""
    me = f"/household/members/{they.maya_id}"
    refused = [
        await they.maya.patch(me, json={"role": "adult"}),
        await they.maya.post(f"{me}/disable"),
        await they.maya.delete(me),
    ]
    assert [(answer.status_code, answer.json()["code"]) for answer in refused] == [(409, "last_owner")] * 3
    for event in ("members.role", "members.disable", "members.leave"):
        assert [row["outcome"] for row in await they.audited(event)] == ["last_owner"]
    assert (await they.maya.patch(f"/household/members/{they.noah_id}", json={"role": "owner"})).status_code == 200
    assert (await they.maya.patch(me, json={"role": "adult"})).status_code == 200


async def test_nobody_of_that_name_is_on_record(they: Family) -> None:
    """Trying one's hand at members whom the household doesn't have is refused, and the log tells of it."""
    nobody = "/household/members/01a208a2-7a56-720b-929a-ad8b101c10f0"
    asked = [they.maya.delete(nobody), they.maya.post(f"{nobody}/disable"), they.maya.post(f"{nobody}/reset")]
    assert {(await each).status_code for each in asked} == {404}
    for event in ("members.remove", "members.disable", "members.reset"):
        ((outcome, subject),) = [(row["outcome"], row["subject_id"]) for row in await they.audited(event)]
        assert (outcome, subject) == ("not_found", nobody.rpartition("/")[2])


async def test_a_disabled_owner_does_not_count(they: Family) -> None:
    """The household needs an owner who can sign in."""
    assert (await they.maya.patch(f"/household/members/{they.noah_id}", json={"role": "owner"})).status_code == 200
    assert (await they.maya.post(f"/household/members/{they.noah_id}/disable")).status_code == 200
    assert (await they.maya.delete(f"/household/members/{they.maya_id}")).json()["code"] == "last_owner"


async def test_a_disabled_member(they: Family) -> None:
    """Their access token, refresh token and password are refused at once, and taken again once enabled."""
    refresh = (await they.home.login(they.noah, NOAH)).json()["refresh_token"]
    assert (await they.maya.post(f"/household/members/{they.noah_id}/disable")).status_code == 200
    assert (await they.member(they.noah_id))["status"] == "disabled"
    assert (await they.noah.get("/auth/token/validate")).status_code == 401
    body = {"refresh_token": refresh}
    del they.noah.headers["authorization"]
    assert (await they.noah.post("/auth/token/refresh", json=body)).status_code == 401
    assert (await they.home.login(they.noah, NOAH)).status_code == 401
    assert (await they.maya.post(f"/household/members/{they.noah_id}/enable")).status_code == 200
    assert (await they.noah.post("/auth/token/refresh", json=body)).status_code == 401
    assert (await they.home.login(they.noah, NOAH)).status_code == 200


async def test_a_lifted_ban(they: Family) -> None:
    """Six wrong passwords close the account to strangers for good; an owner opens it."""
    async with they.home.client("192.168.1.99") as stranger:
        for wait in (0, 0, 0, 0, 2 * HOUR, 7 * HOUR):
            they.home.clock.advance(wait)
            await they.home.login(stranger, NOAH, "Wrong-Word-11!")
        they.home.clock.advance(30 * DAY)
        assert (await they.home.login(stranger, NOAH)).json()["code"] == "account_permanently_banned"
        tokens = (await they.home.login(they.maya, MAYA)).json()
        they.maya.headers["authorization"] = f"Bearer {tokens['access_token']}"
        assert (await they.member(they.noah_id))["status"] == "banned"
        assert (await they.maya.post(f"/household/members/{they.noah_id}/lift-ban")).status_code == 200
        assert (await they.member(they.noah_id))["status"] == "active"
        assert (await they.home.login(stranger, NOAH)).status_code == 200


async def test_a_removed_member(they: Family) -> None:
    """They are gone with sessions, name and address; who registers with that address is somebody new."""
    assert (await they.maya.delete(f"/household/members/{they.noah_id}")).status_code == 200
    assert (await they.noah.get("/auth/token/validate")).status_code == 401
    assert (await they.home.login(they.noah, NOAH)).status_code == 401
    assert (await they.maya.get(f"/household/members/{they.noah_id}")).status_code == 404
    async with they.home.client("192.168.1.22") as again:
        assert (await they.home.join(again, NOAH, "noah"))["user_id"] != they.noah_id


async def test_leaving(they: Family) -> None:
    """An adult takes themself out of the household; a child doesn't."""
    assert (await they.noah.delete(f"/household/members/{they.noah_id}")).status_code == 200
    assert [member["username"] for member in (await they.maya.get("/household/members")).json()["members"]] == ["maya"]
    child = (await they.maya.post("/household/members", json=LEO)).json()["user_id"]
    async with they.home.client("192.168.1.30") as tablet:
        tokens = (await tablet.post("/auth/login", json={"username": "leo", "password": LEO["password"]})).json()
        bearer = {"authorization": f"Bearer {tokens['access_token']}"}
        assert (await tablet.delete(f"/household/members/{child}", headers=bearer)).json()["code"] == "not_allowed"


async def test_a_reset_by_an_owner(they: Family) -> None:
    """Sessions end, a letter tells them without the link, and the link handed over sets a new password once."""
    started = await they.maya.post(f"/household/members/{they.noah_id}/reset")
    assert started.status_code == 200, started.text
    assert (await they.noah.get("/auth/token/validate")).status_code == 401
    letter = (await they.home.mail(NOAH))[-1]
    assert letter["Subject"] == "An owner is resetting your REX password"
    token = started.json()["reset_token"]
    assert token not in letter.as_string()
    assert started.json()["link"].endswith(f"/reset-password?token={token}")
    reset = {"reset_token": token, "new_password": "Harbour-Lamp-77?"}
    assert (await they.noah.post("/auth/password/reset", json=reset)).status_code == 200
    assert (await they.noah.post("/auth/password/reset", json=reset)).status_code == 400
    assert (await they.home.login(they.noah, NOAH, "Harbour-Lamp-77?")).status_code == 200


async def test_no_owner_resets_another(they: Family) -> None:
    """Nobody takes an owner's account with the household's own means."""
    assert (await they.maya.patch(f"/household/members/{they.noah_id}", json={"role": "owner"})).status_code == 200
    refused = await they.maya.post(f"/household/members/{they.noah_id}/reset")
    assert (refused.status_code, refused.json()["code"]) == (403, "not_allowed")
    assert (await they.noah.get("/auth/token/validate")).status_code == 200


async def test_an_unproven_address_stays_unproven(they: Family) -> None:
    """A link that was handed over proves no address, unlike one that was mailed."""
    child = (await they.maya.post("/household/members", json=LEO)).json()["user_id"]
    started = (await they.maya.post(f"/household/members/{child}/reset")).json()
    reset = {"reset_token": started["reset_token"], "new_password": "Harbour-Lamp-77?"}
    assert (await they.noah.post("/auth/password/reset", json=reset)).status_code == 200
    assert (await they.member(child))["email_proven"] is False


async def test_a_members_sessions_and_history(they: Family) -> None:
    """An owner sees them, ends one or all, and is seen doing it in the member's own history."""
    path = f"/household/members/{they.noah_id}/sessions"
    async with they.home.client("192.168.1.55") as second:
        await they.home.login(second, NOAH)
        shown = (await they.maya.get(path)).json()["sessions"]
        assert len(shown) == 2
        assert {session["ip_address"] for session in shown} == {"192.168.1.21", "192.168.1.55"}
        latest = next(session for session in shown if session["ip_address"] == "192.168.1.55")
        assert (await they.maya.delete(f"{path}/{latest['id']}")).json() == {
            "message": "Sessions ended",
            "ended": 1,
        } | {"message": "Session ended"}
        assert (await second.get("/auth/token/validate")).status_code == 401
        assert (await they.maya.delete(f"{path}/{latest['session_id']}")).status_code == 404
    assert (await they.maya.delete(path)).json()["ended"] == 1
    assert (await they.noah.get("/auth/token/validate")).status_code == 401
    history = (await they.maya.get(f"/household/members/{they.noah_id}/history")).json()["history"]
    assert [entry["action"] for entry in history][:2] == ["members.sign_out", "members.sign_out"]


async def test_ids_that_name_nobody(they: Family) -> None:
    """A malformed id and one that nobody has are the same: not there."""
    for user_id in ("nobody", "01a208a2-7a56-720b-929a-ad8b101c10f0"):
        for method, tail in (("GET", ""), ("DELETE", ""), ("POST", "/disable"), ("GET", "/sessions")):
            answer = await they.maya.request(method, f"/household/members/{user_id}{tail}")
            assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_a_password_that_names_the_household_is_refused(they: Family) -> None:
    """An added member's password obeys the household's rule as everybody's does."""
    assert (await they.maya.patch("/household", json={"name": "Lindenhof"})).status_code == 200
    body = LEO | {"password": "Lindenhof-77?"}
    assert (await they.maya.post("/household/members", json=body)).json()["code"] == "weak_password"
    assert (await they.maya.post("/household/members", json=LEO | {"password": PASSWORD})).status_code == 200
