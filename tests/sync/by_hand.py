"""A household at rest, on which a test does one thing after another by hand."""

from typing import Any

from rex_auth_edge.sync.bodies import Refusal
from rex_auth_edge.sync.cloud.ordering import Ordering
from rex_auth_edge.sync.house import House, owners
from rex_auth_edge.sync.hub.asking import push
from rex_auth_edge.sync.kinds import REVOKED, Kind
from rex_auth_edge.sync.order import Position
from rex_auth_edge.sync.pen import Pen
from rex_auth_edge.sync.rules.distrust import DISTRUST
from rex_auth_edge.sync.rules.record import record_id
from rex_auth_edge.sync.state import Cell, State
from rex_auth_edge.sync.wire import decode
from tests.sync.houses import MAYA, NOAH
from tests.sync.simulation.machines import HubMachine
from tests.sync.simulation.places import AtCloud, AtHub
from tests.sync.simulation.world import World

BAN = Cell(Kind.BAN, MAYA)


def calm(seed: int = 1) -> World:
    """A household at rest, on two hubs or three."""
    return World(seed, faults=False)


def with_noah(world: World) -> bytes:
    """Noah is let in at the cloud; who owns the household."""
    place = AtCloud(world.cloud)
    place.write(Cell(Kind.USER, NOAH), place.pen().climb(), None)
    world.converge()
    (owner,) = owners(world.cloud.store)
    return owner


def put(hub: HubMachine, kind: str, subject: bytes, state: State) -> None:
    """Somebody writes something on the hub."""
    hub.write(Cell(kind, subject), state, None)


def ban(hub: HubMachine, what: str) -> None:
    """Somebody is banned on the hub."""
    put(hub, BAN.kind, BAN.id, AtHub(hub).pen().mark(what))


def marks(house: House) -> set[str]:
    """Of what there is a ban."""
    return {mark.what for mark in house.state(BAN).marks}


def asks(hub: HubMachine) -> bytes:
    """The hub's next request that changes something."""
    raw = hub.do(lambda: push(hub.store))
    assert isinstance(raw, bytes)
    return raw


def answers(world: World, hub: HubMachine, raw: bytes) -> bytes:
    """What the cloud says to a request of the hub's, signed as it signs now."""
    said = world.cloud.answer(hub.id, hub.store.me().key, raw)
    assert said is not None
    return said


def put_back(hub: HubMachine, backup: Any) -> None:
    """Its database is put back from before, when it has written something more since, and it begins again."""
    put(hub, Kind.AUDIT, record_id(hub.id, b"lost" * 2), AtHub(hub).pen().put(row=1))
    hub.store.disk.restore(backup)
    hub.boot()


def code(raw: bytes | None) -> str:
    """Why the cloud refused."""
    assert raw is not None
    return decode(raw, Refusal).code


def remove(world: World, hub: bytes, since: list[int], owner: bytes | None) -> None:
    """An owner removes the hub at the cloud."""

    def climb(ordering: Ordering, at: Position) -> State:
        return Pen(ordering.tag(at), (at,) * 4, at).climb(REVOKED, owner, **{DISTRUST: since})

    world.cloud.write(Cell(Kind.HUB, hub), climb, owner)


def agree(world: World) -> None:
    """All hear of all, also the first of what the last has said."""
    world.converge()
    world.converge()


def gives(world: World, hub: HubMachine, user: bytes, role: str, by: bytes | None) -> None:
    """Somebody gives a role on the hub, and all hear of it."""
    hub.write(Cell(Kind.ROLE, user), AtHub(hub).pen().role(role, by), by)
    agree(world)


def two_owners(made_by: int = 1) -> tuple[World, bytes, list[int]]:
    """Noah owns the household as well, by the word of a hub; who has founded it; and up to where all is well."""
    world = calm()
    owner = with_noah(world)
    gives(world, world.hubs[made_by], NOAH, "owner", owner)
    return world, owner, list(world.cloud.store.standing().at)
