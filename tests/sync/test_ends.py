"""Both ends, by hand: what a simulation meets too rarely, or would pass over."""

import zlib

import pytest
from msgspec.structs import replace

from rex_auth_edge.domain.clock import DAY
from rex_auth_edge.sync.bodies import Change, Hello, Push, Pushed, Refusal, Row, Welcome
from rex_auth_edge.sync.cloud import keeping
from rex_auth_edge.sync.digest import link
from rex_auth_edge.sync.hub.asking import pull, push
from rex_auth_edge.sync.kinds import HOUSEHOLD, REVOKED, Kind
from rex_auth_edge.sync.order import NOTHING, START, Lane, Position, Tag, unsent
from rex_auth_edge.sync.rules.notices import DECIDED_AT
from rex_auth_edge.sync.rules.record import record_id
from rex_auth_edge.sync.state import Cell, Count, Held, Mark, State
from rex_auth_edge.sync.wire import LARGEST_PLAIN, decode, encode, name_of, pack_state, unpack_state
from tests.sync.by_hand import asks, calm, code, put
from tests.sync.simulation.machines import HubMachine
from tests.sync.simulation.places import AtCloud, AtHub
from tests.sync.simulation.world import World


def test_the_security_lane_waits_for_none() -> None:
    """It goes first, whatever waits in others, and also where another lane is refused again and again."""
    world = calm()
    hub, place = world.hubs[0], AtHub(world.hubs[0])
    foreign = Held(unsent(1), Tag(b"somebody else's ", 1, 1), "x")
    put(hub, Kind.PROFILE, HOUSEHOLD, State(fields={"name": foreign}))
    assert isinstance(hub.send(world.line), Refusal)
    put(hub, Kind.SESSION, b"s" * 16, place.pen().climb())
    put(hub, Kind.DEVICE, b"d" * 16, place.pen().climb(REVOKED))
    raw = asks(hub)
    assert decode(raw, Push).lane is Lane.SECURITY
    assert isinstance(hub.send(world.line), Pushed)
    assert isinstance(hub.send(world.line), Pushed)
    assert isinstance(hub.send(world.line), Refusal)


@pytest.mark.parametrize(
    "state",
    [
        State(fields={"a": Held(unsent(1), Tag(b"somebody else's ", 1, 1), 1)}),
        State(marks=(Mark(Tag(b"HUB-0-----------", 1, 99), unsent(1), "a later one"),)),
        State(fields={"a": Held(Position(9, 9), Tag(b"HUB-0-----------", 1, 1), 1)}),
        State(cleared=Position(1, 999)),
        State(counts=(Count("d", b"somebody else's ", 1, 5),)),
        State(version=7),
    ],
)
def test_a_hub_speaks_for_itself_only(state: State) -> None:
    """Changes of others, places that the cloud didn't give, knowledge of what is still to come: none of the batch."""
    world = calm()
    hub = world.hubs[0]
    me = hub.store.me()
    hub.do(lambda: hub.store.put_me(replace(me, number=0)))
    kind = Kind.FAILURES if state.counts else Kind.PROFILE
    lane = Lane.SESSIONS if state.counts else Lane.IDENTITY
    changes = (Change(kind, HOUSEHOLD, 50, NOTHING, pack_state(state)),)
    head = me.heads[lane]
    request = Push(me.nonce, me.incarnation, me.epoch, lane, head, link(head, lane, 50, changes), changes)
    before = world.cloud.store.disk.copy()["rows"]
    assert code(world.cloud.answer(hub.id, me.key, encode(request))) == "forged"
    assert world.cloud.store.disk.copy()["rows"] == before


@pytest.mark.parametrize("cell", [Cell("x" * 33, HOUSEHOLD), Cell("user ", HOUSEHOLD), Cell("device", b"short")])
def test_cells_that_no_table_holds_are_refused(cell: Cell) -> None:
    """Longer names than a column has, blanks that a database pads, ids that are none."""
    world = calm()
    me = world.hubs[0].store.me()
    changes = (Change(cell.kind, cell.id, me.number + 1, NOTHING, pack_state(State(version=0))),)
    head = me.heads[Lane.SECURITY]
    upto = link(head, Lane.SECURITY, me.number + 1, changes)
    request = Push(me.nonce, me.incarnation, me.epoch, Lane.SECURITY, head, upto, changes)
    assert code(world.cloud.answer(me.id, me.key, encode(request))) == "forged"
    lost = (Row(cell.kind, cell.id, START, changes[0].state),)
    none = link(head, Lane.SECURITY, head.number, ())
    request = Push(me.nonce, me.incarnation, me.epoch, Lane.SECURITY, head, none, (), lost)
    assert code(world.cloud.answer(me.id, me.key, encode(request))) == "forged"


def test_bad_requests_are_refused_with_a_code() -> None:
    """Bombs, garbage, unknown hubs and keys; and nothing has changed."""
    world = calm()
    me = world.hubs[0].store.me()
    before = world.cloud.store.disk.copy()
    bomb = zlib.compress(bytes(LARGEST_PLAIN * 2))
    assert [code(world.cloud.answer(me.id, me.key, raw)) for raw in (bomb, b"", b"garbage")] == ["malformed"] * 3
    hello = Hello(me.nonce, 1, me.number, me.epoch, tuple((head,) for head in me.heads))
    assert code(world.cloud.answer(me.id, b"another key", encode(hello))) == "unknown_key"
    assert code(world.cloud.answer(b"another hub     ", me.key, encode(hello))) == "unknown_key"
    assert world.cloud.store.disk.copy() == before


def test_a_hub_that_holds_ends_of_no_lanes_that_there_are_is_another_incarnation() -> None:
    """Nothing that it says of itself keeps the cloud from answering."""
    world = calm()
    me = world.hubs[0].store.me()
    hello = Hello(me.nonce, me.incarnation, me.number, me.epoch, ((me.heads[0],),))
    said = world.cloud.answer(me.id, me.key, encode(hello))
    assert said is not None
    assert decode(said, Welcome).incarnation == me.incarnation + 1


def test_of_two_copies_of_a_hub_neither_is_believed() -> None:
    """The thief comes first; from the other's next word on both learn revocations only, until an owner decides."""
    world = calm()
    hub = world.hubs[0]
    clone = HubMachine(hub.id)
    clone.store.disk.restore(hub.store.disk.copy())
    clone.copy = hub.copy
    put(clone, Kind.AUDIT, record_id(clone.id, b"t" * 8), AtHub(clone).pen().put(event="thief"))
    assert isinstance(clone.send(world.line), Pushed)
    put(hub, Kind.AUDIT, record_id(hub.id, b"h" * 8), AtHub(hub).pen().put(event="mine"))
    assert hub.send(world.line) == Refusal("locked")
    put(clone, Kind.AUDIT, record_id(clone.id, b"u" * 8), AtHub(clone).pen().put(event="thief"))
    assert clone.send(world.line) == Refusal("locked")
    AtCloud(world.cloud).write(Cell(Kind.DEVICE, b"d" * 16), AtCloud(world.cloud).pen().climb(REVOKED), None)
    AtCloud(world.cloud).write(Cell(Kind.DEVICE, b"e" * 16), AtCloud(world.cloud).pen().climb(), None)
    hub.fetch(world.line, Lane.SECURITY)
    assert hub.view.state(Cell(Kind.DEVICE, b"d" * 16)).rung is not None
    assert hub.view.state(Cell(Kind.DEVICE, b"e" * 16)).rung is None
    hub.enrol(world.cloud)
    world.converge()
    assert world.cloud.store.row(Cell(Kind.AUDIT, record_id(hub.id, b"h" * 8))) is not None
    assert code(world.line(clone, push(clone.store) or b"")) == "unknown_key"


def test_a_request_whose_answer_was_lost_is_answered_as_before() -> None:
    """The same bytes bring the same answer, and nothing is taken twice."""
    world = calm()
    hub = world.hubs[0]
    put(hub, Kind.AUDIT, record_id(hub.id, b"a" * 8), AtHub(hub).pen().put(event="once"))
    raw = asks(hub)
    key = hub.store.me().key
    first = world.cloud.answer(hub.id, key, raw)
    at = world.cloud.store.standing().at
    hub.boot()
    assert push(hub.store) == raw
    assert world.cloud.answer(hub.id, key, raw) == first
    assert world.cloud.store.standing().at == at


def test_a_restored_hub_goes_on_as_another_incarnation() -> None:
    """It writes nothing before, and what the cloud hasn't got of what it still has is told anew."""
    world = calm()
    hub = world.hubs[0]
    put(hub, Kind.AUDIT, record_id(hub.id, b"1" * 8), AtHub(hub).pen().put(event="before"))
    backup = hub.store.disk.copy()
    put(hub, Kind.AUDIT, record_id(hub.id, b"2" * 8), AtHub(hub).pen().put(event="after"))
    hub.store.disk.restore(backup)
    hub.boot()
    assert hub.store.me().restored
    answer = hub.send(world.line)
    assert isinstance(answer, Welcome)
    assert hub.store.me().incarnation == 2
    assert hub.may_write
    world.converge()
    assert world.cloud.store.row(Cell(Kind.AUDIT, record_id(hub.id, b"1" * 8))) is not None


def test_the_deleted_are_forgotten_when_everybody_knows_and_do_not_come_back() -> None:
    """After 90 days, and not while a live hub may still speak of them; one away for longer isn't heard about them."""
    world = calm(2)
    here, away = world.hubs[0], world.hubs[1]
    gone = Cell(Kind.DEVICE, b"d" * 16)
    put(here, Kind.DEVICE, gone.id, AtHub(here).pen().climb())
    world.converge()
    away.cut_off = True
    put(away, Kind.DEVICE_PROFILE, gone.id, AtHub(away).pen().put(name="Lamp"))
    put(here, Kind.DEVICE, gone.id, AtHub(here).pen().climb(REVOKED))
    for hub in world.hubs:
        hub.send(world.line)
        hub.fetch(world.line, Lane.SECURITY)
        hub.fetch(world.line, Lane.SECURITY)
    world.cloud.back_up()
    world.cloud.now += 91 * DAY
    for hub in world.hubs:
        hub.fetch(world.line, Lane.SECURITY)
    world.cloud.bury()
    assert world.cloud.store.row(gone) is not None
    world.cloud.now += 100 * DAY
    for hub in world.hubs:
        hub.send(world.line)
        hub.fetch(world.line, Lane.SECURITY)
    keeping_now = world.cloud.store.standing().gone
    world.cloud.bury()
    assert world.cloud.store.standing().gone == keeping_now + 1
    away.cut_off = False
    world.converge()
    for store in (world.cloud.store, *(hub.store for hub in world.hubs)):
        assert list(store.kinds(gone.id)) == []
    assert list(world.cloud.store.subjects(Kind.REVIEW)) == []


@pytest.mark.parametrize("seed", [3, 4])
def test_no_clock_changes_what_a_merge_yields(seed: int) -> None:
    """The same run with the cloud in 1970 and in 2099 ends in the same rows, but for when people are told it was."""
    runs = [World(seed, faults=False, now=now) for now in (0, 4_070_908_800_000)]
    for run in runs:
        run.run(60)
    early, late = (_undated(run.cloud.store.disk.held["rows"]) for run in runs)
    assert early == late


def _undated(rows: dict[Cell, Row]) -> dict[Cell, Row]:
    """The rows without the one field that only people read."""
    kept = {}
    for cell, row in rows.items():
        state = unpack_state(row.state)
        fields = {name: held for name, held in state.fields.items() if name != DECIDED_AT}
        kept[cell] = replace(row, state=pack_state(replace(state, fields=fields)))
    return kept


def test_a_verifier_kept_at_home_never_goes_over_the_line() -> None:
    """Not in a push, and not in what another hub gets; here it goes on being checked against."""
    world = calm()
    hub, place = world.hubs[0], AtHub(world.hubs[0])
    put(hub, Kind.POLICY, HOUSEHOLD, place.pen().put(shares="profiles"))
    put(hub, Kind.PASSWORD, b"maya" * 4, place.pen().password(b"a secret verifier"))
    said = list[bytes]()
    while (raw := hub.do(lambda: push(hub.store))) is not None:
        said.append(raw)
        hub.send(world.line)
    said += [pull(hub.store, lane) for lane in Lane]
    assert not any(b"a secret verifier" in zlib.decompress(raw) for raw in said)
    world.converge()
    assert hub.view.verifier(b"maya" * 4) == b"a secret verifier"
    assert world.hubs[1].view.verifier(b"maya" * 4) is None


def test_one_differing_row_is_found_in_four_questions() -> None:
    """And mended, wherever in the tree it lies; equal ends ask nothing."""
    world = calm()
    place = AtCloud(world.cloud)
    for number in range(300):
        place.write(Cell(Kind.AUDIT, record_id(place.node, number.to_bytes(8))), place.pen().put(event="login"), None)
    world.converge()
    hub = world.hubs[0]
    rows = hub.store.rows(Lane.AUDIT)
    hub.do(lambda: hub.store.put_row(replace(rows[200], state=pack_state(State(version=3)))))
    page = hub.fetch(world.line, Lane.AUDIT)
    assert page is not None
    assert page.agrees is False
    assert hub.mend(world.line, Lane.AUDIT) <= 4
    assert hub.store.rows(Lane.AUDIT) == rows == world.cloud.store.rows(Lane.AUDIT)


def test_a_removed_hub_is_told_so() -> None:
    """And nothing else."""
    world = calm()
    hub = world.hubs[0]
    with world.cloud.store.disk.transaction():
        keeping.remove(world.cloud.store, hub.id)
    put(hub, Kind.AUDIT, record_id(hub.id, b"a" * 8), AtHub(hub).pen().put(event="more"))
    assert hub.send(world.line) == Refusal("removed")
    assert hub.fetch(world.line, Lane.SECURITY) is None
    assert not hub.may_write
    assert name_of(hub.store.me().pending) == Push.__name__
