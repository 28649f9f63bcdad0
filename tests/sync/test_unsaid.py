"""A hub that was stolen has changed who is what: afterwards everybody is what others have said, and nobody is more."""

from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rex_auth_edge.domain.roles import Role
from rex_auth_edge.sync.cloud.lifted import MOST, lifted
from rex_auth_edge.sync.house import is_in, owners, role_of
from rex_auth_edge.sync.kinds import Kind
from rex_auth_edge.sync.order import Lane, Position
from rex_auth_edge.sync.pen import Pen
from rex_auth_edge.sync.state import Cell, State
from tests.sync.by_hand import agree, calm, gives, put, remove, two_owners, with_noah
from tests.sync.houses import LEO, NOAH
from tests.sync.simulation.machines import HubMachine
from tests.sync.simulation.places import AtHub
from tests.sync.simulation.world import World

MALLORY = b"mallory!" * 2


@pytest.mark.parametrize("made_by", [0, 1])
@pytest.mark.parametrize("how", ["guest", "adult", "nothing", "owner"])
def test_an_owner_whom_it_has_lowered(how: str, made_by: int) -> None:
    """Owns it again, also by what the hub itself had said before, whether it puts a lower role, none, or the same."""
    world, owner, since = two_owners(made_by)
    hub = world.hubs[0]
    if how == "nothing":
        put(hub, Kind.ROLE, NOAH, AtHub(hub).pen().lift(Lane.SECURITY))
    else:
        gives(world, hub, NOAH, how, owner)
    agree(world)
    remove(world, hub.id, since, owner)
    world.hubs.remove(hub)
    agree(world)
    for house in (world.cloud.store, world.hubs[0].view):
        assert set(owners(house)) == {owner, NOAH}


def test_who_was_lowered_at_home_stays_so() -> None:
    """Where nobody says since when the hub was stolen: that may have been an owner, years ago."""
    world, owner, _ = two_owners()
    gives(world, world.hubs[0], NOAH, "adult", owner)
    remove(world, world.hubs[0].id, [0, 0], owner)
    assert role_of(world.cloud.store, NOAH) is Role.GUEST


@pytest.mark.parametrize("first", [True, False])
def test_whom_another_has_lowered_as_well(*, first: bool) -> None:
    """Is what that one has said, before the thief or after him; of two at the same time the lowest counts."""
    world, owner, since = two_owners()
    hub, other = world.hubs[:2]
    for each, role in ((other, "adult"), (hub, "guest")) if first else ((hub, "guest"), (other, "adult")):
        gives(world, each, NOAH, role, owner)
    if not first:
        gives(world, hub, NOAH, "guest", owner)
    remove(world, hub.id, since, owner)
    assert role_of(world.cloud.store, NOAH) is Role.ADULT


def test_whom_another_has_raised_since() -> None:
    """Stays so: whoever said that had seen what the thief had said, and what had been there before."""
    world = calm()
    owner, (hub, other) = with_noah(world), world.hubs[:2]
    gives(world, other, NOAH, "child", owner)
    since = list(world.cloud.store.standing().at)
    gives(world, hub, NOAH, "guest", owner)
    gives(world, other, NOAH, "adult", owner)
    remove(world, hub.id, since, owner)
    assert role_of(world.cloud.store, NOAH) is Role.ADULT


def test_whom_owners_have_lowered_since() -> None:
    """A thief who lowers himself first, and lifts later what an owner has said, is no owner by that."""
    world, owner, since = two_owners()
    hub, other = world.hubs[:2]
    gives(world, hub, NOAH, "child", owner)
    gives(world, other, NOAH, "guest", owner)
    gives(world, hub, NOAH, "owner", owner)
    gives(world, hub, NOAH, "child", owner)
    remove(world, hub.id, since, owner)
    assert role_of(world.cloud.store, NOAH) is Role.GUEST


def test_all_owners_lowered_for_an_accomplice() -> None:
    """They own it again, and he doesn't, by the console's word as well: nobody else has to stay in their place."""
    world, owner, since = two_owners()
    hub = world.hubs[0]
    put(hub, Kind.USER, MALLORY, AtHub(hub).pen().climb())
    for user, role in ((MALLORY, "owner"), (owner, "guest"), (NOAH, "guest")):
        gives(world, hub, user, role, None)
    assert owners(world.cloud.store) == [MALLORY]
    remove(world, hub.id, since, None)
    assert set(owners(world.cloud.store)) == {owner, NOAH}


@pytest.mark.parametrize("lifts", [True, False])
def test_an_accomplice_who_is_the_only_owner_left(*, lifts: bool) -> None:
    """Where nobody says since when, and nobody but the hub has made anybody an owner: who was one first is so again."""
    world = calm()
    owner, hub = with_noah(world), world.hubs[0]
    put(hub, Kind.USER, MALLORY, AtHub(hub).pen().climb())
    gives(world, hub, MALLORY, "owner", None)
    pen = AtHub(hub).pen()
    put(hub, Kind.ROLE, owner, pen.role("guest") if lifts else pen.mark("guest"))
    agree(world)
    assert owners(world.cloud.store) == [MALLORY]
    remove(world, hub.id, [0, 0], None)
    assert owners(world.cloud.store) == [owner]
    assert not is_in(world.cloud.store, MALLORY)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_two_stolen_hubs(order: tuple[int, int]) -> None:
    """What one has raised and the other lowered is nobody's good word, whichever is removed first."""
    world = calm()
    owner, hubs = with_noah(world), world.hubs[:2]
    since = list(world.cloud.store.standing().at)
    gives(world, hubs[1], NOAH, "owner", owner)
    gives(world, hubs[0], NOAH, "guest", owner)
    for which in order:
        remove(world, hubs[which].id, since, owner)
    assert role_of(world.cloud.store, NOAH) is Role.GUEST


def test_an_owner_thinks_again() -> None:
    """The hub was stolen before it made Noah an owner: what had been put back goes as well."""
    world = calm()
    owner, hub = with_noah(world), world.hubs[0]
    early = list(world.cloud.store.standing().at)
    gives(world, hub, NOAH, "owner", owner)
    late = list(world.cloud.store.standing().at)
    gives(world, hub, NOAH, "guest", owner)
    for since, role in ((late, Role.OWNER), (early, Role.GUEST)):
        remove(world, hub.id, since, owner)
        assert role_of(world.cloud.store, NOAH) is role


@pytest.mark.parametrize("ever", [True, False])
@pytest.mark.parametrize("by", [0, 1])
def test_who_may_sign_in_again_by_it(by: int, *, ever: bool) -> None:
    """May not, by whomever they had been disabled; but whom its owners had let in again before."""
    world = calm()
    owner, (hub, *_), since = with_noah(world), world.hubs, [0, 0]
    for user in (LEO, NOAH):
        put(world.hubs[by], Kind.DISABLED, user, AtHub(world.hubs[by]).pen().mark("disabled"))
    agree(world)
    put(world.hubs[by], Kind.DISABLED, LEO, AtHub(world.hubs[by]).pen().lift(Lane.SECURITY))
    agree(world)
    if not ever:
        since = list(world.cloud.store.standing().at)
    put(hub, Kind.DISABLED, NOAH, AtHub(hub).pen().lift(Lane.SECURITY))
    agree(world)
    assert is_in(world.cloud.store, NOAH)
    remove(world, hub.id, since, owner)
    assert bool(world.cloud.store.state(Cell(Kind.DISABLED, NOAH)).marks) is not (ever and by == 0)
    assert not world.cloud.store.state(Cell(Kind.DISABLED, LEO)).marks


def test_what_was_lifted_no_hub_says() -> None:
    """It is the cloud's to note: what a hub calls so is nothing."""
    world, owner, since = two_owners()
    hub, cell = world.hubs[0], Cell(Kind.ROLE, NOAH)
    gives(world, hub, NOAH, "guest", owner)
    before = list(lifted(world.cloud.store.state(cell)))
    put(hub, Kind.ROLE, NOAH, AtHub(hub).pen().put(lifted=[]))
    agree(world)
    assert list(lifted(world.cloud.store.state(cell))) == before
    assert [(each.mark.what, each.origin, each.at > Position(*since)) for each in before] == [("owner", hub.id, True)]


@pytest.mark.parametrize("others", [True, False])
def test_however_often_it_changes_its_mind(*, others: bool) -> None:
    """A cell doesn't grow without end, and what others had said before all that is still known."""
    world, owner, since = two_owners()
    (hub, other), cell = world.hubs[:2], Cell(Kind.ROLE, NOAH)
    for number in range(2 * MOST):
        who = other if others and number % 2 else hub
        gives(world, who, NOAH, ("owner", "adult")[number % 2], owner)
    gives(world, hub, NOAH, "guest", owner)
    assert len(list(lifted(world.cloud.store.state(cell)))) <= MOST
    remove(world, hub.id, since, owner)
    assert role_of(world.cloud.store, NOAH) is (Role.ADULT if others else Role.OWNER)


ACTS = st.tuples(
    st.booleans(), st.sampled_from([NOAH, LEO]), st.sampled_from([*(role.value for role in Role), "bar", "let in"])
)


@given(st.lists(ACTS, max_size=12))
def test_everybody_is_what_others_have_said(acts: list[tuple[bool, bytes, str]]) -> None:
    """However a thief acts between what an owner does, who has seen all of it: the last role counts, no bar is gone."""
    world = calm()
    owner, (hub, other) = with_noah(world), world.hubs[:2]
    put(other, Kind.USER, LEO, AtHub(other).pen().climb())
    said: dict[bytes, str] = {}
    barred: dict[bytes, bool] = {}
    for user in (NOAH, LEO):
        gives(world, other, user, "adult", owner)
        said[user] = "adult"
    since = list(world.cloud.store.standing().at)
    for stolen, user, act in acts:
        _does(world, hub if stolen else other, user, act, owner)
        if not stolen and act in set(Role):
            said[user] = act
        elif not stolen:
            barred[user] = act == "bar"
    remove(world, hub.id, since, owner)
    assert {user: role_of(world.cloud.store, user) for user in said} == said
    assert all(world.cloud.store.state(Cell(Kind.DISABLED, user)).marks for user, each in barred.items() if each)


def _does(world: World, hub: HubMachine, user: bytes, act: str, owner: bytes) -> None:
    if act in set(Role):
        gives(world, hub, user, act, owner)
        return
    make = partial(Pen.mark, what="disabled") if act == "bar" else partial(Pen.lift, lane=Lane.SECURITY)
    state: State = make(AtHub(hub).pen())
    put(hub, Kind.DISABLED, user, state)
    agree(world)
