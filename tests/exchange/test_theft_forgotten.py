"""A cloud is put back from a backup of before a theft: it learns of that anew from the hubs left, and from no thief."""

import asyncio
from typing import Any
from uuid import UUID

import pytest

from rex_auth_edge.domain.clock import HOUR
from rex_auth_edge.exchange.cloud import restored
from rex_auth_edge.sync.rules.distrust import DISTRUST, SEAL
from tests.exchange.conftest import Street
from tests.exchange.consoles import cloud
from tests.exchange.owners import policy, removed, roles, sets
from tests.exchange.people import add, agree, joined, joined_beside
from tests.exchange.street import Hub, copied
from tests.exchange.thieves import Thief, in_the_clouds_name


async def stolen(street: Street, *, heard: bool) -> tuple[Hub, UUID]:
    """The thief lets Mallory in; the cloud is backed up; the hub is removed as stolen, and the cloud put back.

    The thief is there first, and lets Eve in.

    `heard`: the hub beside it, which is given, has had it before that.
    """
    hub = await joined(street)
    beside = await joined_beside(street)
    await add(hub.home, "noah")
    await agree(street)
    street.clock.advance(2 * HOUR)
    await add(hub.home, "mallory", "owner")
    await sets(hub.home, cloud_grants="stand")
    await agree(street)
    await asyncio.to_thread(copied, street.folder / "cloud", street.folder / "cloud-backup")
    node = hub.id
    assert (await removed(street, node, stolen="true", since="30m")).status_code == 200
    street.hubs.remove(hub)
    if heard:
        await agree(street)
    await street.back(street.folder / "cloud-backup")
    hub.line.app = street.cloud.home.hub.app
    assert await restored.begin_epochs(street.cloud.home.hub.parts) == 1
    await add(hub.home, "eve")
    assert (await hub.meet()).trouble is None
    assert {"mallory", "eve"} < set(await roles(street))
    return beside, node


async def met(hub: Hub) -> None:
    """It has told and heard all."""
    for _ in range(3):
        assert (await hub.meet()).trouble is None


async def state_of(street: Street, node: UUID) -> str:
    """What the cloud says of the hub."""
    listed = await cloud(street).do("sync_hubs.hubs", household=str(street.cloud.tenant))
    (found,) = [each["state"] for each in listed if each["id"] == str(node)]
    return str(found)


async def test_from_the_hub_beside_it(street: Street) -> None:
    """It is removed, and distrusted from the same place on: whom it had let in before stays, whom since is out."""
    beside, node = await stolen(street, heard=True)
    await met(beside)
    assert await state_of(street, node) == "removed"
    assert await roles(street) == {"maya": "owner", "noah": "adult"}
    assert (await policy(street))["cloud_grants"] == "wait"


async def test_where_nobody_had_heard_of_it(street: Street) -> None:
    """The cloud shows it as active, and an owner removes it once more."""
    beside, node = await stolen(street, heard=False)
    await met(beside)
    assert await state_of(street, node) == "active"
    assert (await removed(street, node, stolen="true", since="30m")).status_code == 200
    assert await roles(street) == {"maya": "owner", "noah": "adult"}


@pytest.mark.parametrize("seal", [None, b"0" * 16, "x"])
async def test_by_nobody_elses_word(street: Street, seal: Any) -> None:
    """A hub that makes it up ends the other, as any may, and takes nobody out whom that has let in."""
    hub = await joined(street)
    beside = await joined_beside(street)
    await agree(street)
    await add(beside.home, "leo")
    await agree(street)
    thief, other = Thief(hub), beside.id
    sealed = {} if seal is None else {SEAL: seal}
    await in_the_clouds_name(thief, street.cloud.id.bytes, other.bytes, **{DISTRUST: [0, 0]}, **sealed)
    assert await state_of(street, other) == "removed"
    assert "leo" in await roles(street)
