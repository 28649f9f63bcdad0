"""What is on its way, by hand: kept until it is durable, shown until it has come back, never taken from the past."""

from hashlib import shake_128

from msgspec.structs import replace

from rex_auth_edge.sync.bodies import Push, Pushed, Refusal, Welcome
from rex_auth_edge.sync.hub.applying import apply, read
from rex_auth_edge.sync.hub.asking import pull
from rex_auth_edge.sync.hub.pace import Pace
from rex_auth_edge.sync.kinds import REVOKED, Kind
from rex_auth_edge.sync.order import Lane
from rex_auth_edge.sync.rules.record import record_id
from rex_auth_edge.sync.state import Cell
from rex_auth_edge.sync.wire import LARGEST_BODY, decode, encode, name_of
from tests.sync.by_hand import answers, calm, put
from tests.sync.simulation.machines import HubMachine
from tests.sync.simulation.places import AtCloud, AtHub


def test_what_was_confirmed_outlives_the_clouds_restore() -> None:
    """A hub keeps what the cloud has until that is durable there, and tells it again; revocations of others, too."""
    world = calm()
    here, there = world.hubs[:2]
    put(here, Kind.PROFILE, b"maya" * 4, AtHub(here).pen().put(phone="47"))
    AtCloud(world.cloud).write(Cell(Kind.DEVICE, b"d" * 16), AtCloud(world.cloud).pen().climb(REVOKED), None)
    world.converge()
    assert [entry.passed for entry in here.store.entries() if entry.cell.kind == Kind.PROFILE] == [True]
    world.cloud.restore()
    assert world.cloud.store.row(Cell(Kind.DEVICE, b"d" * 16)) is None
    world.converge()
    assert world.cloud.store.state(Cell(Kind.PROFILE, b"maya" * 4)).fields["phone"].value == "47"
    assert world.cloud.store.state(Cell(Kind.DEVICE, b"d" * 16)).rung is not None
    world.cloud.back_up()
    world.converge()
    assert [entry for hub in (here, there) for entry in hub.store.entries() if entry.given is None] == []


def test_an_own_change_stays_until_it_has_come_back() -> None:
    """Acknowledged isn't enough, nor having read up to its place: its cell may have moved on past what was read."""
    world = calm()
    hub, cell = world.hubs[0], Cell(Kind.BAN, b"maya" * 4)
    world.cloud.most = 1
    place = AtCloud(world.cloud)
    place.write(Cell(Kind.BAN, b"noah" * 4), place.pen().mark("another"), None)
    put(hub, cell.kind, cell.id, AtHub(hub).pen().mark("mine"))
    assert isinstance(hub.send(world.line), Pushed)
    given = world.cloud.store.standing().at
    assert [mark.what for mark in hub.view.state(cell).marks] == ["mine"]
    place.write(Cell(Kind.BAN, b"leo!" * 4), place.pen().mark("a third"), None)
    place.write(cell, place.pen().mark("theirs"), None)
    seen = hub.store.me().whole
    while hub.store.row(cell) is None:
        assert [mark.what for mark in hub.view.state(cell).marks] == ["mine"]
        assert hub.store.me().whole == seen
        page = hub.fetch(world.line, Lane.SECURITY)
        assert page is not None
    assert {mark.what for mark in hub.view.state(cell).marks} == {"mine", "theirs"}
    world.converge()
    assert hub.store.me().whole[Lane.SECURITY] > given


def test_a_page_that_comes_late_changes_nothing() -> None:
    """An answer to where the hub was before moves neither its cursor nor its rows."""
    world = calm()
    hub, place = world.hubs[0], AtCloud(world.cloud)
    key = hub.store.me().key
    place.write(Cell(Kind.BAN, b"noah" * 4), place.pen().mark("one"), None)
    asked = pull(hub.store, Lane.SECURITY)
    late = world.cloud.answer(hub.id, key, asked)
    assert late is not None
    place.write(Cell(Kind.BAN, b"noah" * 4), place.pen().mark("two"), None)
    hub.fetch(world.line, Lane.SECURITY)
    before = (replace(hub.store.me(), commits=0), hub.store.rows(Lane.SECURITY))
    hub.hear(asked, late)
    assert (replace(hub.store.me(), commits=0), hub.store.rows(Lane.SECURITY)) == before


def test_a_page_is_taken_in_parts() -> None:
    """A hub that goes off in the middle of one asks for the rest, and has seen no more than it has taken."""
    world = calm()
    hub, place = world.hubs[0], AtCloud(world.cloud)
    hub.most = 2
    for number in range(5):
        place.write(Cell(Kind.PROFILE, bytes([number]) * 16), place.pen().put(phone=number), None)
    world.cloud.most = 500
    asked = pull(hub.store, Lane.IDENTITY)
    parts = read(answers(world, hub, asked) or b"", hub.most)
    before, ends = hub.store.me(), []
    for part in parts[:2]:
        hub.do(lambda part=part: apply(hub.store, asked, part))  # type: ignore[misc]  # bound at once
        ends.append(len(hub.store.rows(Lane.IDENTITY, before.cursors[Lane.IDENTITY])))
    assert ends == [2, 4]
    hub.boot()
    assert hub.store.me().whole == before.whole
    page = hub.fetch(world.line, Lane.IDENTITY)
    assert page is not None
    assert [row.id[0] for row in page.rows] == [4]
    assert hub.store.me().whole > before.whole
    world.converge()


def test_what_has_come_back_is_taken_off_in_parts() -> None:
    """What lies on it a little longer is the same; it goes on where the hub went off, and so does forgetting."""
    world = calm()
    hub, place = world.hubs[0], AtCloud(world.cloud)
    cells = [Cell(Kind.PROFILE, bytes([number]) * 16) for number in range(5)]
    for cell in cells:
        place.write(cell, place.pen().put(phone="1"), None)
    world.converge()
    place.write(Cell(Kind.PROFILE, b"else" * 4), place.pen().put(phone="1"), None)  # so that nothing is an echo
    for cell in cells:
        put(hub, cell.kind, cell.id, AtHub(hub).pen().put(phone="2"))
    hub.most = 2
    hub.send(world.line)
    hub.read(world.line, Lane.IDENTITY)
    assert lying(hub) == [False, False, True, True, True]
    assert {hub.view.state(cell).fields["phone"].value for cell in cells} == {"2"}
    hub.boot()
    assert hub.settle()
    assert lying(hub) == [False, False, False, False, True]
    while hub.settle():
        pass
    assert lying(hub) == [False] * len(cells)
    world.cloud.back_up()
    place.write(cells[0], place.pen().put(phone="3"), None)
    hub.fetch(world.line, Lane.IDENTITY)
    assert len(lying(hub)) < len(cells)
    hub.boot()
    world.converge()
    assert lying(hub) == []


def test_what_a_restored_cloud_has_forgotten_waits_again_in_parts() -> None:
    """The last first, and nothing is sent before; a hub that goes off meanwhile goes on."""
    world = calm()
    hub, cells = world.hubs[0], [Cell(Kind.PROFILE, bytes([number]) * 16) for number in range(5)]
    for cell in cells:
        put(hub, cell.kind, cell.id, AtHub(hub).pen().put(phone="1"))
    world.converge()
    world.cloud.restore()
    hub.most = 2
    hub.fetch(world.line, Lane.IDENTITY)
    assert isinstance(hub.send(world.line), Welcome)
    assert [entry.given is None for entry in hub.store.entries()] == [False, False, False, True, True]
    hub.boot()
    assert hub.send(world.line) is None
    while hub.settle():
        pass
    assert [entry.given is None for entry in hub.store.entries()] == [True] * len(cells)
    world.converge()
    assert {world.cloud.store.state(cell).fields["phone"].value for cell in cells} == {"1"}


def test_another_incarnation_writes_again_in_parts() -> None:
    """It is silent until all is written again, each once, though it goes off in the middle."""
    world = calm()
    hub, cells = world.hubs[0], [Cell(Kind.PROFILE, bytes([number]) * 16) for number in range(5)]
    for cell in cells:
        put(hub, cell.kind, cell.id, AtHub(hub).pen().put(phone="1"))
    backup = hub.store.disk.copy()
    put(hub, Kind.PROFILE, b"else" * 4, AtHub(hub).pen().put(phone="1"))
    hub.store.disk.restore(backup)
    hub.boot()
    hub.most = 2
    assert isinstance(hub.send(world.line), Welcome)
    hub.boot()
    assert hub.store.me().silent
    while hub.settle():
        pass
    assert hub.may_write
    world.converge()
    made = [world.cloud.store.state(cell).fields["phone"].by for cell in cells]
    assert [by.incarnation for by in made] == [2] * len(cells)


def lying(hub: HubMachine) -> list[bool]:
    """Of what the hub has written itself, and keeps: whether it lies on top yet."""
    return [not entry.passed for entry in hub.store.entries()]


def test_what_is_too_large_is_sent_in_parts() -> None:
    """Nothing was taken of it, so the changes go in smaller requests; one that is too large alone holds up none."""
    world = calm()
    hub, limit = world.hubs[0], 3
    for number in range(7):
        put(hub, Kind.AUDIT, record_id(hub.id, bytes([number]) * 8), AtHub(hub).pen().put(event="login"))

    def narrow(machine: HubMachine, raw: bytes) -> bytes | None:
        too_large = name_of(raw) == Push.__name__ and len(decode(raw, Push).changes) > limit
        return encode(Refusal("too_large")) if too_large else world.line(machine, raw)

    pace = Pace(most=7)
    while (said := hub.send(narrow, pace.most)) is not None:
        pace = pace.too_large() if isinstance(said, Refusal) else pace.succeeded()
    assert len(list(world.cloud.store.subjects(Kind.AUDIT))) == 7
    limit = 0
    put(hub, Kind.SESSION, b"s" * 16, AtHub(hub).pen().climb())
    assert isinstance(hub.send(narrow, 1), Refusal)
    assert hub.store.me().stuck == (Lane.SESSIONS,)


def test_what_no_body_has_room_for_holds_up_no_other_lane() -> None:
    """The hub can read its own request when that is refused for its size, and goes on with what else waits."""
    world = calm()
    hub = world.hubs[0]
    put(hub, Kind.PROFILE, b"maya" * 4, AtHub(hub).pen().put(picture=shake_128(b"").digest(2 * LARGEST_BODY)))
    put(hub, Kind.SESSION, b"s" * 16, AtHub(hub).pen().climb())

    def bounded(machine: HubMachine, raw: bytes) -> bytes | None:
        return encode(Refusal("too_large")) if len(raw) > LARGEST_BODY else world.line(machine, raw)

    assert isinstance(hub.send(bounded, 500), Refusal)
    assert hub.store.me().stuck == (Lane.IDENTITY,)
    assert isinstance(hub.send(bounded, 500), Pushed)
    assert list(world.cloud.store.subjects(Kind.SESSION)) == [b"s" * 16]
