"""What the cloud tells where a hub takes an owner's household from them, in whatever way it says so."""

from functools import partial

import pytest
from msgspec.structs import replace

from rex_auth_edge.sync.bodies import Push, Row
from rex_auth_edge.sync.cloud.alerts import HUB, PASSWORD, UNSEATED
from rex_auth_edge.sync.cloud.ordering import Ordering
from rex_auth_edge.sync.digest import link
from rex_auth_edge.sync.house import field, is_in, is_owner, owners, revoked
from rex_auth_edge.sync.hub.store import Lost
from rex_auth_edge.sync.kinds import REVOKED, Kind
from rex_auth_edge.sync.order import NOTHING, START, Lane, Seen, Tag
from rex_auth_edge.sync.pen import Pen
from rex_auth_edge.sync.rules.keys import key_cell
from rex_auth_edge.sync.rules.notices import BY_HUB
from rex_auth_edge.sync.state import EMPTY, Cell, Incoming, Own, State
from rex_auth_edge.sync.wire import encode, pack_state
from tests.sync.by_hand import calm, code, put, with_noah
from tests.sync.houses import CLOUD, NOAH
from tests.sync.simulation.places import AtHub
from tests.sync.simulation.world import World
from tests.sync.test_keys import KEY


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


def test_nobody_is_told_that_an_owner_was_ended_who_was_none() -> None:
    """Whoever else is disabled sees that where they sign in."""
    world = calm()
    with_noah(world)
    put(world.hubs[0], Kind.DISABLED, NOAH, AtHub(world.hubs[0]).pen().mark("disabled"))
    world.converge()
    assert not is_in(world.cloud.store, NOAH)
    assert (NOAH, UNSEATED) not in told(world)


def test_a_password_that_is_good_no_longer() -> None:
    """Its person is told, once: by a reset without another password, or where they are to set one."""
    world = calm()
    (owner,), hub, house = owners(world.cloud.store), world.hubs[0], world.cloud.store
    put(world.hubs[1], Kind.PASSWORD, owner, AtHub(world.hubs[1]).pen().password(b"a verifier"))
    world.converge()
    pen, seen = Pen(Tag(hub.id, 1, 1 << 20), NOTHING), (house.standing().at,) * 4
    says(world, Kind.PASSWORD_DUE, owner, pen.mark("x"), seen)
    says(world, Kind.PASSWORD_DUE, owner, pen.mark("y"), seen)
    for _ in range(2):
        says(world, Kind.PASSWORD, owner, State(resets=pen.reset(b"").resets), seen)
    assert told(world).count((owner, PASSWORD)) == 2


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


@pytest.mark.parametrize("kind", [Kind.NOTICE, Kind.REVIEW])
def test_what_no_cloud_has_told(kind: Kind) -> None:
    """A hub says that a restored cloud has forgotten it, in the cloud's name and of another hub: nothing is taken."""
    world = calm()
    hub, other = world.hubs[:2]
    (owner,) = owners(world.cloud.store)
    at = hub.store.me().whole
    faked = Pen(Tag(CLOUD, 1, 1), at, at[Lane.SECURITY]).climb(REVOKED, about=owner, code=UNSEATED, by_hub=other.id)
    hub.do(partial(hub.store.put_lost, Lost(Cell(kind, b"n" * 16), pack_state(faked))))
    world.converge()
    assert world.cloud.store.state(Cell(kind, b"n" * 16)) == EMPTY


def test_what_a_cloud_has_forgotten_comes_in_its_own_lane() -> None:
    """No notice comes with what it would be about, nor anything else where nobody reads it."""
    world = calm()
    me, lane = world.hubs[0].store.me(), Lane.SECURITY
    head = me.heads[lane]
    lost = (Row(Kind.NOTICE, b"n" * 16, START, pack_state(EMPTY)),)
    said = Push(me.nonce, me.incarnation, me.epoch, lane, head, link(head, lane, head.number, ()), (), lost)
    assert code(world.cloud.answer(me.id, me.key, encode(said))) == "forged"
