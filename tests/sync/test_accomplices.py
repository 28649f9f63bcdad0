"""Whom a stolen hub has made owners, and whose account it has taken: what they have done goes with it."""

from typing import Any

import pytest

from rex_auth_edge.domain.roles import Role
from rex_auth_edge.sync.cloud.alerts import PASSWORD
from rex_auth_edge.sync.house import owners, revoked, role_of
from rex_auth_edge.sync.kinds import ACTIVE, PENDING, Kind
from rex_auth_edge.sync.rules.notices import BY_HUB
from rex_auth_edge.sync.state import Cell
from tests.sync.by_hand import agree, calm, gives, put, remove, two_owners, with_noah
from tests.sync.houses import LEO, NOAH
from tests.sync.simulation.machines import HubMachine
from tests.sync.simulation.places import AtHub
from tests.sync.simulation.world import World

MALLORY = b"mallory!" * 2


def test_whom_those_have_raised_whom_it_has_lowered_again() -> None:
    """An accomplice who is an owner for a moment makes another one, and is a guest once more: neither owns anything."""
    world = calm()
    owner, (hub, other) = with_noah(world), world.hubs[:2]
    gives(world, other, NOAH, "guest", owner)
    put(other, Kind.USER, MALLORY, AtHub(other).pen().climb())
    agree(world)
    since = list(world.cloud.store.standing().at)
    gives(world, hub, NOAH, "owner", owner)
    gives(world, other, MALLORY, "owner", NOAH)
    gives(world, hub, NOAH, "guest", owner)
    assert role_of(world.cloud.store, MALLORY) is Role.OWNER
    remove(world, hub.id, since, owner)
    assert owners(world.cloud.store) == [owner]


def test_whom_an_accomplice_has_lowered() -> None:
    """At another hub, while he was an owner: whoever it was owns the household again."""
    world, owner, since = two_owners()
    hub, other = world.hubs[:2]
    put(other, Kind.USER, MALLORY, AtHub(other).pen().climb())
    gives(world, hub, MALLORY, "owner", owner)
    gives(world, other, NOAH, "guest", MALLORY)
    assert set(owners(world.cloud.store)) == {owner, MALLORY}
    remove(world, hub.id, since, owner)
    assert set(owners(world.cloud.store)) == {owner, NOAH}


def device(world: World, hub: HubMachine, number: int, by: bytes) -> bytes:
    """Somebody adds one on the hub."""
    made = b"a device number" + bytes([number])
    hub.write(Cell(Kind.DEVICE, made), AtHub(hub).pen().climb(ACTIVE, by), by)
    agree(world)
    return made


def test_what_somebody_has_let_in_whom_it_has_only_lowered() -> None:
    """Stands: nothing that they were by others' word was more than they are now."""
    world = calm()
    owner, (hub, other) = with_noah(world), world.hubs[:2]
    gives(world, other, NOAH, "adult", owner)
    since = list(world.cloud.store.standing().at)
    gives(world, hub, NOAH, "guest", owner)
    lamp = device(world, other, 1, NOAH)
    remove(world, hub.id, since, owner)
    assert (role_of(world.cloud.store, NOAH), revoked(world.cloud.store, Kind.DEVICE, lamp)) == (Role.ADULT, False)


@pytest.mark.parametrize("told", ["since", "before", "forged", "ever", "of something else"])
def test_whose_password_it_has_set(told: str) -> None:
    """What is let in by their word since then goes, as a thief's; not where it was set before, or at home ever.

    Nor where it has only disabled them, which they are told as well.
    """
    world, owner, since = two_owners()
    hub, other = world.hubs[:2]
    put(other, Kind.PASSWORD, NOAH, AtHub(other).pen().password(b"his own"))
    agree(world)
    own = device(world, other, 3, NOAH)
    if told == "forged":
        fields: dict[str, Any] = {"about": NOAH, "code": PASSWORD, BY_HUB: hub.id}
        put(hub, Kind.NOTICE, b"made up by a hub", AtHub(hub).pen().climb(**fields))
    elif told == "of something else":
        put(hub, Kind.DISABLED, NOAH, AtHub(hub).pen().mark("disabled"))
    else:
        put(hub, Kind.PASSWORD, NOAH, AtHub(hub).pen().password(b"another"))
    early = device(world, other, 1, NOAH) if told == "since" else b""
    agree(world)
    at = list(world.cloud.store.standing().at) if told == "before" else [0, 0] if told == "ever" else since
    lamp = device(world, other, 2, NOAH)
    remove(world, hub.id, at, owner)
    assert revoked(world.cloud.store, Kind.DEVICE, lamp) is (told == "since")
    assert not revoked(world.cloud.store, Kind.DEVICE, own), "he did that before"
    assert not early or revoked(world.cloud.store, Kind.DEVICE, early)


@pytest.mark.parametrize("late", [True, False])
def test_who_has_come_by_an_accomplices_invitation(*, late: bool) -> None:
    """Is out; not by one that Noah had made while he was an owner by others' word."""
    world, owner, since = two_owners()
    hub, other = world.hubs[:2]
    gives(world, other, NOAH, "guest", owner)
    if late:
        since = list(world.cloud.store.standing().at)
        gives(world, hub, NOAH, "owner", owner)
    put(other, Kind.INVITATION, b"an invitation...", AtHub(other).pen().climb(PENDING, NOAH, by=NOAH))
    agree(world)
    if not late:
        since = list(world.cloud.store.standing().at)
        gives(world, hub, NOAH, "owner", owner)
    put(other, Kind.INVITATION, b"an invitation...", AtHub(other).pen().climb(ACTIVE, used_by=LEO))
    put(other, Kind.USER, LEO, AtHub(other).pen().climb())
    agree(world)
    remove(world, hub.id, since, owner)
    assert revoked(world.cloud.store, Kind.USER, LEO) is late
