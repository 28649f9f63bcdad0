"""Coming back, by hand: what a hub, or a cloud, that was restored or forked keeps, tells again, and must let be."""

from functools import partial

from msgspec.structs import replace

from rex_auth_edge.domain.clock import DAY
from rex_auth_edge.domain.roles import Role
from rex_auth_edge.sync.bodies import Head, Hello, Pushed, Refusal, Welcome
from rex_auth_edge.sync.cloud import keeping
from rex_auth_edge.sync.house import revoked, role_in
from rex_auth_edge.sync.hub.asking import pull
from rex_auth_edge.sync.hub.store import Lost
from rex_auth_edge.sync.kinds import HOUSEHOLD, REVOKED, Kind
from rex_auth_edge.sync.order import Lane, Position
from rex_auth_edge.sync.rules.record import record_id
from rex_auth_edge.sync.state import Cell
from rex_auth_edge.sync.wire import encode, name_of, pack_state
from tests.sync.by_hand import BAN, answers, asks, ban, calm, marks, put, put_back
from tests.sync.houses import MAYA, NOAH
from tests.sync.simulation.places import AtCloud, AtHub

MALLORY = b"mallory!" * 2


def test_what_a_restored_cloud_has_forgotten_goes_from_its_hubs_too() -> None:
    """A later value that nobody tells again, and a cell: already by reading, not only once both ends are compared."""
    world = calm()
    hub, place = world.hubs[0], AtCloud(world.cloud)
    place.write(Cell(Kind.PROFILE, MAYA), place.pen().put(phone="kept"), None)
    world.cloud.back_up()
    place.write(Cell(Kind.PROFILE, MAYA), place.pen().put(phone="forgotten"), None)
    place.write(Cell(Kind.PROFILE, NOAH), place.pen().put(phone="forgotten"), None)
    world.converge()
    world.cloud.restore()
    hub.fetch(world.line, Lane.IDENTITY)
    hub.send(world.line)
    hub.read(world.line, Lane.IDENTITY)
    assert hub.store.rows(Lane.IDENTITY) == world.cloud.store.rows(Lane.IDENTITY)


def test_what_a_hub_tells_a_restored_cloud_stays_in_force_until_it_has_come_back() -> None:
    """Also where a page that was asked for before comes after the acknowledgement."""
    world = calm()
    hub, place = world.hubs[0], AtCloud(world.cloud)
    place.write(Cell(Kind.DEVICE, b"d" * 16), place.pen().climb(REVOKED), None)
    world.converge()
    world.cloud.restore()
    hub.fetch(world.line, Lane.SECURITY)
    hub.send(world.line)
    hub.read(world.line, Lane.SECURITY)
    asked = pull(hub.store, Lane.SECURITY)
    late = answers(world, hub, asked)
    assert isinstance(hub.send(world.line), Pushed)
    hub.hear(asked, late or b"")
    assert hub.store.row(Cell(Kind.DEVICE, b"d" * 16)) is None
    assert revoked(hub.view, Kind.DEVICE, b"d" * 16)
    world.converge()
    assert revoked(world.cloud.store, Kind.DEVICE, b"d" * 16)
    assert hub.store.lost() == []


def test_what_a_hub_says_that_the_cloud_has_forgotten_opens_no_door() -> None:
    """It needn't be its own, so that it may close some: it lets no device in, and lifts nothing."""
    world = calm()
    hub, store = world.hubs[0], world.cloud.store
    place, device = AtCloud(world.cloud), Cell(Kind.DEVICE, b"d" * 16)
    place.write(BAN, place.pen().mark("a ban"), None)
    world.converge()
    pen = AtHub(hub).pen()
    for cell, state in ((device, pen.climb()), (BAN, pen.lift(Lane.SECURITY))):
        hub.do(partial(hub.store.put_lost, Lost(cell, pack_state(state))))
    world.converge()
    assert hub.store.lost() == []
    assert store.row(device) is None
    assert marks(store) == {"a ban"}


def test_a_role_of_which_the_cloud_has_forgotten_raises_nobody() -> None:
    """Not who has none there, whoever is said to have given it; who gave it tells it again, and then it counts."""
    world = calm()
    hub, other, store = *world.hubs[:2], world.cloud.store
    cell, given = Cell(Kind.ROLE, MALLORY), AtHub(other).pen().role("owner")
    hub.do(partial(hub.store.put_lost, Lost(cell, pack_state(given))))
    while hub.store.lost():
        assert hub.send(world.line) is not None
        hub.fetch(world.line, Lane.SECURITY)
    assert role_in(store.state(cell)) is Role.GUEST
    put(other, cell.kind, cell.id, given)
    world.converge()
    assert role_in(store.state(cell)) is Role.OWNER


def test_who_is_forgotten_after_a_restore_is_so_on_hubs_that_knew_of_more() -> None:
    """A restored cloud numbers anew whom it forgets: a hub that has got further counts from where the cloud does."""
    world = calm()
    hub, place = world.hubs[0], AtCloud(world.cloud)
    for device in (b"1" * 16, b"2" * 16):
        place.write(Cell(Kind.DEVICE, device), place.pen().climb(REVOKED), None)
    world.converge()
    world.cloud.back_up()
    world.cloud.now += 100 * DAY
    world.converge()
    world.cloud.bury()
    world.converge()
    assert hub.store.me().pruned == 2
    world.cloud.restore()
    world.converge()
    assert hub.store.me().pruned == 0
    world.cloud.back_up()
    world.cloud.bury()
    hub.fetch(world.line, Lane.SECURITY)
    assert hub.store.row(Cell(Kind.DEVICE, b"1" * 16)) is None


def test_a_forked_hub_lifts_nothing_that_it_never_knew() -> None:
    """Its whole disk was restored, so that it has given numbers twice: what bore them first isn't its to take back."""
    world = calm()
    hub = world.hubs[1]
    backup, copy = hub.store.disk.copy(), hub.copy
    ban(hub, "of before")
    assert isinstance(hub.send(world.line), Pushed)
    hub.store.disk.restore(backup)
    hub.copy = copy
    hub.boot()
    ban(hub, "mine")
    put(hub, BAN.kind, BAN.id, AtHub(hub).pen().lift(Lane.SECURITY))
    assert hub.send(world.line) == Refusal("locked")
    hub.enrol(world.cloud)
    world.converge()
    assert marks(world.cloud.store) == {"of before"}


def test_nothing_that_waits_is_lost_when_a_hub_becomes_another_incarnation() -> None:
    """What it writes from then on has numbers of its own."""
    world = calm()
    hub = world.hubs[1]
    ids = [record_id(hub.id, bytes([number]) * 8) for number in range(6)]
    for each in ids:
        put(hub, Kind.AUDIT, each, AtHub(hub).pen().put(row=1))
    backup = hub.store.disk.copy()
    put_back(hub, backup)
    world.converge()
    assert set(ids) <= set(world.cloud.store.subjects(Kind.AUDIT))


def test_a_hub_that_lost_its_new_key_with_the_disks_last_commits_has_it_in_the_copy() -> None:
    """The cloud has ended the old one already; it introduces itself, as after each start, and goes on."""
    world = calm()
    hub = world.hubs[0]
    old = hub.store.me().key
    hub.do(lambda: hub.store.put_me(replace(hub.store.me(), next_key=b"new", greeted=False)))
    assert isinstance(hub.send(world.line), Welcome)
    hub.fetch(world.line, Lane.AUDIT)
    hub.store.disk.lose(2)
    hub.boot()
    assert world.cloud.answer(hub.id, old, pull(hub.store, Lane.AUDIT)) == encode(Refusal("unknown_key"))
    assert name_of(asks(hub)) == Hello.__name__
    assert isinstance(hub.send(world.line), Welcome)
    assert hub.store.me().key == b"new"


def test_a_verifier_kept_at_home_is_still_there_after_a_restore() -> None:
    """Under the name that its password has as another incarnation's."""
    world = calm()
    hub = world.hubs[0]
    put(hub, Kind.POLICY, HOUSEHOLD, AtHub(hub).pen().put(shares="profiles"))
    put(hub, Kind.PASSWORD, MAYA, AtHub(hub).pen().password(b"a verifier"))
    backup = hub.store.disk.copy()
    put_back(hub, backup)
    world.converge()
    assert hub.store.me().incarnation == 2
    assert hub.view.verifier(MAYA) == b"a verifier"


def test_a_hub_that_forked_lifts_what_it_had_known_before() -> None:
    """Its own mark that has a place, and that it hasn't got back: as another incarnation it still lifts that."""
    world = calm()
    hub = world.hubs[1]
    ban(hub, "mine")
    assert isinstance(hub.send(world.line), Pushed)
    put(hub, BAN.kind, BAN.id, AtHub(hub).pen().lift(Lane.SECURITY))
    backup = hub.store.disk.copy()
    put_back(hub, backup)
    world.converge()
    assert hub.store.me().incarnation == 2
    assert marks(world.cloud.store) == set()


def test_what_is_durable_and_when_a_hub_was_heard_of_only_rise() -> None:
    """Backups may be verified out of their order, and the cloud's clock be set back."""
    world = calm()
    hub, store = world.hubs[0], world.cloud.store
    at, met = store.standing().at, store.member(hub.id)
    with store.disk.transaction():
        keeping.made_durable(store, at)
        keeping.made_durable(store, Position(at.epoch, at.seq - 1))
    world.cloud.now -= DAY
    put(hub, Kind.PROFILE, MAYA, AtHub(hub).pen().put(phone="47"))
    world.converge()
    later = store.member(hub.id)
    assert store.standing().durable == at
    assert met is not None
    assert later is not None
    assert later.contact == met.contact


def test_a_removed_hub_is_not_waited_for() -> None:
    """It never hears of the dead, who are forgotten all the same."""
    world = calm()
    place = AtCloud(world.cloud)
    place.write(Cell(Kind.DEVICE, b"d" * 16), place.pen().climb(REVOKED), None)
    gone = world.hubs.pop(0)
    with world.cloud.store.disk.transaction():
        keeping.remove(world.cloud.store, gone.id)
    world.converge()
    world.cloud.back_up()
    world.cloud.now += 91 * DAY
    world.cloud.bury()
    assert world.cloud.store.standing().gone == 1


def test_a_hub_that_holds_other_ends_than_the_cloud_becomes_another_incarnation() -> None:
    """Though it shows the nonce that it was given; a cloud of a new epoch looks at how far it has counted."""
    world = calm()
    hub = world.hubs[0]
    heads = tuple(Head(head.number, b"another") for head in hub.store.me().heads)
    hub.do(lambda: hub.store.put_me(replace(hub.store.me(), heads=heads, greeted=False)))
    assert isinstance(hub.send(world.line), Welcome)
    assert hub.store.me().incarnation == 2
    world = calm()
    hub = world.hubs[0]
    world.cloud.restore()
    hub.do(lambda: hub.store.put_me(replace(hub.store.me(), number=0, greeted=False)))
    assert isinstance(hub.send(world.line), Welcome)
    assert hub.store.me().incarnation == 2


def test_a_key_that_is_half_rotated_goes_on() -> None:
    """The answer that confirms the new one was lost: the old one still asks for it again, until the new one is used."""
    world = calm()
    hub = world.hubs[0]
    hub.do(lambda: hub.store.put_me(replace(hub.store.me(), next_key=b"new", greeted=False)))
    raw = asks(hub)
    answers(world, hub, raw)
    hub.boot()
    assert isinstance(hub.send(world.line), Welcome)
    assert hub.store.me().key == b"new"
    world.converge()
    assert hub.store.me().incarnation == 1
