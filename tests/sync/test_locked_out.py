"""A hub of which there are two, by hand: what it still learns until an owner decides, and what it keeps meanwhile."""

from itertools import takewhile

import pytest
from msgspec.structs import replace

from rex_auth_edge.sync.bodies import Page, Pull, Pushed, Welcome
from rex_auth_edge.sync.cloud.giving import MOST_ROWS, revocations
from rex_auth_edge.sync.house import owners, session_lives
from rex_auth_edge.sync.kinds import REVOKED, Kind
from rex_auth_edge.sync.order import NOTHING, Lane
from rex_auth_edge.sync.state import Cell
from rex_auth_edge.sync.wire import LARGEST_BODY, encode, opened
from tests.doubles import SeededEntropy
from tests.sync.by_hand import BAN, ban, calm, marks, put
from tests.sync.houses import MAYA
from tests.sync.simulation.machines import HubMachine
from tests.sync.simulation.places import AtCloud, AtHub
from tests.sync.simulation.world import World

SESSION = b"s" * 16


def lock(world: World, hub: HubMachine) -> None:
    """The cloud has found another copy of it."""
    store = world.cloud.store
    member = store.member(hub.id)
    assert member is not None
    with store.disk.transaction():
        store.put_member(hub.id, replace(member, locked=True))


def test_a_hub_that_only_asks_hears_that_it_is_locked_out() -> None:
    """From then on nothing is written there as its own, until it is enrolled anew."""
    world = calm()
    hub = world.hubs[0]
    lock(world, hub)
    writes = [hub.may_write]
    page = hub.fetch(world.line, Lane.SECURITY)
    assert page is not None
    assert page.partial
    writes.append(hub.may_write)
    hub.enrol(world.cloud)
    assert [*writes, hub.may_write] == [True, False, True]


def test_what_a_locked_hub_has_heard_stays_in_force() -> None:
    """That a ban was lifted it can't hear: it keeps each that it was told of, until it is let in anew."""
    world = calm()
    hub, place = world.hubs[0], AtCloud(world.cloud)
    lock(world, hub)
    for what in ("first", "second"):
        place.write(BAN, place.pen().lift(Lane.SECURITY), None)
        place.write(BAN, place.pen().mark(what), None)
        hub.fetch(world.line, Lane.SECURITY)
    assert marks(hub.view) == {"first", "second"}
    hub.enrol(world.cloud)
    world.converge()
    assert marks(world.cloud.store) == marks(hub.view) == {"second"}
    assert hub.store.lost() == []


def test_a_locked_hub_hears_of_all_that_closes_doors() -> None:
    """However much there is: a page at a time, of what it has neither read nor heard, and none of it twice."""
    world = calm()
    hub, place, chance = world.hubs[0], AtCloud(world.cloud), SeededEntropy()
    ends = [Cell(Kind.SESSION_END, chance.token_bytes(16)) for _ in range(2 * MOST_ROWS + 2)]
    place.write(ends[0], place.pen().climb(REVOKED), None)
    hub.read(world.line, Lane.SECURITY)
    lock(world, hub)
    for end in ends[1:]:
        place.write(end, place.pen().climb(REVOKED), None)
    pages = iter(lambda: hub.fetch(world.line, Lane.SECURITY), None)
    assert len(list(takewhile(lambda page: page.rows, pages))) == 3
    assert {lost.cell for lost in hub.store.lost()} == set(ends[1:])


def test_a_locked_hub_hears_of_what_went_past_its_end() -> None:
    """Whatever a thief calls the step, what is at its ladder's end for every program is so for a locked hub."""
    world = calm()
    hub, place, end = world.hubs[0], AtCloud(world.cloud), Cell(Kind.SESSION_END, SESSION)
    lock(world, hub)
    place.write(end, place.pen().climb(REVOKED + 1), None)
    hub.fetch(world.line, Lane.SECURITY)
    assert {lost.cell for lost in hub.store.lost()} == {end}


def test_a_locked_hub_is_told_nothing_of_other_lanes() -> None:
    """Nor has the cloud anything to do for it there."""
    world = calm()
    hub, place = world.hubs[0], AtCloud(world.cloud)
    lock(world, hub)
    place.write(BAN, place.pen().mark("now"), None)
    page = hub.fetch(world.line, Lane.IDENTITY)
    assert page is not None
    assert (page.rows, page.partial) == ((), True)


def test_a_locked_hubs_page_fits_whatever_is_in_it() -> None:
    """Marks of random words don't get smaller by being compressed: there are fewer of them."""
    world = calm()
    place, chance = AtCloud(world.cloud), SeededEntropy()
    people, before = [chance.token_bytes(16) for _ in range(12)], world.cloud.store.standing().at
    for who in people:
        place.write(Cell(Kind.BAN, who), place.pen().mark(chance.token_bytes(30_000).hex()), None)
    raw = encode(revocations(world.cloud.store, Pull(1, Lane.SECURITY, before, NOTHING)))
    assert len(raw) <= LARGEST_BODY
    rows = opened(raw).read(Page).rows
    assert 0 < len(rows) < len(people)
    assert [row.id for row in rows] == people[: len(rows)]


@pytest.mark.parametrize("told", [False, True])
def test_what_a_locked_hub_was_yet_to_tell_is_told_once_it_is_let_in_anew(*, told: bool) -> None:
    """A ban that a restored cloud has forgotten, though another of the same person was heard of meanwhile.

    Also one that it was told again, and has then forgotten once more.
    """
    world = calm()
    hub, place = world.hubs[0], AtCloud(world.cloud)
    world.cloud.back_up()
    place.write(BAN, place.pen().mark("forgotten"), None)
    hub.read(world.line, Lane.SECURITY)
    world.cloud.restore()
    hub.fetch(world.line, Lane.SECURITY)
    assert isinstance(hub.send(world.line), Welcome)
    if told:
        hub.read(world.line, Lane.SECURITY)
        assert isinstance(hub.send(world.line), Pushed)
        world.cloud.restore()
    place.write(BAN, place.pen().mark("another"), None)
    lock(world, hub)
    hub.fetch(world.line, Lane.SECURITY)
    hub.enrol(world.cloud)
    world.converge()
    assert marks(world.cloud.store) == marks(hub.view) == {"forgotten", "another"}


@pytest.mark.parametrize("before", [False, True])
def test_what_it_heard_of_a_restored_cloud_is_told_to_none_as_forgotten(*, before: bool) -> None:
    """A ban stays lifted, and whoever signed in knowing of a sign-out stays in; what was forgotten `before` is told."""
    world = calm()
    (hub, other), place = world.hubs[:2], AtCloud(world.cloud)
    user = owners(hub.view)[0]
    world.cloud.back_up()
    if before:
        place.write(BAN, place.pen().mark("forgotten"), None)
        hub.read(world.line, Lane.SECURITY)
        world.cloud.restore()
        hub.fetch(world.line, Lane.SECURITY)
        assert isinstance(hub.send(world.line), Welcome)
        hub.read(world.line, Lane.SECURITY)
    world.cloud.restore()
    lock(world, hub)
    other.fetch(world.line, Lane.SECURITY)
    assert isinstance(other.send(world.line), Welcome)
    ban(other, "lifted")
    assert isinstance(other.send(world.line), Pushed)
    place.write(Cell(Kind.SIGN_OUT, user), place.pen().mark("known"), None)
    hub.fetch(world.line, Lane.SECURITY)
    place.write(BAN, place.pen().lift(Lane.SECURITY), None)
    other.read(world.line, Lane.SECURITY)
    put(other, Kind.SESSION, SESSION, AtHub(other).pen().climb(user=user))
    hub.enrol(world.cloud)
    world.converge()
    assert marks(world.cloud.store) == marks(hub.view) == ({"forgotten"} if before else set())
    assert [session_lives(each, SESSION) for each in (world.cloud.store, hub.view, other.view)] == [True] * 3
    assert hub.store.lost() == []


def test_what_waits_in_another_lane_holds_back_what_a_hub_has_seen_for_good() -> None:
    """The cloud forgets nobody of whom a change may speak that waits, though what was sent meanwhile is answered."""
    world = calm()
    hub, place = world.hubs[0], AtCloud(world.cloud)
    seen = hub.store.me().whole[Lane.SECURITY]
    put(hub, Kind.PROFILE, MAYA, AtHub(hub).pen().put(phone="47"))
    place.write(BAN, place.pen().mark("elsewhere"), None)
    hub.read(world.line, Lane.SECURITY)
    ban(hub, "here")
    hub.send(world.line)
    assert [entry.cell.kind for lane in Lane for entry in hub.store.waiting(lane)] == [Kind.PROFILE]
    hub.fetch(world.line, Lane.AUDIT)
    member = world.cloud.store.member(hub.id)
    assert member is not None
    assert member.past[Lane.SECURITY] <= seen < hub.store.me().whole[Lane.SECURITY]
