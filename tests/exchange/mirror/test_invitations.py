"""Invitations, and who has come by one, on two hubs and in the cloud between them."""

from uuid import UUID

import pytest

from rex_auth_edge.domain.clock import DAY
from rex_auth_edge.flows.household.admission import code_hash
from rex_auth_edge.storage import invitations, tenants
from tests.exchange.mirror.family import alike, rows, signed_in
from tests.exchange.mirror.nodes import Node, World
from tests.exchange.mirror.things import states
from tests.hub import PASSWORD


async def letters(node: Node, address: str) -> int:
    """How many letters have gone there."""
    return len(await node.home.mail(address))


@pytest.mark.parametrize("revoked", [True, False])
async def test_a_letter_with_a_code_that_is_no_good_stays_here(family: World, *, revoked: bool) -> None:
    """One that waits for its mail isn't sent once the invitation is revoked on the other hub; nor ever by that one."""
    one, other = family.hubs
    guest = {"role": "adult", "name": "Leo", "email": "leo@example.com"}
    made = (await (await signed_in(one)).post("/household/invites", json=guest)).json()
    await family.meet()
    ((invitation_id, *_),) = await states(other)
    if revoked:
        assert not (await (await signed_in(other)).delete(f"/household/invites/{invitation_id}")).is_error
    await family.meet(other, one)
    assert [await letters(node, "leo@example.com") for node in (one, other, family.cloud)] == [not revoked, 0, 0]
    hashed = code_hash(one.home.hub.parts, made["code"])
    found = await one.home.store.read(lambda conn: tenants.whereabouts(conn, hashed))
    assert found == ([] if revoked else [one.tenant])


async def test_one_that_has_expired_is_over_everywhere(family: World) -> None:
    """The hub that made it forgets it, and no other shows it as one that waits."""
    one, other = family.hubs
    await (await signed_in(one)).post("/household/invites", json={"role": "adult", "name": "Leo"})
    await family.meet()
    assert [state[-1] for state in await states(other)] == [False]
    for node in (one, other, family.cloud):
        node.home.clock.advance(60 * DAY)
    await one.home.store.write(lambda tx: invitations.forget(tx, 30 * DAY))
    await family.meet(one, other)
    assert await states(one) == []
    assert [[state[-1] for state in await states(node)] for node in (other, family.cloud)] == [[True], [True]]
    await alike(family)


async def joins(node: Node, code: str) -> int:
    """Leo joins by an invitation."""
    client = node.home.client()
    body = {"email": "leo@example.com", "password": PASSWORD, "invite": code, "username": "leo"}
    begun = (await client.post("/auth/register/initiate", json=body)).json()
    sent = await node.home.code("leo@example.com")
    proof = {"email": "leo@example.com", "otp": sent, "temp_token": begun["temp_token"]}
    return (await client.post("/auth/register/verify", json=proof)).status_code


async def found(node: Node, address: str) -> list[UUID]:
    """The households in which somebody with this address is found."""
    hashed = node.home.hub.parts.address_hash(address)
    return await node.home.store.read(lambda conn: tenants.whereabouts(conn, hashed))


async def test_whoever_was_removed_elsewhere_may_be_invited_anew(family: World) -> None:
    """With the same address and name: nothing of them is left that would be in their way."""
    one, other = family.hubs
    maya = await signed_in(one)
    for _ in range(2):
        made = (await maya.post("/household/invites", json={"role": "adult", "name": "Leo"})).json()
        assert await joins(one, made["code"]) == 200
        await family.meet()
        (leo,) = [row["id"] for row in await rows(other) if row["username"] == "leo"]
        assert not (await (await signed_in(other)).delete(f"/household/members/{leo}")).is_error
        await family.meet(other, one)
        assert [await found(node, "leo@example.com") for node in (one, other, family.cloud)] == [[], [], []]
    await alike(family)
