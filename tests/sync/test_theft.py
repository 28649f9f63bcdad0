"""What a stolen hub has changed: each rule of the household has a decision, and what stood there before stays."""

from typing import Any

import pytest

from rex_auth_edge.domain.password_rules import PasswordRule
from rex_auth_edge.exchange.mirror import policy
from rex_auth_edge.exchange.oversight.policies import CLOUD_GRANTS
from rex_auth_edge.flows.household.house import LIFETIMES
from rex_auth_edge.sync.cloud.aftermath import LEFT, RULES_LEFT, notices
from rex_auth_edge.sync.cloud.theft import SAFE
from rex_auth_edge.sync.house import field, is_in, owners, revoked
from rex_auth_edge.sync.kinds import HOUSEHOLD, PENDING, REVOKED, Kind
from rex_auth_edge.sync.order import START, Lane
from rex_auth_edge.sync.state import EMPTY, Cell
from rex_auth_edge.sync.wire import pack_state
from tests.sync.by_hand import agree, calm, put, remove, with_noah
from tests.sync.houses import NOAH
from tests.sync.simulation.places import AtHub
from tests.sync.simulation.world import World

RULES = Cell(Kind.POLICY, HOUSEHOLD)


class Row:
    """A household's row, of which only the name is asked."""

    name = "home"


def test_every_rule_has_a_decision() -> None:
    """One that is added needs one: safe as something, or left with a word to the owners."""
    known = {*policy.image(EMPTY, Row()), "cloud_grants", "passwords_home"}
    assert known == {*SAFE, "name", "shares", "passwords_home"}
    assert SAFE["cloud_grants"] in CLOUD_GRANTS
    assert SAFE["password_rule"] in set(PasswordRule)
    assert {name: SAFE[name] for name in LIFETIMES} == {name: each.least for name, each in LIFETIMES.items()}


@pytest.mark.parametrize(
    ("there", "after"),
    [
        ({"shares": 5}, {"shares": "passwords"}),
        ({"shares": "audit,profiles"}, {"shares": ""}),
        ({"shares": "audit,passwords"}, {"shares": "passwords"}),
        ({"voice": None, "session_life": "x"}, {"voice": False, "session_life": 3_600_000}),
        (
            {"fresh_after_reboot": False, "password_rule": "none"},
            {"fresh_after_reboot": True, "password_rule": "length"},
        ),
        ({"call_0900": "dear"}, {"call_0900": "dear"}),
    ],
)
def test_whatever_it_has_put(there: dict[str, Any], after: dict[str, Any]) -> None:
    """Also what is no value at all comes to the safe one; a rule that nobody knows stays, and isn't named to owners."""
    world = calm()
    owner, hub = with_noah(world), world.hubs[0]
    put(hub, Kind.POLICY, HOUSEHOLD, AtHub(hub).pen().put(**there))
    world.converge()
    house, version = world.cloud.store, world.cloud.store.state(RULES).version
    remove(world, hub.id, [1, 0], owner)
    assert {name: field(house, RULES, name) for name in after} == after
    assert house.state(RULES).version >= version
    left = [each.what for each in notices(Cell(Kind.HUB, hub.id), (), house) if each.code == RULES_LEFT]
    assert left == ([("others",)] if there == after else [])


def test_a_device_that_is_over_is_not_taken_back() -> None:
    """Whatever key the hub has given it since: nobody has to hear of it."""
    world = calm()
    owner, (hub, other) = with_noah(world), world.hubs[:2]
    lamp = Cell(Kind.DEVICE, b"a lamp that was.")
    put(other, lamp.kind, lamp.id, AtHub(other).pen().climb())
    agree(world)
    put(other, lamp.kind, lamp.id, AtHub(other).pen().climb(REVOKED))
    agree(world)
    since = list(world.cloud.store.standing().at)
    put(hub, Kind.DEVICE_PROFILE, lamp.id, AtHub(hub).pen().put(public_key=b"a thief's"))
    agree(world)
    remove(world, hub.id, since, owner)
    house = world.cloud.store
    assert lamp.id not in {field(house, Cell(Kind.NOTICE, each), "about") for each in house.subjects(Kind.NOTICE)}


def test_owners_are_told_of_nothing_that_it_has_not_lifted_since() -> None:
    """What another hub has lifted since, and what it had lifted itself before, it has not left behind."""
    world = calm()
    owner, (hub, other) = with_noah(world), world.hubs[:2]
    since = START
    for each in (hub, other):
        since = world.cloud.store.standing().at
        put(each, Kind.DISABLED, NOAH, AtHub(each).pen().mark("disabled"))
        agree(world)
        put(each, Kind.DISABLED, NOAH, AtHub(each).pen().lift(Lane.SECURITY))
        agree(world)
        assert is_in(world.cloud.store, NOAH)
    house = world.cloud.store
    remove(world, hub.id, list(since), owner)
    told = [Cell(Kind.NOTICE, each) for each in house.subjects(Kind.NOTICE)]
    assert [each for each in told if field(house, each, "code") == LEFT] == []


def test_what_others_have_put_meanwhile() -> None:
    """A rule that another hub has set after the thief stands, and so does what the thief's hub had set before."""
    world = calm()
    owner, (hub, other) = with_noah(world), world.hubs[:2]
    put(hub, Kind.POLICY, HOUSEHOLD, AtHub(hub).pen().put(idle_life=7_200_000))
    world.converge()
    since = list(world.cloud.store.standing().at)
    put(hub, Kind.POLICY, HOUSEHOLD, AtHub(hub).pen().put(session_life=None, cloud_grants="stand"))
    world.converge()
    put(other, Kind.POLICY, HOUSEHOLD, AtHub(other).pen().put(cloud_grants="stand"))
    world.converge()
    remove(world, hub.id, since, owner)
    found = {name: field(world.cloud.store, RULES, name) for name in ("idle_life", "session_life", "cloud_grants")}
    assert found == {"idle_life": 7_200_000, "session_life": 3_600_000, "cloud_grants": "stand"}


def owned_by_two(world: World) -> bytes:
    """Noah owns the household as well, by another hub's word."""
    owner = with_noah(world)
    world.hubs[1].write(Cell(Kind.ROLE, NOAH), AtHub(world.hubs[1]).pen().role("owner", owner), owner)
    world.converge()
    return owner


@pytest.mark.parametrize("kind", [Kind.BAN, Kind.DISABLED])
def test_what_it_had_put_on_an_owner_before_stays(kind: Kind) -> None:
    """And what another has put there; only what came later goes."""
    world = calm()
    owner, (hub, other) = owned_by_two(world), world.hubs[:2]
    put(hub, kind, NOAH, AtHub(hub).pen().mark("before"))
    put(other, kind, NOAH, AtHub(other).pen().mark("elsewhere"))
    world.converge()
    since = list(world.cloud.store.standing().at)
    put(hub, kind, NOAH, AtHub(hub).pen().mark("a thief"))
    world.converge()
    remove(world, hub.id, since, owner)
    world.hubs.remove(hub)
    world.converge()
    for house in (world.cloud.store, other.view):
        assert sorted(mark.what for mark in house.state(Cell(kind, NOAH)).marks) == ["before", "elsewhere"]


def test_an_owner_who_was_disabled_at_home_stays_out() -> None:
    """Where nobody says since when the hub was stolen, and another owner is there to decide it."""
    world = calm()
    owner, hub = owned_by_two(world), world.hubs[0]
    put(hub, Kind.DISABLED, NOAH, AtHub(hub).pen().mark("disabled"))
    world.converge()
    remove(world, hub.id, [0, 0], owner)
    assert not is_in(world.cloud.store, NOAH)


@pytest.mark.parametrize("disabled", [True, False])
def test_of_those_whom_only_the_hub_knows_the_first_stays(*, disabled: bool) -> None:
    """Whatever their ids are: who founded the household, not who came last, also where he has shut the founder out."""
    world = calm()
    hub, mallory = world.hubs[0], b"\xff" * 16
    (owner,) = owners(world.cloud.store)
    put(hub, Kind.USER, mallory, AtHub(hub).pen().climb())
    hub.write(Cell(Kind.ROLE, mallory), AtHub(hub).pen().role("owner", owner), owner)
    world.converge()
    if disabled:
        put(hub, Kind.DISABLED, owner, AtHub(hub).pen().mark("disabled"))
        world.converge()
    remove(world, hub.id, [0, 0], None)
    assert owners(world.cloud.store) == [owner]
    assert revoked(world.cloud.store, Kind.USER, mallory)


def test_an_address_that_it_only_repeats_is_not_its_word() -> None:
    """Who had it before keeps it; nor does the cloud vouch for a thief's who has proven it there by a letter."""
    world = calm()
    owner, (hub, other) = with_noah(world), world.hubs[:2]
    for place, address in ((other, "maya@example.com"), (hub, "maya@example.com")):
        put(place, Kind.EMAIL, owner, AtHub(place).pen().put(address=address, proven=True))
        world.converge()
    for place in (hub, other):
        put(place, Kind.EMAIL, NOAH, AtHub(place).pen().put(address="thief@example.org", proven=True))
        world.converge()
    remove(world, hub.id, [1, 0], None)
    found = [field(world.cloud.store, Cell(Kind.EMAIL, user), "address") for user in (owner, NOAH)]
    assert found == ["maya@example.com", None]


@pytest.mark.parametrize("since", [0, 1])
def test_what_it_asks_of_owners(since: int) -> None:
    """What waits by its word goes, made up or held back; nobody confirms it later. What others ask goes on waiting."""
    world = calm()
    owner, (hub, other) = with_noah(world), world.hubs[:2]
    places = [[0, 0], list(world.cloud.store.standing().at)]
    for each in (hub, other):
        state = pack_state(AtHub(each).pen().role("owner"))
        told: dict[str, Any] = {"kind": Kind.ROLE.value, "id": NOAH, "state": state, "why": "x"}
        put(each, Kind.REVIEW, b"made up by" + each.id[:6], AtHub(each).pen().climb(PENDING, **told))
        put(each, Kind.NOTICE, b"told by   " + each.id[:6], AtHub(each).pen().climb(about=owner, code="x"))
        each.write(Cell(Kind.ROLE, NOAH), AtHub(each).pen().role("adult", NOAH), NOAH)
    world.converge()
    house = world.cloud.store
    assert len(list(house.subjects(Kind.REVIEW))) == 4
    remove(world, hub.id, places[since], owner)
    for kind, count in ((Kind.REVIEW, 2), (Kind.NOTICE, 1)):
        stand = [each for each in house.subjects(kind) if not revoked(house, kind, each)]
        by = [each for each in stand if field(house, Cell(kind, each), "code") in {None, "x"}]
        assert len(by) == count, kind
