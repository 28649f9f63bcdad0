"""A token that one node of a household has issued, shown at the others: good for what that household may see there."""

from http import HTTPStatus
from uuid import UUID

import jwt

from rex_auth_edge.exchange.stores.shown import Shown
from rex_auth_edge.flows import signing
from rex_auth_edge.keys.keyring import OVERLAP
from rex_auth_edge.sync.rules.keys import key_of
from tests.exchange.conftest import Street
from tests.exchange.people import agree, signed_in, validated
from tests.exchange.visiting import FORBIDDEN, OK, UNKNOWN, Root, asked, refreshed, session_of, two_hubs
from tests.hub import PASSWORD, Household


async def test_a_hubs_token_is_good_at_the_other_nodes(street: Street) -> None:
    """Once they have heard of its session: whose it is there, by the tables there; and refused as unknown before."""
    first, second = await two_hubs(street)
    noah = (await signed_in(first.home, "noah")).json()
    others = (second.home, street.cloud.home)
    assert [await validated(home, noah) for home in others] == [UNKNOWN] * 2
    await agree(street)
    for home in others:
        answer = await asked(home, noah, "GET", "/auth/token/validate")
        assert answer.status_code == OK, answer.text
        there = (await signed_in(home, "noah")).json()
        assert (answer.json()["user_id"], answer.json()["tenant_id"]) == (noah["user_id"], there["tenant_id"])
        listed = (await asked(home, noah, "GET", "/auth/sessions")).json()["sessions"]
        assert len(listed) > 1
        assert any(each["is_current"] for each in listed)
        where = f"/auth/forward?role=adult&household={there['tenant_id']}"
        assert (await asked(home, noah, "GET", where)).status_code == OK
        assert (await asked(home, noah, "GET", where.replace("adult", "owner"))).status_code == FORBIDDEN


async def test_an_end_anywhere_is_an_end_everywhere(street: Street) -> None:
    """A session that is ended where it is a guest is refused there at once, and where it began when that has heard."""
    first, second = await two_hubs(street)
    noah, again = (await signed_in(first.home, "noah")).json(), (await signed_in(first.home, "noah")).json()
    await agree(street)
    assert (await asked(second.home, noah, "POST", "/auth/logout")).status_code == OK
    assert [await validated(home, noah) for home in (second.home, street.cloud.home)] == [UNKNOWN, OK]
    where = f"/auth/sessions/{session_of(again)}"
    assert (await asked(street.cloud.home, again, "DELETE", where)).status_code == OK
    assert await validated(street.cloud.home, again) == UNKNOWN
    await agree(street)
    for home in (first.home, second.home, street.cloud.home):
        assert [await validated(home, tokens) for tokens in (noah, again)] == [UNKNOWN] * 2


async def test_nothing_is_done_by_it(street: Street) -> None:
    """Whoever wants to change something signs in there; a refresh token is redeemed where it was issued."""
    first, second = await two_hubs(street)
    maya = (await signed_in(first.home, "maya")).json()
    await agree(street)
    acts: tuple[tuple[str, str, dict[str, str]], ...] = (
        ("POST", "/household/members", {"username": "eve", "password": PASSWORD, "role": "owner"}),
        ("POST", "/household/hubs/claims", {}),
        ("PATCH", "/auth/profile", {"first_name": "Eve"}),
        ("POST", "/auth/reauthenticate", {"password": PASSWORD}),
        ("POST", "/auth/password/change", {"current_password": PASSWORD, "new_password": PASSWORD + "?"}),
    )
    for method, path, body in acts:
        answer = await asked(street.cloud.home, maya, method, path, json=body)
        assert (answer.status_code, answer.json()["code"]) == (FORBIDDEN, "issued_elsewhere"), path
    for home in (second.home, street.cloud.home):
        async with home.client() as client:
            answer = await client.post("/auth/token/refresh", json={"refresh_token": maya["refresh_token"]})
            assert answer.status_code == UNKNOWN
            assert "where it was issued" in answer.json()["message"]
            client.cookies.set("access_token", maya["access_token"])
            assert (await client.get("/house")).status_code == HTTPStatus.SEE_OTHER
            listed = (await client.get("/.well-known/jwks.json")).json()["keys"]
        assert {each["kid"] for each in listed} == home.hub.parts.keyring.kids
    async with first.home.client() as client:
        answer = await client.post("/auth/token/refresh", json={"refresh_token": maya["refresh_token"]})
    assert answer.status_code == OK


async def test_keys_come_and_go(street: Street) -> None:
    """A new key is known before it signs; one that has leaked is over everywhere, and so are a removed hub's."""
    first, second = await two_hubs(street)
    parts, others = first.home.hub.parts, (second.home, street.cloud.home)
    old = (await signed_in(first.home, "noah")).json()
    await signing.rotate(parts)
    await agree(street)
    street.clock.advance(OVERLAP)
    new = await refreshed(first, old)
    assert (
        jwt.get_unverified_header(new["access_token"])["kid"] != jwt.get_unverified_header(old["access_token"])["kid"]
    )
    assert [await validated(home, each) for home in others for each in (old, new)] == [OK] * 4
    await signing.rotate(parts, leaked=True)
    await agree(street)
    last = await refreshed(first, new)
    for home in others:
        assert [await validated(home, each) for each in (old, new, last)] == [UNKNOWN, UNKNOWN, OK]
    async with await street.cloud.owner() as owner:
        hub_id = str(UUID(bytes=first.sync.runs.running[first.tenant].household.me.id))
        await owner.post("/auth/reauthenticate", json={"password": PASSWORD})
        assert (await owner.delete(f"/household/hubs/{hub_id}")).status_code == OK
    assert await validated(street.cloud.home, last) == UNKNOWN
    await second.meet()
    assert await validated(second.home, last) == UNKNOWN
    for home, tenant in ((second.home, second.tenant), (street.cloud.home, street.cloud.tenant)):
        assert await let_in(home, tenant, Root(first, last).key.kid, hub_id) is None


async def let_in(home: Household, tenant: UUID, kid: str, hub_id: str) -> object:
    """The key, if the node would take it."""
    return await home.store.read(lambda conn: key_of(Shown(conn, tenant), UUID(hub_id).bytes, kid))
