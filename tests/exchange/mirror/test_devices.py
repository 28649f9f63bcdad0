"""Devices, on two hubs and in the cloud between them: what they hold ends where another node restricts them."""

from typing import Any
from uuid import UUID

import pytest

from rex_auth_edge.flows.devices.adding import client_hash
from rex_auth_edge.storage import tenants
from rex_auth_edge.sync.kinds import Kind
from rex_auth_edge.sync.state import Cell, State
from tests.devices.machines import joined
from tests.exchange.mirror.family import alike, decided, signed_in
from tests.exchange.mirror.nodes import Node, World
from tests.exchange.mirror.things import acting, acts_for_noah, kinds, speaker
from tests.voice.speaking import act


@pytest.mark.parametrize("how", ["suspended", "fewer scopes"])
async def test_what_a_device_holds_ends_once_it_is_restricted_elsewhere(family: World, how: str) -> None:
    """Suspended, also if it goes on soon after, or with fewer scopes: it begins anew with what it may do then."""
    one, other = family.hubs
    voice = await acts_for_noah(family)
    there, path = await signed_in(other), f"/household/devices/{voice.id}"
    if how == "suspended":
        assert not (await there.post(f"{path}/suspend")).is_error
        await family.meet(other, one)
        assert not (await there.post(f"{path}/resume")).is_error
    else:
        assert not (await there.patch(path, json={"scopes": "lights hub.act"})).is_error
    await family.meet(other, one)
    assert await acting(one) == 0
    assert (await act(voice, "noah")).status_code == 200
    await alike(family)


async def whereabouts(node: Node, device_id: str) -> list[UUID]:
    """The households in which a device of this id is found."""
    hashed = client_hash(node.home.hub.parts, UUID(device_id))
    return await node.home.store.read(lambda conn: tenants.whereabouts(conn, hashed))


async def test_a_device_with_a_key_is_let_in_at_every_hub(family: World) -> None:
    """It is known there by its key, until one of them removes it; then nothing of it is left to be found."""
    one, other = family.hubs
    maya = await signed_in(one)
    voice = await speaker(maya, one)
    await family.meet()
    voice.client, voice.nonce = other.home.client(), None
    assert not (await voice.renew()).is_error
    assert not (await maya.delete(f"/household/devices/{voice.id}")).is_error
    await alike(family)
    assert (await voice.renew()).is_error
    assert [await whereabouts(node, voice.id) for node in (one, other)] == [[], []]


async def test_a_rule_that_nobody_here_knows_suspends_its_device(family: World) -> None:
    """A newer program has said something of it that this one can't follow."""
    one, _ = family.hubs
    lock = await joined(await signed_in(one), one.home.client())
    await family.meet()
    profile = Cell(Kind.DEVICE_PROFILE, UUID(lock.id).bytes)
    await decided(family, profile, lambda _: State(needs=("quiet_hours",)))
    await family.meet()
    found: list[Any] = [[row[4] for row in await kinds(node)] for node in (one, family.cloud)]
    assert found == [["suspended"]] * 2
