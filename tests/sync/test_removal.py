"""The removal of a hub: what it let in since it isn't trusted any more goes with it, and nothing else."""

from functools import partial
from typing import Any

import pytest

from rex_auth_edge.domain.roles import Role
from rex_auth_edge.sync.house import field, is_in, owners, revoked, role_of, session_lives
from rex_auth_edge.sync.hub.store import Lost
from rex_auth_edge.sync.kinds import HOUSEHOLD, PENDING, REVOKED, Kind
from rex_auth_edge.sync.order import NOTHING, Lane, Tag
from rex_auth_edge.sync.pen import Pen
from rex_auth_edge.sync.rules.distrust import DISTRUST, SEAL, sealed
from rex_auth_edge.sync.rules.roles import LAST_OWNER
from rex_auth_edge.sync.state import Cell, State
from rex_auth_edge.sync.wire import pack_state
from tests.sync.by_hand import calm, put, remove, with_noah
from tests.sync.houses import HUB_A, NOAH
from tests.sync.simulation.places import AtHub


def test_what_a_hub_let_in_stays_as_far_as_it_was_trusted() -> None:
    """Up to the very place that the owner has picked; what it has begun ends, and verifiers that it held are due."""
    world = calm()
    hub = world.hubs[0]
    (owner,) = owners(world.cloud.store)
    put(hub, Kind.DEVICE, b"1" * 16, AtHub(hub).pen().climb())
    while hub.send(world.line) is not None:
        pass
    since = list(world.cloud.store.standing().at)
    put(hub, Kind.DEVICE, b"2" * 16, AtHub(hub).pen().climb())
    put(hub, Kind.INVITATION, b"3" * 16, AtHub(hub).pen().climb(PENDING))
    put(hub, Kind.SESSION, b"5" * 16, AtHub(hub).pen().climb(user=owner))
    put(hub, Kind.PASSWORD, owner, AtHub(hub).pen().password(b"a verifier"))
    put(world.hubs[1], Kind.DEVICE, b"4" * 16, AtHub(world.hubs[1]).pen().climb())
    world.converge()
    house = world.cloud.store
    assert session_lives(house, b"5" * 16)
    remove(world, hub.id, since, owner)
    assert [revoked(house, Kind.DEVICE, each * 16) for each in (b"1", b"2", b"4")] == [False, True, False]
    assert revoked(house, Kind.INVITATION, b"3" * 16)
    assert not session_lives(house, b"5" * 16)
    assert house.state(Cell(Kind.PASSWORD_DUE, owner)).marks


def test_a_hub_does_not_say_how_far_it_is_trusted() -> None:
    """Removed without distrust, it leaves what it has let in, and nobody needs another password, whatever it said."""
    world = calm()
    hub = world.hubs[0]
    (owner,) = owners(world.cloud.store)
    put(hub, Kind.DEVICE, b"1" * 16, AtHub(hub).pen().climb())
    put(hub, Kind.PASSWORD, owner, AtHub(hub).pen().password(b"a verifier"))
    put(hub, Kind.HUB, hub.id, AtHub(hub).pen().put(**{DISTRUST: [1, 0]}))
    world.converge()
    world.cloud.write(
        Cell(Kind.HUB, hub.id), lambda order, at: Pen(order.tag(at), (at,) * 4, at).climb(REVOKED, owner), owner
    )
    assert revoked(world.cloud.store, Kind.HUB, hub.id)
    assert not revoked(world.cloud.store, Kind.DEVICE, b"1" * 16)
    assert not world.cloud.store.state(Cell(Kind.PASSWORD_DUE, owner)).marks


@pytest.mark.parametrize("told", [[1, 0, 0], [1], [], "10", 10, [1, "0"], None])
def test_what_is_no_place_is_none(told: Any) -> None:
    """Whatever a thief says that the cloud has said, it goes on answering."""
    said = Pen(Tag(HUB_A, 1, 1), NOTHING).put(**{DISTRUST: told, SEAL: b"sealed"})
    assert sealed(HUB_A, said, b"key") is None


def test_whoever_removes_a_hub_stays_an_owner() -> None:
    """Though it was that hub that had made them one; others whom it has raised meanwhile are guests."""
    world = calm()
    hub = world.hubs[0]
    (owner,) = owners(world.cloud.store)
    for user in (NOAH, b"mallory!" * 2):
        put(hub, Kind.USER, user, AtHub(hub).pen().climb())
    world.converge()
    since = list(world.cloud.store.standing().at)
    for user in (NOAH, b"mallory!" * 2):
        hub.write(Cell(Kind.ROLE, user), AtHub(hub).pen().role("owner", owner), owner)
    world.converge()
    remove(world, hub.id, since, NOAH)
    assert role_of(world.cloud.store, NOAH) is Role.OWNER
    assert role_of(world.cloud.store, b"mallory!" * 2) is Role.GUEST
    assert set(owners(world.cloud.store)) == {owner, NOAH}


def test_whom_somebody_else_has_raised_as_well_stays_so() -> None:
    """Of two hubs that have both done so, the one's word is good without the other's, until neither is trusted."""
    world = calm()
    owner, hubs = with_noah(world), world.hubs[:2]
    for hub in hubs:
        put(hub, Kind.ROLE, NOAH, AtHub(hub).pen().role("owner"))
    world.converge()
    for hub, role in zip(hubs, (Role.OWNER, Role.GUEST), strict=True):
        remove(world, hub.id, [1, 0], owner)
        assert role_of(world.cloud.store, NOAH) is role


@pytest.mark.parametrize("role", ["owner", "adult"])
def test_nobody_stays_what_a_thief_says_that_others_have_made_them(role: str) -> None:
    """A hub that tells a cloud what it has forgotten, in somebody else's name, vouches for nobody by that.

    Nor by a lower role than the one that it has given.
    """
    world = calm()
    owner, hub = with_noah(world), world.hubs[0]
    put(hub, Kind.ROLE, NOAH, AtHub(hub).pen().role("owner"))
    world.converge()
    at = hub.store.me().whole
    forged = Pen(Tag(world.hubs[1].id, 1, 99), at, at[Lane.SECURITY]).mark(role)
    hub.do(partial(hub.store.put_lost, Lost(Cell(Kind.ROLE, NOAH), pack_state(forged))))
    world.converge()
    remove(world, hub.id, [1, 0], owner)
    assert role_of(world.cloud.store, NOAH) is Role.GUEST


def test_whom_those_have_raised_whom_a_thief_has_raised() -> None:
    """They are guests as well, wherever it was done and however many lie between; whom others have raised aren't."""
    world = calm()
    owner, (hub, other) = with_noah(world), world.hubs[:2]
    mallory, eve, leo = b"mallory!" * 2, b"eve eve " * 2, b"leo leo " * 2
    put(hub, Kind.ROLE, NOAH, AtHub(hub).pen().role("owner"))
    for user, by, role in ((leo, owner, "adult"), (mallory, NOAH, "owner"), (eve, mallory, "adult")):
        put(other, Kind.USER, user, AtHub(other).pen().climb())
        world.converge()
        other.write(Cell(Kind.ROLE, user), AtHub(other).pen().role(role, by), by)
        world.converge()
    house = world.cloud.store
    assert [role_of(house, each) for each in (mallory, eve)] == [Role.OWNER, Role.ADULT]
    remove(world, hub.id, [1, 0], owner)
    assert [role_of(house, each) for each in (NOAH, mallory, eve, leo)] == [Role.GUEST] * 3 + [Role.ADULT]
    assert owners(house) == [owner]


@pytest.mark.parametrize("who", [NOAH, None])
def test_the_last_owner_stays_also_where_nobody_else_has_made_them_one(who: bytes | None) -> None:
    """A household has an owner, and nobody becomes one by removing a hub: not who owns nothing, nor the console.

    Whom that owner has let in, and made something, elsewhere stays so.
    """
    world = calm()
    hub, other = world.hubs[:2]
    (owner,) = owners(world.cloud.store)
    other.write(Cell(Kind.USER, NOAH), AtHub(other).pen().climb(actor=owner), owner)
    other.write(Cell(Kind.ROLE, NOAH), AtHub(other).pen().role("adult", owner), owner)
    world.converge()
    remove(world, hub.id, [0, 0], who)
    house = world.cloud.store
    assert (owners(house), role_of(house, NOAH), is_in(house, NOAH)) == ([owner], Role.ADULT, True)
    assert list(house.subjects(Kind.REVIEW)) == []
    told = [field(house, Cell(Kind.NOTICE, each), "code") for each in house.subjects(Kind.NOTICE)]
    assert LAST_OWNER in told


def test_a_password_that_a_stolen_hub_never_had_stays() -> None:
    """One that is kept at home on another hub, by the household's policy."""
    world = calm()
    owner, (stolen, home) = with_noah(world), world.hubs[:2]
    put(home, Kind.POLICY, HOUSEHOLD, AtHub(home).pen().put(passwords_home=[NOAH]))
    put(home, Kind.PASSWORD, NOAH, AtHub(home).pen().password(b"a verifier"))
    put(home, Kind.PASSWORD, owner, AtHub(home).pen().password(b"another one"))
    world.converge()
    remove(world, stolen.id, [1, 0], owner)
    due = [bool(world.cloud.store.state(Cell(Kind.PASSWORD_DUE, user)).marks) for user in (NOAH, owner)]
    assert due == [False, True]


def test_what_is_handed_on_is_its_writers_to_lift() -> None:
    """Who is disabled by a hub, as another one tells a restored cloud, is so no longer than by that hub itself."""
    world = calm()
    _, (hub, other) = with_noah(world), world.hubs[:2]
    cell, pen = Cell(Kind.DISABLED, NOAH), AtHub(other).pen()
    hub.do(partial(hub.store.put_lost, Lost(cell, pack_state(pen.mark("disabled")))))
    world.converge()
    assert [mark.by for mark in world.cloud.store.state(cell).marks] == [pen.tag]
    put(other, Kind.DISABLED, NOAH, State(own=pen.lift(Lane.SECURITY).own))
    world.converge()
    assert world.cloud.store.state(cell).marks == ()
