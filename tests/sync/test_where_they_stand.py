"""What hub and cloud say of where they stand: claims that can't be, answers that come late, commits that were lost."""

from typing import Any

import pytest
from msgspec.structs import replace

from rex_auth_edge.sync.bodies import Compared, Hello, Pull, Push, Pushed, Refusal, Row, Welcome
from rex_auth_edge.sync.cloud.giving import MOST_GONE, MOST_ROWS
from rex_auth_edge.sync.cloud.giving import page as page_of
from rex_auth_edge.sync.house import revoked
from rex_auth_edge.sync.hub.asking import push
from rex_auth_edge.sync.hub.comparing import further, question
from rex_auth_edge.sync.hub.store import Lost
from rex_auth_edge.sync.kinds import ACTIVE, HOUSEHOLD, PENDING, Kind
from rex_auth_edge.sync.order import NOTHING, START, Lane, Position, Tag
from rex_auth_edge.sync.pen import Pen
from rex_auth_edge.sync.rules.record import record_id
from rex_auth_edge.sync.state import Cell, State
from rex_auth_edge.sync.wire import LARGEST_BODY, decode, encode, pack_state
from tests.doubles import SeededEntropy
from tests.sync.by_hand import BAN, asks, ban, calm, code, marks, put, put_back
from tests.sync.houses import LEO, MAYA, NOAH
from tests.sync.simulation.machines import HubMachine
from tests.sync.simulation.places import AtCloud, AtHub
from tests.sync.simulation.world import World

AHEAD = Position(1, 9999)


@pytest.mark.parametrize("where", [{"after": AHEAD}, {"past": (AHEAD, START, START, START)}])
def test_nobody_has_read_or_seen_what_is_still_to_come(where: dict[str, Any]) -> None:
    """Whoever says so introduces itself first: the cloud may have been restored."""
    world = calm()
    me = world.hubs[0].store.me()
    asked = replace(Pull(me.epoch, Lane.AUDIT, START, NOTHING), **where)
    assert code(world.cloud.answer(me.id, me.key, encode(asked))) == "greet"


@pytest.mark.parametrize("how", ["read", "told"])
def test_what_a_hub_was_told_shows_that_the_cloud_was_restored(how: str) -> None:
    """Be it that it has read what others wrote, or that what it wrote itself was acknowledged, and nothing else."""
    world = calm()
    hub, place = world.hubs[0], AtCloud(world.cloud)
    world.cloud.back_up()
    backup = world.cloud.store.disk.copy()
    place.write(BAN, place.pen().mark("elsewhere"), None)
    if how == "read":
        hub.read(world.line, Lane.SECURITY)
    else:
        ban(hub, "here")
        said = hub.send(world.line)
        assert isinstance(said, Pushed)
        assert not said.echo
    world.cloud.store.disk.restore(backup)
    hub.boot()
    assert isinstance(hub.send(world.line), Welcome)
    assert world.cloud.store.standing().at.epoch == 2


def test_what_two_restores_have_forgotten_goes_from_a_hub_that_read_nothing_between_them() -> None:
    """Of the first as well, though the second says from where on the cloud counts now."""
    world = calm()
    hub, place, cell = world.hubs[0], AtCloud(world.cloud), Cell(Kind.PROFILE, NOAH)
    world.cloud.back_up()
    place.write(cell, place.pen().put(phone="forgotten"), None)
    world.converge()
    for _ in range(2):
        world.cloud.restore()
        hub.fetch(world.line, Lane.IDENTITY)
        assert isinstance(hub.send(world.line), Welcome)
        place.write(Cell(Kind.PROFILE, LEO), place.pen().put(phone="kept"), None)
        world.cloud.back_up()
    hub.read(world.line, Lane.IDENTITY)
    assert hub.store.rows(Lane.IDENTITY) == world.cloud.store.rows(Lane.IDENTITY)


def test_a_hub_that_lost_what_it_had_read_reads_it_again() -> None:
    """What it has sent is in the copy, and answered as all that is new: it knows less by now than it knew then."""
    world = calm()
    hub, place = world.hubs[0], AtCloud(world.cloud)
    put(hub, Kind.PROFILE, MAYA, AtHub(hub).pen().put(phone="47"))
    place.write(Cell(Kind.PROFILE, NOAH), place.pen().put(phone="48"), None)
    page = hub.fetch(world.line, Lane.IDENTITY)
    assert page is not None
    assert page.whole
    asks(hub)
    hub.store.disk.lose(2)
    hub.boot()
    assert not hub.store.me().restored
    said = hub.send(world.line)
    assert isinstance(said, Pushed)
    assert said.echo
    hub.fetch(world.line, Lane.IDENTITY)
    assert hub.store.rows(Lane.IDENTITY) == world.cloud.store.rows(Lane.IDENTITY)


def test_a_refusal_that_nobody_waits_for_changes_nothing() -> None:
    """As of a request that was answered before: what is under way stays so, and the hub goes on."""
    world = calm()
    hub = world.hubs[0]
    ban(hub, "first")
    old = asks(hub)
    assert isinstance(hub.send(world.line), Pushed)
    before = hub.store.me()
    for refusal in ("greet", "locked", "removed"):
        hub.hear(old, encode(Refusal(refusal)))
    assert replace(hub.store.me(), commits=before.commits) == before


def test_a_hub_that_is_told_of_another_copy_says_so() -> None:
    """In its next introduction, which nobody has made before."""
    world = calm()
    hub = world.hubs[0]
    ban(hub, "mine")
    raw = asks(hub)
    hub.hear(raw, encode(Refusal("repeated")))
    assert decode(asks(hub), Hello).twice


def test_security_goes_first_again_once_both_have_met() -> None:
    """Though a change of that lane was refused before."""
    world = calm()
    hub = world.hubs[0]
    hub.do(lambda: hub.store.put_me(replace(hub.store.me(), stuck=(Lane.SECURITY,), greeted=False)))
    assert isinstance(hub.send(world.line), Welcome)
    put(hub, Kind.PROFILE, MAYA, AtHub(hub).pen().put(phone="47"))
    ban(hub, "mine")
    assert decode(asks(hub), Push).lane is Lane.SECURITY


def test_what_a_cloud_has_forgotten_counts_among_a_requests_changes_and_is_told_once() -> None:
    """A request has so many rows at most, whoever wrote them; none is in the next one."""
    world = calm()
    hub = world.hubs[0]
    for device in (b"1" * 16, b"2" * 16):
        put(hub, Kind.DEVICE, device, AtHub(hub).pen().climb())
    lost = Lost(BAN, pack_state(AtHub(hub).pen().mark("forgotten")))
    hub.do(lambda: hub.store.put_lost(lost))
    first = decode(hub.do(lambda: push(hub.store, 2)), Push)
    assert (len(first.lost), len(first.changes)) == (1, 1)
    assert isinstance(hub.send(world.line, 2), Pushed)
    second = decode(hub.do(lambda: push(hub.store, 2)), Push)
    assert (len(second.lost), len(second.changes)) == (0, 1)
    world.converge()
    assert marks(world.cloud.store) == {"forgotten"}


def test_who_comes_after_somebody_was_forgotten_is_told_of_no_such_person() -> None:
    """A hub that has read nothing has nothing to forget."""
    world = calm()
    store = world.cloud.store
    with store.disk.transaction():
        store.bury(b"somebody of old.", 1)
        store.put_standing(replace(store.standing(), gone=1))
    hub = HubMachine(b"HUB-new---------")
    hub.enrol(world.cloud)
    assert isinstance(hub.send(world.line), Welcome)
    page = hub.fetch(world.line, Lane.SECURITY)
    assert page is not None
    assert page.gone == ()


def test_any_number_who_were_forgotten_come_in_pages_of_some_hundred() -> None:
    """A page holds no more than its body may; only after the last the hub knows everything, and has passed them all."""
    world = calm()
    store, hub = world.cloud.store, world.hubs[0]
    many = 2 * MOST_GONE + 1
    with store.disk.transaction():
        for number in range(1, many + 1):
            store.bury(number.to_bytes(16, "big"), number)
        store.put_standing(replace(store.standing(), gone=many))
    told = []
    for _ in range(3):
        page = hub.fetch(world.line, Lane.SECURITY)
        assert page is not None
        told.append((len(page.gone), page.pruned, page.whole, hub.store.me().pruned))
    first, second = MOST_GONE, 2 * MOST_GONE
    assert told == [(first, first, False, first), (first, second, False, second), (1, many, True, many)]


def test_who_was_forgotten_counts_for_a_pages_size() -> None:
    """Rows that just fit a body come in two pages where ids of those forgotten come with them."""
    world = calm()
    store, some = world.cloud.store, SeededEntropy(1).token_bytes
    rows = [Row(Kind.BAN, bytes(8), Position(1, 100 + each), some(64 * 1024 - 300)) for each in range(4)]
    with store.disk.transaction():
        for each, row in enumerate(rows):
            store.put_row(replace(row, id=each.to_bytes(16, "big")))
        for number in range(1, MOST_GONE + 1):
            store.bury(some(16), number)
    me = world.hubs[0].store.me()
    raw = encode(page_of(store, Pull(me.epoch, Lane.SECURITY, me.cursors[0], me.whole, 0), MOST_ROWS))
    assert len(raw) <= LARGEST_BODY


def leaf(hub: HubMachine, world: World, cell: Cell) -> tuple[tuple[int, ...], Compared]:
    """Where the cell lies, and what the cloud has there."""
    paths: list[tuple[int, ...]] = [()]
    while True:
        path = paths.pop()
        raw = world.line(hub, question(hub.store, Lane.AUDIT, path))
        compared = decode(raw or b"", Compared)
        if compared.rows or len(path) == 3:
            return path, compared
        paths += further(hub.store, Lane.AUDIT, path, compared)


def test_a_row_that_the_cloud_has_not_goes() -> None:
    """Where both ends are compared; but not by an answer about what the hub had read before."""
    world = calm()
    hub = world.hubs[0]
    here = Cell(Kind.AUDIT, record_id(hub.id, b"not there"[:8]))
    state = pack_state(AtCloud(world.cloud).pen().put(event="x"))
    hub.do(lambda: hub.store.put_row(Row(here.kind, here.id, Position(1, 1), state)))
    path, compared = leaf(hub, world, here)
    late = replace(compared, at=Position(1, 0))
    hub.do(lambda: further(hub.store, Lane.AUDIT, path, late))
    assert hub.store.row(here) is not None
    hub.do(lambda: further(hub.store, Lane.AUDIT, path, compared))
    assert hub.store.row(here) is None


def test_a_restored_hub_takes_back_no_invitation_but_its_own_that_nobody_has_used() -> None:
    """Another hub's is still good, and whoever has come by one of its own stays in."""
    world = calm()
    hub, other = world.hubs[:2]
    put(hub, Kind.INVITATION, b"u" * 16, AtHub(hub).pen().climb(PENDING))
    put(hub, Kind.INVITATION, b"u" * 16, AtHub(hub).pen().climb(ACTIVE))
    put(other, Kind.INVITATION, b"o" * 16, AtHub(other).pen().climb(PENDING))
    world.converge()
    backup = hub.store.disk.copy()
    put_back(hub, backup)
    world.converge()
    assert hub.store.me().incarnation == 2
    assert [revoked(world.cloud.store, Kind.INVITATION, each * 16) for each in (b"u", b"o")] == [False, False]


def test_an_incarnation_is_begun_once_whatever_the_cloud_has_forgotten() -> None:
    """One that a restored cloud knows nothing of has given numbers: the next is later than it as well."""
    world = calm()
    hub = world.hubs[0]
    backup = hub.store.disk.copy()
    put_back(hub, backup)
    world.converge()
    assert hub.store.me().incarnation == 2
    world.cloud.restore()
    hub.boot()
    assert isinstance(hub.send(world.line), Welcome)
    assert hub.store.me().incarnation == 3


def test_a_key_that_is_none_is_refused() -> None:
    """Nothing of that length is a public key: it would be kept for every request to come."""
    world = calm()
    hub = world.hubs[0]
    hub.do(lambda: hub.store.put_me(replace(hub.store.me(), next_key=bytes(65), greeted=False)))
    assert hub.send(world.line) == Refusal("malformed")


@pytest.mark.parametrize(
    ("cell", "told"),
    [
        (BAN, Pen(Tag(b"HUB-0-----------", 1, 99), NOTHING, AHEAD).mark("forged")),
        (Cell(Kind.POLICY, HOUSEHOLD), State(version=1 << 33)),
    ],
)
def test_nobody_has_forgotten_what_is_still_to_come(cell: Cell, told: State) -> None:
    """A mark at a later place than was ever given would be lifted by nobody who sees it; nor are versions used up."""
    world = calm()
    hub = world.hubs[0]
    hub.do(lambda: hub.store.put_lost(Lost(cell, pack_state(told))))
    assert hub.send(world.line) == Refusal("forged")
    assert world.cloud.store.row(cell) is None
