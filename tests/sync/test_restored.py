"""Machines that have lost something, by hand: what they go on from, and what they must not believe any more."""

import pytest
from msgspec.structs import replace

from rex_auth_edge.sync.bodies import Pushed, Refusal, Welcome
from rex_auth_edge.sync.cloud.epochs import catch_up, has_forgotten
from rex_auth_edge.sync.cloud.store import Standing
from rex_auth_edge.sync.house import RESTORED, House, field, owners, revoked, session_lives
from rex_auth_edge.sync.kinds import PENDING, REVOKED, Kind
from rex_auth_edge.sync.order import START, Lane, Position
from rex_auth_edge.sync.own import is_own, reissued
from rex_auth_edge.sync.pen import Pen
from rex_auth_edge.sync.state import Cell, Count, State
from tests.sync.by_hand import BAN, ban, calm, marks, put, put_back, two_owners
from tests.sync.houses import HUB_A, MAYA, NOAH, Writer
from tests.sync.simulation.places import AtCloud, AtHub


@pytest.mark.parametrize(("lost", "restored"), [(1, False), (2, False), (3, True)])
def test_a_hub_whose_disk_lied_is_restored_only_where_it_lost_what_it_wrote(lost: int, *, restored: bool) -> None:
    """Of three commits it wrote only in the first; what was sent and answered in the others it knows from the copy."""
    world = calm()
    hub = world.hubs[0]
    put(hub, Kind.PROFILE, MAYA, AtHub(hub).pen().put(phone="47"))
    assert isinstance(hub.send(world.line), Pushed)
    hub.store.disk.lose(lost)
    hub.boot()
    assert hub.store.me().restored is restored
    assert isinstance(hub.send(world.line), Pushed if hub.store.me().pending else Welcome)
    world.converge()
    assert hub.store.me().incarnation == (2 if restored else 1)
    assert world.cloud.store.state(Cell(Kind.PROFILE, MAYA)).fields["phone"].value == "47"
    assert [entry for entry in hub.store.entries() if not entry.passed] == []


def test_a_hub_whose_whole_disk_was_restored_is_noticed_also_by_a_restored_cloud() -> None:
    """What it has written since bears a number that the cloud has something else of: it is told again, not dropped."""
    world = calm()
    hub = world.hubs[0]
    backup, copy = hub.store.disk.copy(), hub.copy
    put(hub, Kind.DEVICE, b"d" * 16, AtHub(hub).pen().climb(REVOKED))
    world.converge()
    world.cloud.back_up()
    hub.store.disk.restore(backup)
    hub.copy = copy
    put(hub, Kind.BAN, MAYA, AtHub(hub).pen().mark("mine"))
    world.cloud.restore()
    world.converge()
    assert marks(world.cloud.store) == {"mine"}
    assert hub.store.me().incarnation == 2


def test_a_hub_that_has_never_heard_an_answer_is_the_same_to_a_restored_cloud() -> None:
    """The cloud had taken what it said, which the hub can show, and goes on from there."""
    world = calm()
    hub = world.hubs[0]
    put(hub, Kind.BAN, MAYA, AtHub(hub).pen().mark("mine"))
    assert hub.send(lambda *asked: world.line(*asked) and None) is None
    world.cloud.back_up()
    world.cloud.restore()
    world.converge()
    assert marks(world.cloud.store) == marks(hub.view) == {"mine"}
    assert hub.store.me().incarnation == 1


@pytest.mark.parametrize("first", [0, 1])
def test_a_later_value_wins_also_after_the_cloud_has_forgotten_both(first: int) -> None:
    """Whoever of two hubs tells theirs again first; what is written from then on is later than both."""
    world = calm()
    cell = Cell(Kind.PROFILE, MAYA)
    for hub, value in zip(world.hubs, ("earlier", "later"), strict=False):
        put(hub, Kind.PROFILE, MAYA, AtHub(hub).pen().put(phone=value))
        assert isinstance(hub.send(world.line), Pushed)
    world.cloud.restore()
    for hub in (world.hubs[first], world.hubs[1 - first]):
        hub.fetch(world.line, Lane.SECURITY)
        while hub.send(world.line) is not None:
            pass
    assert world.cloud.store.state(cell).fields["phone"].value == "later"
    place = AtCloud(world.cloud)
    place.write(cell, place.pen().put(phone="latest"), None)
    world.converge()
    assert {hub.view.state(cell).fields["phone"].value for hub in world.hubs} == {"latest"}


@pytest.mark.parametrize(
    ("place", "believed"), [(Position(1, 8), True), (Position(2, 9), True), (Position(2, 10), False)]
)
def test_a_field_claims_no_place_that_is_still_to_come(place: Position, *, believed: bool) -> None:
    """An earlier one it may: that only loses against more."""
    change = Writer(HUB_A).put(Kind.PROFILE, MAYA, phone="47")
    placed_there = replace(change, state=Pen(change.tag, change.seen, place).put(phone="47"))
    assert is_own(placed_there, Position(2, 9)) is believed


@pytest.mark.parametrize(
    ("place", "forgotten"),
    [
        *((Position(1, 5), False), (Position(1, 6), True), (Position(2, 1), False), (Position(2, 9), True)),
        *((Position(4, 9), False), (Position(4, 12), False), (Position(0, 7), False)),
    ],
)
def test_what_a_restored_cloud_has_forgotten_came_after_where_it_goes_on_from(
    place: Position, *, forgotten: bool
) -> None:
    """What came at that very place it has, and what it has given since, or nobody ever has, it hasn't forgotten."""
    standing = Standing(Position(4, 12), {1: START, 2: Position(1, 5), 4: Position(2, 8)})
    assert has_forgotten(standing, place) is forgotten


def test_what_a_restored_hub_has_forgiven_is_what_failed_before() -> None:
    """What it goes on with is counted anew, and what it forgave of before it began again is still that."""
    before = State(counts=(Count("d", HUB_A, 1, 0, 3), Count("e", HUB_A, 1, 2)))
    after = reissued(before, 1, 2, HUB_A, 0)
    assert after.counts == (Count("d", HUB_A, 1, 0, 3), Count("e", HUB_A, 2, 2))


@pytest.mark.parametrize("told_again", [Lane.SECURITY, Lane.IDENTITY])
def test_a_cloud_that_was_restored_unnoticed_hears_of_it_from_a_hub(told_again: Lane) -> None:
    """It begins another epoch by itself, whether it is asked or told something; nobody is locked out, nothing lost."""
    world = calm()
    hub, place = world.hubs[0], AtCloud(world.cloud)
    world.cloud.back_up()
    backup = world.cloud.store.disk.copy()
    put(hub, Kind.BAN, MAYA, AtHub(hub).pen().mark("mine"))
    place.write(Cell(Kind.DEVICE, b"d" * 16), place.pen().climb(REVOKED), None)
    world.converge()
    world.cloud.store.disk.restore(backup)
    if told_again is Lane.IDENTITY:
        put(hub, Kind.PROFILE, MAYA, AtHub(hub).pen().put(phone="47"))
        assert hub.send(world.line) == Refusal("greet")
    world.converge()
    assert world.cloud.store.standing().at.epoch == 2
    assert [each.store.me().incarnation for each in world.hubs] == [1] * len(world.hubs)
    assert [mark.what for mark in world.cloud.store.state(Cell(Kind.BAN, MAYA)).marks] == ["mine"]
    assert revoked(world.cloud.store, Kind.DEVICE, b"d" * 16)


def test_an_absurd_epoch_is_refused() -> None:
    """A hub that has been elsewhere, or lies, changes nothing."""
    world = calm()
    hub = world.hubs[0]
    hub.do(lambda: hub.store.put_me(replace(hub.store.me(), epoch=1 << 40, greeted=False)))
    before = world.cloud.store.disk.copy()
    assert hub.send(world.line) == Refusal("cloud_behind")
    assert world.cloud.store.disk.copy() == before


def test_an_epoch_that_a_hub_knows_is_not_begun_again() -> None:
    """Places in it were given by the cloud that was lost: the one that is begun is later than any that is known."""
    world = calm()
    store = world.cloud.store
    with store.disk.transaction():
        assert catch_up(store, 5)
        assert store.standing().at.epoch == 6
        assert catch_up(store, 6)
        assert store.standing().at.epoch == 7
        assert set(store.standing().began) == {1, 6, 7}


def test_what_a_restored_hub_vouched_for_is_over() -> None:
    """Its sessions end, also those it has forgotten, its invitations are taken back, and owners are to look.

    However a hub, the same or another, says that it wasn't restored.
    """
    world = calm()
    hub, other = world.hubs[:2]
    user = next(iter(hub.view.subjects(Kind.USER)))
    put(hub, Kind.INVITATION, b"i" * 16, AtHub(hub).pen().climb(PENDING))
    put(hub, Kind.SESSION, b"1" * 16, AtHub(hub).pen().climb(user=user))
    put(other, Kind.SESSION, b"2" * 16, AtHub(other).pen().climb(user=user))
    backup = hub.store.disk.copy()
    put(hub, Kind.SESSION, b"3" * 16, AtHub(hub).pen().climb(user=user))
    world.converge()
    assert all(session_lives(hub.view, each * 16) for each in (b"1", b"2", b"3"))
    hub.store.disk.restore(backup)
    hub.boot()
    world.converge()
    put(hub, Kind.SESSION, b"4" * 16, AtHub(hub).pen().climb(user=user))
    for each in (hub, other):
        put(each, Kind.HUB, hub.id, AtHub(each).pen().lift(Lane.SECURITY))
        world.converge()
    houses: list[House] = [world.cloud.store, *(each.view for each in world.hubs)]
    for house in houses:
        assert [session_lives(house, each * 16) for each in (b"1", b"2", b"3", b"4")] == [False, True, False, True]
        assert revoked(house, Kind.INVITATION, b"i" * 16)
        (review,) = house.subjects(Kind.REVIEW)
        assert field(house, Cell(Kind.REVIEW, review), "why") == RESTORED


def test_what_two_restores_have_forgotten_is_told_together() -> None:
    """A hub that has told nothing between the two remembers what closes doors of both."""
    world = calm()
    hub, place = world.hubs[0], AtCloud(world.cloud)
    world.cloud.back_up()
    for what in ("first", "second"):
        place.write(BAN, place.pen().mark(what), None)
        hub.read(world.line, Lane.SECURITY)
        world.cloud.restore()
        hub.fetch(world.line, Lane.SECURITY)
        assert isinstance(hub.send(world.line), Welcome)
    assert marks(world.cloud.store) == set()
    assert marks(hub.view) == {"first", "second"}
    world.converge()
    assert marks(world.cloud.store) == marks(hub.view) == {"first", "second"}


def test_who_lifts_a_ban_lifts_none_that_the_cloud_had_forgotten_then() -> None:
    """What a hub tells again has a new place: whoever had seen more of the order than its old one hadn't seen it."""
    world = calm()
    hub, place = world.hubs[0], AtCloud(world.cloud)
    world.cloud.back_up()
    place.write(BAN, place.pen().mark("forgotten"), None)
    hub.read(world.line, Lane.SECURITY)
    world.cloud.restore()
    place.write(BAN, place.pen().mark("lifted"), None)
    place.write(BAN, place.pen().lift(Lane.SECURITY), None)
    world.converge()
    assert marks(world.cloud.store) == marks(hub.view) == {"forgotten"}


def test_whoever_is_left_stays_an_owner() -> None:
    """One owner's end a restored cloud has forgotten, the other has been lowered since: the cloud decides who stays.

    Until then whoever has been removed stays out of the hub.
    """
    world, owner, _ = two_owners(0)
    hub = world.hubs[0]
    world.cloud.back_up()
    put(hub, Kind.USER, NOAH, AtHub(hub).pen().climb(REVOKED))
    world.converge()
    assert owners(hub.view) == [owner]
    world.cloud.restore()
    place = AtCloud(world.cloud)
    place.write(Cell(Kind.ROLE, owner), place.pen().role("child", NOAH), NOAH)
    hub.fetch(world.line, Lane.SECURITY)
    assert isinstance(hub.send(world.line), Welcome)
    while hub.store.me().whole[Lane.SECURITY].epoch != hub.store.me().epoch:
        hub.fetch(world.line, Lane.SECURITY)
    assert owners(hub.view) == []
    world.converge()
    assert owners(hub.view) == owners(world.cloud.store) == [NOAH]


def test_a_ban_that_was_left_out_for_a_later_one_is_told_again() -> None:
    """The later one is lost with the disk; that the cloud has something of a higher number doesn't mean it has this."""
    world = calm()
    hub, line = world.hubs[0], world.line
    ban(hub, "earlier")
    put(hub, Kind.DEVICE, b"d" * 16, AtHub(hub).pen().climb(REVOKED))
    backup = hub.store.disk.copy()
    ban(hub, "later")
    assert isinstance(hub.send(line, 1), Pushed)
    put_back(hub, backup)
    world.converge()
    assert marks(hub.view) == marks(world.cloud.store) == {"earlier"}


def test_a_ban_that_was_lifted_before_its_hub_was_restored_stays_so() -> None:
    """The hub, which knows of neither its arrival nor its end, doesn't bring it back."""
    world = calm()
    hub = world.hubs[0]
    ban(hub, "mine")
    backup = hub.store.disk.copy()
    world.converge()
    place = AtCloud(world.cloud)
    place.write(BAN, place.pen().lift(Lane.SECURITY), None)
    put_back(hub, backup)
    world.converge()
    assert marks(hub.view) == marks(world.cloud.store) == set()


def test_what_was_written_by_a_number_that_the_cloud_has_of_another_life_is_written_again() -> None:
    """A hub that begins anew from a whole older disk, is put back in that life and then enrolled anew loses no ban."""
    world = calm()
    hub = world.hubs[0]
    disk, copy = hub.store.disk.copy(), hub.copy
    for what in ("one", "two", "three"):
        ban(hub, what)
    world.converge()
    place = AtCloud(world.cloud)
    place.write(BAN, place.pen().lift(Lane.SECURITY), None)
    hub.store.disk.restore(disk)
    hub.copy = copy
    hub.boot()
    ban(hub, "another")
    backup = hub.store.disk.copy()
    for again in (False, True):
        if again:
            put_back(hub, backup)
        while not hub.store.me().locked:
            hub.send(world.line)
    hub.enrol(world.cloud)
    world.converge()
    assert marks(hub.view) == marks(world.cloud.store) == {"another"}
