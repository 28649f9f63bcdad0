"""A cloud is put back from a backup of before a theft: it learns of that anew from the hubs left, and from no thief."""

import asyncio
from typing import Any
from uuid import UUID

import pytest

from rex_auth_edge.domain.clock import HOUR
from rex_auth_edge.exchange.cloud import restored
from rex_auth_edge.sync.distrust import DISTRUST, SEAL
from rex_auth_edge.sync.kinds import REVOKED, Kind
from rex_auth_edge.sync.order import START, Tag, unsent
from rex_auth_edge.sync.state import Held, Rung, State
from tests.exchange.conftest import Street
from tests.exchange.people import add, agree, joined
from tests.exchange.street import Hub, copied
from tests.exchange.test_aftermath import policy, sets
from tests.exchange.test_console import cloud
from tests.exchange.test_poison import Thief
from tests.exchange.test_silenced import lost
from tests.exchange.test_since_when import hub_id, removed
from tests.exchange.test_stolen import members


async def stolen(street: Street, *, heard: bool) -> tuple[Hub, UUID]:
    """The thief lets Mallory in; the cloud is backed up; the hub is removed as stolen, and the cloud put back.

    The thief is there first, and lets Eve in.

    `heard`: the hub beside it, which is given, has had it before that.
    """
    hub = await joined(street)
    beside = await street.hub("hub1", 1)
    await beside.enrol(street.cloud)
    await add(hub.home, "noah")
    await agree(street)
    street.clock.advance(2 * HOUR)
    await add(hub.home, "mallory", "owner")
    await sets(hub.home, cloud_grants="stand")
    await agree(street)
    await asyncio.to_thread(copied, street.folder / "cloud", street.folder / "cloud-backup")
    node = await hub_id(hub)
    assert (await removed(street, node, stolen="true", since="30m")).status_code == 200
    street.hubs.remove(hub)
    if heard:
        await agree(street)
    await street.back(street.folder / "cloud-backup")
    hub.line.app = street.cloud.home.hub.app
    assert await restored.begin_epochs(street.cloud.home.hub.parts) == 1
    await add(hub.home, "eve")
    assert (await hub.meet()).trouble is None
    assert {"mallory", "eve"} < set(await members(street))
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
    assert await members(street) == {"maya": "owner", "noah": "adult"}
    assert (await policy(street))["cloud_grants"] == "wait"


async def test_where_nobody_had_heard_of_it(street: Street) -> None:
    """The cloud shows it as active, and an owner removes it once more."""
    beside, node = await stolen(street, heard=False)
    await met(beside)
    assert await state_of(street, node) == "active"
    assert (await removed(street, node, stolen="true", since="30m")).status_code == 200
    assert await members(street) == {"maya": "owner", "noah": "adult"}


@pytest.mark.parametrize("seal", [None, b"0" * 16, "x"])
async def test_by_nobody_elses_word(street: Street, seal: Any) -> None:
    """A hub that makes it up ends the other, as any may, and takes nobody out whom that has let in."""
    hub = await joined(street)
    beside = await street.hub("hub1", 1)
    await beside.enrol(street.cloud)
    await agree(street)
    await add(beside.home, "leo")
    await agree(street)
    thief, other = Thief(hub), (await hub_id(beside)).bytes
    by = Tag((await street.cloud.home.store.write(lambda tx: tx.node.id)).bytes, 1, 1)
    said = {DISTRUST: [0, 0], SEAL: seal}
    fields = {name: Held(unsent(0), by, value) for name, value in said.items() if value is not None}
    await lost(thief, Kind.HUB, other, State(rung=Rung(REVOKED, unsent(0), by, START), fields=fields))
    assert await state_of(street, UUID(bytes=other)) == "removed"
    assert "leo" in await members(street)
