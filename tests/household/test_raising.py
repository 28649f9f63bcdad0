"""Nobody raises their own role: by no route, field, form, query or header."""

import json
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest

from rex_auth_edge.domain.refusals import Refused
from rex_auth_edge.domain.roles import SCOPES, Role
from tests.household.cast import Cast
from tests.hub import PASSWORD
from tests.tenancy.routes import filled

OWNER = "owner"
WISHES = {
    **dict.fromkeys(("role", "roles", "user_role", "scope", "scopes", "permissions", "may", "status"), OWNER),
    **dict.fromkeys(("is_admin", "admin", "is_owner", "email_verified", "email_proven", "claimed"), "true"),
    "purpose": "claim",
}
HEADERS = {"x-user-role": OWNER, "x-user-roles": OWNER, "x-forwarded-user": "maya", "x-http-method-override": "PATCH"}
IDA = "ida@example.com"


def granted(they: Cast, access_token: str) -> tuple[list[str], list[str]]:
    """The roles and scopes that a token gives."""
    claims = they.home.hub.authenticator.claims(access_token)
    assert not isinstance(claims, Refused)
    return list(claims.roles), sorted(claims.scopes)


@pytest.mark.parametrize("role", [Role.ADULT, Role.CHILD, Role.GUEST])
async def test_wishes(they: Cast, role: Role) -> None:
    """Whoever asks any route for more, about themself or about somebody else, is afterwards who they were."""
    for route in {each.handler: each for each in they.routes}.values():
        person, things = await they.join(role), await they.things(route)
        for member in (person.user_id, things["member"]):
            path = filled(route, tuple((things | {"member": member})[kind] for kind in route.kinds))
            body = None if route.method == "GET" else (route.body() or {}) | WISHES
            answer = await person.client.request(route.method, path, json=body, params=WISHES, headers=HEADERS)
            assert answer.status_code < 500
        now = await they.roles()
        assert now.get(person.user_id, role) == role, route
        assert now[things["member"]] == Role.ADULT, route
        assert list(now.values()).count(OWNER) == 1, route


async def wish(client: httpx.AsyncClient, path: str, body: dict[str, str], *, form: bool) -> dict[str, Any]:
    """Post the body among wishes, without cookies; the good answer's body."""
    sent = urlencode(WISHES | body) if form else json.dumps(WISHES | body)
    headers = HEADERS | {"content-type": "application/x-www-form-urlencoded" if form else "application/json"}
    answer = await client.post(path, content=sent, headers=headers, params=WISHES)
    client.cookies.clear()
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


@pytest.mark.parametrize("form", [False, True])
async def test_joining_with_wishes(they: Cast, form: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """Who registers by the open door is an adult, whatever they write into the forms; so is who signs in."""
    async with they.home.client("192.168.1.40") as ida:
        body = {"email": IDA, "password": PASSWORD, "username": "ida"}
        begun = await wish(ida, "/auth/register/initiate", body, form=form)
        proof = {"email": IDA, "otp": await they.home.code(IDA), "temp_token": begun["temp_token"]}
        joined = await wish(ida, "/auth/register/verify", proof, form=form)
        again = await wish(ida, "/auth/login", body, form=form)
        refreshed = await wish(ida, "/auth/token/refresh", {"refresh_token": again["refresh_token"]}, form=form)
    for answer in (joined, again, refreshed):
        assert granted(they, answer["access_token"]) == ([Role.ADULT], sorted(SCOPES[Role.ADULT]))


async def test_an_invitation_gives_its_own_role(they: Cast) -> None:
    """Not the one that is asked for with it, and not the open door's."""
    invited = await they.maya.client.post("/household/invites", json={"role": "guest"})
    async with they.home.client("192.168.1.40") as ida:
        body = {"email": IDA, "password": PASSWORD, "invite": invited.json()["code"]}
        begun = await ida.post("/auth/register/initiate", json=WISHES | body)
        proof = {"email": IDA, "otp": await they.home.code(IDA), "temp_token": begun.json()["temp_token"]}
        joined = await ida.post("/auth/register/verify", json=WISHES | proof)
    assert granted(they, joined.json()["access_token"])[0] == [Role.GUEST]


async def test_a_reset_link_opens_no_higher_role(they: Cast) -> None:
    """Who has begun a member's reset can't take them over as an owner by the link; and no owner's is begun at all."""
    person, other = await they.join(Role.ADULT), await they.join(Role.OWNER)
    path = f"/household/members/{person.user_id}"
    started = await they.maya.client.post(f"{path}/reset")
    assert (await other.client.patch(path, json={"role": "owner"})).status_code == 200
    body = {"reset_token": started.json()["reset_token"], "new_password": "Harbour-Lamp-77?"}
    taken = await they.maya.client.post("/auth/password/reset", json=body)
    assert (taken.status_code, taken.json()["code"]) == (400, "invalid_reset_token")
    assert (await they.maya.client.post(f"{path}/reset")).json()["code"] == "not_allowed"
    last = (await they.log())[0]
    assert (last["event"], last["outcome"], last["subject_id"]) == ("members.reset", "not_allowed", person.user_id)
