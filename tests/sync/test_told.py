"""What the cloud tells where a hub takes an owner's household from them, in whatever way it says so."""

import pytest
from msgspec.structs import replace

from rex_auth_edge.sync.cloud.ordering import Ordering
from rex_auth_edge.sync.cloud.told_of import HUB, UNSEATED
from rex_auth_edge.sync.keys import key_cell
from rex_auth_edge.sync.kinds import REVOKED, Kind
from rex_auth_edge.sync.order import NOTHING, Seen, Tag
from rex_auth_edge.sync.pen import Pen
from rex_auth_edge.sync.standing import field, is_owner, revoked
from rex_auth_edge.sync.state import Cell, Incoming, Own, State
from rex_auth_edge.sync.told import BY_HUB
from tests.sync.houses import CLOUD, NOAH
from tests.sync.simulation.places import AtHub
from tests.sync.simulation.world import World
from tests.sync.test_ends import calm, put
from tests.sync.test_keys import KEY
from tests.sync.test_removal import with_noah


def says(world: World, kind: str, subject: bytes, state: State, seen: Seen) -> None:
    """The first hub's change, where all that was written without having seen the present place is late."""
    hub, house = world.hubs[0].id, world.cloud.store
    change = Incoming(Cell(kind, subject), Tag(hub, 1, 1 << 20), seen, state)
    with house.disk.transaction():
        Ordering(house, CLOUD, world.cloud.now, b"key").take(change, house.standing().at)


def told(world: World) -> list[tuple[bytes, str]]:
    """Of whom or what the cloud says that a hub has done something to it, and what."""
    house = world.cloud.store
    cells = [Cell(Kind.NOTICE, each) for each in house.subjects(Kind.NOTICE)]
    return [(field(house, cell, "about"), field(house, cell, "code")) for cell in cells if field(house, cell, BY_HUB)]


@pytest.mark.parametrize("kind", [Kind.USER, Kind.DISABLED, Kind.ROLE])
def test_an_owner_who_is_ended_by_what_comes_late(kind: Kind) -> None:
    """It is taken however little its hub had seen, and so it is told; nothing is left for an owner to confirm."""
    world = calm()
    owner, hub = with_noah(world), world.hubs[0]
    put(hub, Kind.ROLE, NOAH, AtHub(hub).pen().role("owner"))
    world.converge()
    pen = Pen(Tag(hub.id, 1, 1 << 20), NOTHING)
    states = {Kind.USER: pen.climb(REVOKED), Kind.DISABLED: pen.mark("disabled"), Kind.ROLE: pen.role("guest")}
    says(world, kind, owner, replace(states[kind], own=(Own(hub.id, 1, 0),)), NOTHING)
    assert not is_owner(world.cloud.store, owner)
    assert (owner, UNSEATED) in told(world)
    assert not list(world.cloud.store.subjects(Kind.REVIEW))


def test_a_hub_that_is_ended_by_what_comes_late() -> None:
    """Its keys end with it, and owners are told."""
    world = calm()
    hub, other = world.hubs[:2]
    key = key_cell(other.id, "one")
    put(other, Kind.KEY, key.id, AtHub(other).pen().climb(**KEY))
    world.converge()
    pen = Pen(Tag(hub.id, 1, 1 << 20), NOTHING)
    says(world, Kind.HUB, other.id, replace(pen.climb(REVOKED), own=(Own(hub.id, 1, 0),)), NOTHING)
    assert (other.id, HUB) in told(world)
    assert revoked(world.cloud.store, Kind.KEY, key.id)
