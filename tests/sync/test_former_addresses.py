"""A stolen hub has given somebody another address: they have the former one again, and a thief's is never that."""

import pytest

from rex_auth_edge.sync.house import field
from rex_auth_edge.sync.kinds import Kind
from rex_auth_edge.sync.order import Position
from rex_auth_edge.sync.pen import Pen
from rex_auth_edge.sync.state import Cell
from tests.sync.by_hand import agree, calm, put, remove, with_noah
from tests.sync.houses import LEO, NOAH
from tests.sync.simulation.machines import HubMachine
from tests.sync.simulation.places import AtHub
from tests.sync.simulation.world import World

FORMER, THIEFS = "noah@example.com", "thief@example.org"


def addressed(world: World, hub: HubMachine, address: str | None, user: bytes = NOAH) -> None:
    """Somebody's address, as proven on the hub."""
    put(hub, Kind.EMAIL, user, AtHub(hub).pen().put(address=address, proven=address is not None))
    agree(world)


def place(world: World) -> list[int]:
    """Up to where all is well."""
    return list(world.cloud.store.standing().at)


def found(world: World, user: bytes = NOAH) -> tuple[str | None, bool]:
    """The address in the cloud, and whether it is proven."""
    cell = Cell(Kind.EMAIL, user)
    return field(world.cloud.store, cell, "address"), bool(field(world.cloud.store, cell, "proven"))


@pytest.mark.parametrize("by", [0, 1])
@pytest.mark.parametrize("actor", [True, False])
@pytest.mark.parametrize("steps", [[THIEFS], [None], ["first@example.org", THIEFS], [FORMER, None, THIEFS]])
def test_who_had_an_address_has_it_again(steps: list[str | None], by: int, *, actor: bool) -> None:
    """In however many steps it was changed, also who removes the hub, and whichever hub had told of the former one."""
    world = calm()
    owner, hub = with_noah(world), world.hubs[0]
    addressed(world, world.hubs[by], FORMER)
    since = place(world)
    for address in steps:
        addressed(world, hub, address)
    remove(world, hub.id, since, NOAH if actor else owner)
    assert found(world) == (FORMER, True)


def test_what_another_has_given_since_stays() -> None:
    """And counts as the former one where the thief changes it once more."""
    world = calm()
    owner, (hub, other) = with_noah(world), world.hubs[:2]
    addressed(world, other, FORMER)
    since = place(world)
    for again in (hub, other, hub):
        addressed(world, again, "new@example.com" if again is other else THIEFS)
    remove(world, hub.id, since, owner)
    assert found(world) == ("new@example.com", True)


@pytest.mark.parametrize("actor", [True, False])
def test_who_had_none_has_none(*, actor: bool) -> None:
    """By a link that is mailed there a thief would set the password that has to be set anew; also who removes it."""
    world = calm()
    owner, hub = with_noah(world), world.hubs[0]
    since = place(world)
    addressed(world, hub, THIEFS)
    remove(world, hub.id, since, NOAH if actor else owner)
    assert found(world) == (None, False)


@pytest.mark.parametrize("actor", [True, False])
def test_where_nobody_says_since_when(*, actor: bool) -> None:
    """None is put back, for it may be years old and somebody else's by now; who removes it keeps theirs."""
    world = calm()
    owner, (hub, other) = with_noah(world), world.hubs[:2]
    addressed(world, other, FORMER)
    addressed(world, hub, "new@example.com")
    remove(world, hub.id, [0, 0], NOAH if actor else owner)
    assert found(world) == (("new@example.com", True) if actor else (None, False))


def test_what_somebody_else_has_proven_meanwhile() -> None:
    """Stays theirs."""
    world = calm()
    owner, (hub, other) = with_noah(world), world.hubs[:2]
    put(other, Kind.USER, LEO, AtHub(other).pen().climb())
    addressed(world, other, FORMER)
    since = place(world)
    addressed(world, hub, THIEFS)
    addressed(world, other, FORMER, LEO)
    remove(world, hub.id, since, owner)
    assert (found(world), found(world, LEO)) == ((None, False), (FORMER, True))


def test_what_a_thief_would_have_for_the_former_one() -> None:
    """He claims for one of his a place that a restored cloud has forgotten, and puts another over it: neither stays."""
    world = calm()
    owner, hub = with_noah(world), world.hubs[0]
    addressed(world, world.hubs[1], FORMER)
    world.cloud.back_up()
    world.cloud.restore()
    agree(world)
    since, claimed = place(world), Position(1, 1 << 20)
    pen = AtHub(hub).pen()
    put(hub, Kind.EMAIL, NOAH, Pen(pen.tag, pen.seen, claimed).put(address=THIEFS, proven=True))
    agree(world)
    assert found(world) == (THIEFS, True)
    addressed(world, hub, "other@example.org")
    remove(world, hub.id, since, owner)
    assert found(world) == (FORMER, True)


def test_an_owner_thinks_again() -> None:
    """What the hub had told before goes as well then, and who had another before that has it."""
    world = calm()
    owner, (hub, other) = with_noah(world), world.hubs[:2]
    addressed(world, other, FORMER)
    early = place(world)
    addressed(world, hub, "new@example.com")
    late = place(world)
    addressed(world, hub, THIEFS)
    for since, address in ((late, "new@example.com"), (early, FORMER)):
        remove(world, hub.id, since, owner)
        assert found(world) == (address, True)
