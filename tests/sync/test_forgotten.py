"""What has ended and is forgotten 90 days later, on a hub that has said something of it: it doesn't begin again."""

from rex_auth_edge.domain.clock import DAY
from rex_auth_edge.sync.bodies import Pushed, Welcome
from rex_auth_edge.sync.house import owners, session_lives
from rex_auth_edge.sync.hub.store import Lost
from rex_auth_edge.sync.kinds import ACTIVE, REVOKED, Kind
from rex_auth_edge.sync.order import Lane
from rex_auth_edge.sync.state import Cell
from rex_auth_edge.sync.wire import pack_state
from tests.sync.by_hand import calm, put
from tests.sync.simulation.machines import HubMachine
from tests.sync.simulation.places import AtCloud, AtHub
from tests.sync.simulation.world import World

SESSION = b"s" * 16


def begin(hub: HubMachine) -> None:
    """The owner signs in on the hub."""
    put(hub, Kind.SESSION, SESSION, AtHub(hub).pen().climb(ACTIVE, user=owners(hub.view)[0]))


def another(world: World) -> None:
    """A session in the cloud, so that the hub has to read its own as well."""
    place = AtCloud(world.cloud)
    place.write(Cell(Kind.SESSION, b"o" * 16), place.pen().climb(ACTIVE), None)


def end(world: World) -> None:
    """An owner ends the session in the cloud."""
    place = AtCloud(world.cloud)
    place.write(Cell(Kind.SESSION_END, SESSION), place.pen().climb(REVOKED), None)


def forget(world: World, hub: HubMachine, days: int = 91) -> None:
    """So many days later the cloud forgets it; the hubs have shown that they know what they have read."""
    world.cloud.back_up()
    world.cloud.now += days * DAY
    for each in world.hubs if days < 180 else ():
        each.fetch(world.line, Lane.SECURITY)
    world.cloud.bury()
    assert world.cloud.store.standing().gone == 1
    assert hub.store.me().pruned == 0


def test_a_hub_shows_none_whose_beginning_it_has_yet_to_read_back() -> None:
    """The lane of what ends was read, and that of the hub's own session wasn't, when both are forgotten."""
    world = calm()
    hub = world.hubs[0]
    another(world)
    begin(hub)
    assert isinstance(hub.send(world.line), Pushed)
    end(world)
    for each in world.hubs:
        each.fetch(world.line, Lane.SECURITY)
    lives = [session_lives(hub.view, SESSION)]
    forget(world, hub)
    hub.fetch(world.line, Lane.SECURITY)
    lives.append(session_lives(hub.view, SESSION))
    world.converge()
    assert [*lives, session_lives(hub.view, SESSION)] == [False] * 3
    assert [entry for entry in hub.store.entries() if entry.cell.id == SESSION] == []


def test_nor_one_of_which_it_never_heard_that_the_cloud_knows() -> None:
    """The answer was lost, and then the hub was away for longer than the cloud waits for anybody."""
    world = calm()
    hub = world.hubs[0]
    another(world)
    begin(hub)
    assert hub.send(lambda *asked: world.line(*asked) and None) is None
    end(world)
    forget(world, hub, days=200)
    assert isinstance(hub.send(world.line), Pushed)
    assert hub.fetch(world.line, Lane.SECURITY) is None
    assert isinstance(hub.send(world.line), Welcome)
    hub.fetch(world.line, Lane.SECURITY)
    assert hub.store.me().pruned == 1
    assert not session_lives(hub.view, SESSION)
    world.converge()
    assert list(world.cloud.store.kinds(SESSION)) == []


def test_nor_one_that_it_was_to_tell_again_of_after_a_restore_of_the_cloud() -> None:
    """It began at a place after the last backup, and its end lies before: the hub has neither, and reads the latter."""
    world = calm()
    hub = world.hubs[0]
    begin(hub)
    put(hub, Kind.SESSION_END, SESSION, AtHub(hub).pen().climb(REVOKED))
    assert isinstance(hub.send(world.line), Pushed)
    world.cloud.back_up()
    world.converge()
    world.cloud.now += 91 * DAY
    world.converge()
    world.cloud.bury()
    world.converge()
    assert list(hub.view.kinds(SESSION)) == []
    world.cloud.restore()
    hub.fetch(world.line, Lane.SECURITY)
    assert isinstance(hub.send(world.line), Welcome)
    assert not session_lives(hub.view, SESSION)
    world.converge()
    assert not session_lives(hub.view, SESSION)


def test_what_a_hub_was_to_tell_of_it_is_forgotten_too() -> None:
    """Its end as well, which a restored cloud might have forgotten: in the cloud nothing of it comes back."""
    world = calm()
    hub = world.hubs[0]
    end(world)
    world.converge()
    forget(world, hub)
    told = AtHub(hub).pen().climb(REVOKED)
    hub.do(lambda: hub.store.put_lost(Lost(Cell(Kind.SESSION_END, SESSION), pack_state(told))))
    hub.fetch(world.line, Lane.SECURITY)
    assert hub.store.lost() == []
    world.converge()
    assert list(world.cloud.store.kinds(SESSION)) == []


def device(world: World, subject: bytes, step: int) -> None:
    """An owner lets a device in, in the cloud, or removes it."""
    place = AtCloud(world.cloud)
    place.write(Cell(Kind.DEVICE, subject * 16), place.pen().climb(step), None)


def test_a_restored_hub_is_told_also_where_it_has_to_introduce_itself_twice() -> None:
    """It went off before it had read anything again, and has rows of before from which something is missing now."""
    world = calm()
    hub = world.hubs[0]
    device(world, b"d", ACTIVE)
    world.converge()
    backup = hub.store.disk.copy()
    device(world, b"d", REVOKED)
    world.converge()
    forget(world, hub)
    put(hub, Kind.PROFILE, SESSION, AtHub(hub).pen().put(phone="47"))
    hub.store.disk.restore(backup)
    for _ in range(2):
        hub.boot()
        assert isinstance(hub.send(world.line), Welcome)
    assert hub.store.me().incarnation == 2
    hub.fetch(world.line, Lane.SECURITY)
    assert hub.store.row(Cell(Kind.DEVICE, b"d" * 16)) is None


def test_a_hub_is_told_all_that_a_restored_cloud_has_forgotten() -> None:
    """It has numbered anew: what was forgotten first before, and told the hub, isn't what was so since."""
    world = calm()
    hub = world.hubs[0]
    for subject, step in ((b"1", ACTIVE), (b"2", REVOKED)):
        device(world, subject, step)
    world.converge()
    forget(world, hub)
    hub.fetch(world.line, Lane.SECURITY)
    assert hub.store.me().pruned == 1
    world.cloud.restore()
    device(world, b"1", REVOKED)
    world.cloud.back_up()
    world.cloud.now += 200 * DAY
    world.cloud.bury()
    assert world.cloud.store.standing().gone == 2
    hub.fetch(world.line, Lane.SECURITY)
    assert isinstance(hub.send(world.line), Welcome)
    hub.fetch(world.line, Lane.SECURITY)
    assert list(hub.store.subjects(Kind.DEVICE)) == []


def test_nobody_brings_back_what_is_forgotten() -> None:
    """Not by saying that one has seen everything since: the cloud knows the id, and lets nothing in by it."""
    world = calm()
    hub = world.hubs[0]
    device(world, b"d", ACTIVE)
    device(world, b"d", REVOKED)
    world.converge()
    forget(world, hub)
    put(hub, Kind.DEVICE, b"d" * 16, AtHub(hub).pen().climb(ACTIVE))
    assert hub.store.me().whole[Lane.SECURITY] >= world.cloud.store.standing().floor
    assert isinstance(hub.send(world.line), Pushed)
    world.converge()
    assert [list(each.kinds(b"d" * 16)) for each in (world.cloud.store, hub.view)] == [[], []]
