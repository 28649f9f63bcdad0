"""Single rules of both ends that a run of the simulation seldom depends on."""

from contextlib import suppress

import pytest
from msgspec import Struct
from msgspec.structs import replace

from rex_auth_edge.domain.clock import DAY
from rex_auth_edge.sync.bodies import Page, Pushed, Refusal, Row, Welcome
from rex_auth_edge.sync.house import owners
from rex_auth_edge.sync.hub.asking import pull, push
from rex_auth_edge.sync.kinds import HOUSEHOLD, REVOKED, Kind
from rex_auth_edge.sync.order import START, Lane, Position
from rex_auth_edge.sync.rules.record import record_id
from rex_auth_edge.sync.state import Cell
from rex_auth_edge.sync.wire import LARGEST_BODY, WireError, encode
from tests.doubles import SeededEntropy
from tests.sync.by_hand import BAN, answers, asks, ban, calm, marks, put
from tests.sync.houses import NOAH
from tests.sync.simulation.machines import HubMachine
from tests.sync.simulation.places import AtCloud, AtHub


def answered(hub: HubMachine, request: bytes, answer: Struct) -> object:
    """What the hub makes of an answer."""
    return hub.hear(request, encode(answer))


@pytest.mark.parametrize("answer_lost", [True, False])
def test_what_was_said_once_is_not_said_again_as_something_later(*, answer_lost: bool) -> None:
    """A ban that the cloud has and lifts stays lifted, though the hub bans anew before it has heard of that."""
    world = calm()
    hub, place = world.hubs[0], AtCloud(world.cloud)
    ban(hub, "first")
    raw = asks(hub)
    said = answers(world, hub, raw)
    if not answer_lost:
        hub.hear(raw, said or b"")
    place.write(BAN, place.pen().lift(Lane.SECURITY), None)
    ban(hub, "second")
    world.converge()
    assert marks(world.cloud.store) == marks(hub.view) == {"second"}


def test_all_that_waits_for_a_cell_becomes_one() -> None:
    """Also where a refusal has brought back what was under way, beside what came after it."""
    world = calm()
    hub = world.hubs[0]
    ban(hub, "first")
    raw = asks(hub)
    ban(hub, "second")
    answered(hub, raw, Refusal("malformed"))
    ban(hub, "third")
    assert len(hub.store.unsent(BAN)) == 1
    world.converge()
    assert marks(world.cloud.store) == {"first", "second", "third"}


def test_what_a_hub_has_seen_for_good_ends_before_what_waits() -> None:
    """The cloud keeps tombstones that its oldest unsent change may not know of, however often that was written anew."""
    world = calm()
    hub, place = world.hubs[0], AtCloud(world.cloud)
    seen = hub.store.me().whole[Lane.SECURITY]
    ban(hub, "early")
    for number in range(3):
        place.write(Cell(Kind.DEVICE, bytes([number]) * 16), place.pen().climb(), None)
        hub.fetch(world.line, Lane.SECURITY)
        ban(hub, f"later {number}")
    hub.fetch(world.line, Lane.SECURITY)
    member = world.cloud.store.member(hub.id)
    assert member is not None
    assert member.past[Lane.SECURITY] <= seen < hub.store.me().whole[Lane.SECURITY]
    world.converge()
    member = world.cloud.store.member(hub.id)
    assert member is not None
    assert member.past[Lane.SECURITY] == world.cloud.store.standing().at


def test_a_ban_that_was_lifted_elsewhere_is_gone_here_too() -> None:
    """Though the hub keeps its own change until that is durable, it isn't laid over the cloud's any more."""
    world = calm()
    hub, place = world.hubs[0], AtCloud(world.cloud)
    ban(hub, "mine")
    world.converge()
    assert [entry.passed for entry in hub.store.entries() if entry.cell == BAN] == [True]
    place.write(BAN, place.pen().lift(Lane.SECURITY), None)
    world.converge()
    assert marks(hub.view) == set()


ROW = Row(Kind.BAN, NOAH, Position(1, 90), b"\x80")


@pytest.mark.parametrize(
    "page",
    [
        Page(1, Lane.SECURITY, START, Position(1, 99), whole=True, rows=(replace(ROW, kind=Kind.AUDIT),)),
        Page(1, Lane.SECURITY, START, Position(1, 99), whole=True, rows=(replace(ROW, at=START),)),
        Page(1, Lane.SECURITY, START, Position(1, 99), whole=True, rows=(replace(ROW, state=b"\xc1"),)),
        Page(7, Lane.SECURITY, START, Position(7, 99), whole=True, rows=(ROW,)),
        Page(1, Lane.SECURITY, Position(1, 5000), Position(1, 5001), whole=True, rows=(ROW,)),
    ],
)
def test_a_page_that_does_not_fit_changes_nothing(page: Page) -> None:
    """Rows of another lane, from before, or that can't be read; another epoch's page; one from somewhere else."""
    world = calm()
    hub = world.hubs[0]
    here = hub.store.me().cursors[Lane.SECURITY]
    page = replace(page, after=here) if page.after == START else page
    request = pull(hub.store, Lane.SECURITY)
    before = hub.store.rows(Lane.SECURITY)
    with suppress(WireError):
        answered(hub, request, page)
    assert hub.store.me().cursors[Lane.SECURITY] == here
    assert hub.store.rows(Lane.SECURITY) == before


def test_an_acknowledgement_of_something_else_acknowledges_nothing() -> None:
    """Neither one that names another end, nor one to a request that isn't under way."""
    world = calm()
    hub = world.hubs[0]
    ban(hub, "mine")
    raw = asks(hub)
    answered(hub, raw, Pushed(b"n", 999, Position(1, 99)))
    answered(hub, pull(hub.store, Lane.SECURITY), Pushed(b"n", hub.store.me().number, Position(1, 99)))
    assert [entry.given for entry in hub.store.entries() if entry.cell == BAN] == [None]
    assert hub.store.me().pending == raw


@pytest.mark.parametrize(("code", "locked"), [("locked", True), ("busy", False), ("newer", False)])
def test_a_refusal_locks_only_who_is_not_the_one(code: str, *, locked: bool) -> None:
    """Others are waited after, and the same is asked again, to the byte."""
    world = calm()
    hub = world.hubs[0]
    ban(hub, "mine")
    raw = asks(hub)
    answered(hub, raw, Refusal(code))
    assert hub.store.me().locked is locked
    assert push(hub.store) == raw


def test_a_request_of_long_ago_that_comes_again_is_not_a_second_hub() -> None:
    """A late copy of it on the line is refused, and locks nobody; another body with that nonce does."""
    world = calm()
    hub, old = world.hubs[0], []
    for number in range(3):
        ban(hub, f"{number}")
        old.append(asks(hub))
        hub.send(world.line)
    key = hub.store.me().key
    for raw in old[:2]:
        assert world.cloud.answer(hub.id, key, raw) == encode(Refusal("repeated"))
    ban(hub, "more")
    assert isinstance(hub.send(world.line), Pushed)


def test_a_copy_that_comes_later_tells_of_both() -> None:
    """The thief's went on from the very introduction that the other makes: neither is listened to from then on."""
    world = calm()
    hub = world.hubs[0]
    hub.boot()
    clone = HubMachine(hub.id)
    clone.store.disk.restore(hub.store.disk.copy())
    clone.copy = hub.copy
    assert isinstance(clone.send(world.line), Welcome)
    put(clone, Kind.AUDIT, record_id(clone.id, b"t" * 8), AtHub(clone).pen().put(event="thief"))
    assert isinstance(clone.send(world.line), Pushed)
    assert hub.send(world.line) == Refusal("repeated")
    assert not hub.store.me().locked
    for each in (hub, clone):
        put(each, BAN.kind, BAN.id, AtHub(each).pen().mark("either"))
        assert each.send(world.line) == Refusal("locked")
    hub.enrol(world.cloud)
    assert isinstance(hub.send(world.line), Welcome)
    assert not hub.store.me().twice


def test_what_is_forgotten_goes_with_the_page_that_says_so() -> None:
    """Not only once both ends are compared; and it is said once."""
    world = calm()
    device = Cell(Kind.DEVICE, b"d" * 16)
    place = AtCloud(world.cloud)
    place.write(device, place.pen().climb(REVOKED), None)
    for _ in range(2):
        world.converge()
        world.cloud.back_up()
        world.cloud.now += 91 * DAY
    world.cloud.bury()
    assert world.cloud.store.standing().gone == 1
    for hub in world.hubs:
        assert hub.store.row(device) is not None
        hub.fetch(world.line, Lane.SECURITY)
        assert hub.store.row(device) is None
        assert hub.store.me().pruned == 1


@pytest.mark.parametrize(
    ("days", "durable", "known", "forgotten"),
    [(91, True, True, 1), (89, True, True, 0), (91, False, True, 0), (91, True, False, 0), (181, True, False, 1)],
)
def test_the_dead_are_forgotten_only_when_nothing_can_bring_them_back(
    days: int, *, durable: bool, known: bool, forgotten: int
) -> None:
    """After 90 days, once that is durable, and every hub knows for good that has been heard of in the last 180 days."""
    world = calm()
    world.cloud.back_up()
    place = AtCloud(world.cloud)
    place.write(Cell(Kind.DEVICE, b"d" * 16), place.pen().climb(REVOKED), None)
    for hub in world.hubs if known else world.hubs[1:]:
        hub.fetch(world.line, Lane.SECURITY)
        hub.fetch(world.line, Lane.SECURITY)
    if durable:
        world.cloud.back_up()
    world.cloud.now += days * DAY
    if not known:
        world.cloud.now -= DAY
        for hub in world.hubs[1:]:
            hub.fetch(world.line, Lane.SECURITY)
        world.cloud.now += DAY
    world.cloud.bury()
    assert world.cloud.store.standing().gone == forgotten
    assert (world.cloud.store.standing().floor > START) is bool(forgotten)


def test_nobody_is_forgotten_by_another_things_end() -> None:
    """A hub may end notices of any id, that of a person or of the household's policy, too: these stay what they are."""
    world = calm()
    hub = world.hubs[0]
    put(hub, Kind.POLICY, HOUSEHOLD, AtHub(hub).pen().put(shares="profiles"))
    world.converge()
    owner = owners(world.cloud.store)[0]
    for subject in (owner, HOUSEHOLD, b"only a notice..."):
        put(hub, Kind.NOTICE, subject, AtHub(hub).pen().climb(REVOKED))
    world.converge()
    world.cloud.back_up()
    world.cloud.now += 91 * DAY
    for each in world.hubs:
        each.fetch(world.line, Lane.SECURITY)
        each.fetch(world.line, Lane.SECURITY)
    world.cloud.bury()
    assert world.cloud.store.standing().gone == 1
    for house in (world.cloud.store, hub.view):
        assert owner in owners(house)
        assert house.state(Cell(Kind.POLICY, HOUSEHOLD)).fields


def test_pages_and_batches_fit_whatever_is_in_them() -> None:
    """Rows of random bytes don't get smaller by being compressed: fewer of them go into one body."""
    world = calm()
    hub, sizes = world.hubs[0], []
    for number in range(60):
        put(
            hub,
            Kind.AUDIT,
            record_id(hub.id, bytes([number]) * 8),
            AtHub(hub).pen().put(row=SeededEntropy(number).token_bytes(8000)),
        )

    def measured(machine: HubMachine, raw: bytes) -> bytes | None:
        said = world.line(machine, raw)
        sizes.extend([len(raw), len(said or b"")])
        return said

    world.cloud.most = 500
    while hub.send(measured) is not None:
        pass
    other = world.hubs[1]
    while (page := other.fetch(measured, Lane.AUDIT)) is not None and not page.whole:
        pass
    assert max(sizes) <= LARGEST_BODY
    assert other.store.rows(Lane.AUDIT) == world.cloud.store.rows(Lane.AUDIT) != []


def test_both_ends_are_compared_only_where_the_hub_has_read_all() -> None:
    """While there is more to read nobody can tell whether they agree."""
    world = calm()
    hub, place = world.hubs[0], AtCloud(world.cloud)
    place.write(BAN, place.pen().mark("theirs"), None)
    told = [hub.fetch(world.line, Lane.SECURITY) for _ in range(2)]
    assert [page and page.agrees for page in told] == [None, True]
