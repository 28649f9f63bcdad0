"""What somebody holds on one hub, and how it ends with their right when another node takes that away."""

from collections.abc import Iterable
from functools import partial
from uuid import UUID

import httpx
import pytest

from rex_auth_edge.storage import attempts_elsewhere, tenants
from rex_auth_edge.sync.kinds import Kind
from rex_auth_edge.sync.state import Cell
from tests.devices.machines import Machine
from tests.exchange.mirror.family import MAYA, alike, decided, member, refused, rows, signed_in
from tests.exchange.mirror.nodes import Node, World
from tests.exchange.mirror.things import acting, acts_for_noah, speaker
from tests.household.test_passes import VISIT
from tests.hub import PASSWORD
from tests.voice.speaking import CIBA, act, ask

OTHER = "Quiet-Harbour-77!"


async def does(owner: httpx.AsyncClient, user_id: str, how: str) -> None:
    """An owner disables or removes somebody, or gives them the role of that name."""
    path = f"/household/members/{user_id}"
    if how == "removed":
        answer = await owner.delete(path)
    elif how in {"disable", "enable"}:
        answer = await owner.post(f"{path}/{how}")
    else:
        answer = await owner.patch(path, json={"role": how})
    assert not answer.is_error, answer.text


async def opens(node: Node, secret: str) -> bool:
    """Whether a guest's phone gets a token for the pass."""
    return not (await node.home.client().post("/oauth/pass", json={"secret": secret})).is_error


async def handed(owner: httpx.AsyncClient, user_id: str) -> str:
    """A token to set another password, which an owner hands over."""
    answer = await owner.post(f"/household/members/{user_id}/reset")
    assert answer.status_code == 200, answer.text
    return str(answer.json()["reset_token"])


async def good(node: Node, token: str) -> bool:
    """Whether a new password can be set by it."""
    answer = await node.home.client().get("/auth/password/reset/validate", params={"token": token})
    return not answer.is_error


async def asked(voice: Machine) -> str:
    """Noah is asked to confirm something: what the app polls with."""
    answer = await ask(voice, "noah")
    assert answer.status_code == 200, answer.text
    return str(answer.json()["auth_req_id"])


async def waits(voice: Machine, code: str) -> bool:
    """Whether the app still waits for him."""
    answer = await voice.post("/oauth/token", {"grant_type": CIBA, "auth_req_id": code}, know=True)
    return bool(answer.json()["error"] in {"authorization_pending", "slow_down"})


@pytest.mark.parametrize("how", ["disable", "removed", "adult"])
async def test_passes_end_with_the_right_of_who_made_them(family: World, how: str) -> None:
    """Wherever that is taken away; another owner's go on."""
    one, other = family.hubs
    maya = await signed_in(one)
    noah_id = await member(maya, "noah", "owner")
    await family.meet()
    noah = await signed_in(one, "noah")
    his, hers = [(await each.post("/household/passes", json=VISIT)).json()["secret"] for each in (noah, maya)]
    await does(await signed_in(other), noah_id, how)
    await family.meet(other, one)
    assert [await opens(one, secret) for secret in (his, hers)] == [False, True]
    await alike(family)


@pytest.mark.parametrize("acts", [("disable", "enable"), ("owner",)])
async def test_a_reset_that_was_handed_over_is_void(family: World, acts: Iterable[str]) -> None:
    """Once its person is disabled elsewhere, also when they are let in again; and once more would be opened by it."""
    one, other = family.hubs
    maya = await signed_in(one)
    noah_id = await member(maya, "noah")
    await family.meet()
    token = await handed(maya, noah_id)
    assert await good(one, token)
    there = await signed_in(other)
    for how in acts:
        await does(there, noah_id, how)
        await family.meet(other, one)
    assert not await good(one, token)


async def test_a_reset_is_void_once_another_password_is_set(family: World) -> None:
    """On another hub, by who knows the one of before."""
    one, other = family.hubs
    await family.meet()
    token = await one.home.reset_token(one.home.client(), MAYA)
    maya = await signed_in(other)
    body = {"current_password": PASSWORD, "new_password": OTHER}
    assert not (await maya.post("/auth/password/change", json=body)).is_error
    await family.meet(other, one)
    assert not await good(one, token)


async def test_whoever_has_to_set_another_password_is_acted_for_no_more(family: World) -> None:
    """As after a hub was stolen that could check the one of before: what devices hold or wait for ends."""
    one, _ = family.hubs
    maya = await signed_in(one)
    noah = Cell(Kind.PASSWORD_DUE, UUID(await member(maya, "noah")).bytes)
    voice = await speaker(maya, one)
    await family.meet()
    assert (await act(voice, "noah")).status_code == 200
    code = await asked(voice)
    assert await waits(voice, code)
    await decided(family, noah, lambda pen: pen.mark("renew_password"))
    await family.meet(one)
    assert (await acting(one), await waits(voice, code)) == (0, False)


@pytest.mark.parametrize("how", ["sessions", "voice", "policy"])
async def test_what_devices_wait_for_ends_elsewhere(family: World, how: str) -> None:
    """By signing out everywhere on the other hub, or by wanting no voice any more, for oneself or for everybody."""
    one, other = family.hubs
    voice = await acts_for_noah(family)
    code = await asked(voice)
    who = await signed_in(other, "maya" if how == "policy" else "noah")
    method, path = {
        "sessions": ("DELETE", "/auth/sessions"),
        "voice": ("PUT", "/auth/voice"),
        "policy": ("PATCH", "/household/policy"),
    }[how]
    done = await who.request(method, path, json=None if how == "sessions" else {"voice": "off"})
    assert not done.is_error, done.text
    await family.meet(other, one)
    assert (await acting(one), await waits(voice, code)) == (0, False)


async def test_a_lower_role_ends_sessions_whoever_has_decided_it(family: World) -> None:
    """Their tokens say the higher one; also where nobody has signed the person out, as after a hub was stolen."""
    one, _ = family.hubs
    noah_id = UUID(await member(await signed_in(one), "noah", "owner")).bytes
    await family.meet()
    noah = await signed_in(one, "noah")
    await decided(family, Cell(Kind.ROLE, noah_id), lambda pen: pen.role("guest"))
    await family.meet(one)
    assert await refused(noah)
    await alike(family)


async def test_nothing_is_counted_of_whoever_is_gone(family: World) -> None:
    """Failed sign-ins here go with a person who is removed elsewhere."""
    one, other = family.hubs
    noah_id = await member(await signed_in(one), "noah")
    await family.meet()
    await one.home.login(one.home.client(), "noah", "wrong")
    await does(await signed_in(other), noah_id, "removed")
    await family.meet(other, one)
    assert await one.home.store.read(lambda conn: list(attempts_elsewhere.of_people(conn, one.tenant))) == []


async def test_a_link_to_the_address_of_before_proves_no_other(family: World) -> None:
    """Whoever still gets the letters of the address that was changed elsewhere shows nothing of the new one."""
    one, _ = family.hubs
    await family.meet()
    (maya,) = await rows(one)
    token = await one.home.reset_token(one.home.client(), MAYA)
    new = {"address": "m@new.example", "key": "m@new.example", "proven": False, "verified": False}
    await decided(family, Cell(Kind.EMAIL, maya["id"].bytes), lambda pen: pen.put(**new))
    await family.meet(one)
    answer = await one.home.client().post("/auth/password/reset", json={"reset_token": token, "new_password": OTHER})
    assert answer.status_code == 200, answer.text
    (maya,) = await rows(one)
    assert (maya["email"], maya["email_proven"], maya["email_verified"]) == ("m@new.example", False, False)
    address_hash = one.home.hub.parts.address_hash
    found = [await one.home.store.read(partial(tenants.whereabouts, address_hash=address_hash(key)))
             for key in (MAYA, "m@new.example")]  # fmt: skip
    assert found == [[], [one.tenant]]


async def test_a_link_ends_the_duty_to_set_another_password(family: World) -> None:
    """The one that is set by it is good on every node, where nobody could sign in meanwhile."""
    one, other = family.hubs
    await family.meet()
    (maya,) = await rows(one)
    await decided(family, Cell(Kind.PASSWORD_DUE, maya["id"].bytes), lambda pen: pen.mark("renew_password"))
    await family.meet()
    assert (await one.home.login(one.home.client(), MAYA)).status_code == 401
    token = await one.home.reset_token(one.home.client(), MAYA)
    answer = await one.home.client().post("/auth/password/reset", json={"reset_token": token, "new_password": OTHER})
    assert answer.status_code == 200, answer.text
    await alike(family)
    for node in (one, other, family.cloud):
        await signed_in(node, password=OTHER)
