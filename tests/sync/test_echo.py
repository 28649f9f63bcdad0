"""A hub's own changes come back with the acknowledgement, unread, where they are all that is new in their lane."""

import pytest

from rex_auth_edge.sync.bodies import Pushed
from rex_auth_edge.sync.hub.applying import apply
from rex_auth_edge.sync.hub.asking import push
from rex_auth_edge.sync.kinds import Kind
from rex_auth_edge.sync.order import Lane
from rex_auth_edge.sync.state import Cell
from rex_auth_edge.sync.wire import decode
from tests.sync.by_hand import answers, calm, put
from tests.sync.simulation.machines import HubMachine
from tests.sync.simulation.places import AtCloud, AtHub
from tests.sync.simulation.world import World

MAYA, NOAH = b"maya" * 4, b"noah" * 4


def row_at(machine: HubMachine | World, cell: Cell) -> bytes | None:
    """The cell's bytes as the hub, or the world's cloud, has them."""
    store = machine.store if isinstance(machine, HubMachine) else machine.cloud.store
    row = store.row(cell)
    return None if row is None else row.state


def test_what_only_the_hub_has_written_need_not_be_read() -> None:
    """New cells and ones written again are the cloud's row at the hub once acknowledged; nothing is left to read."""
    world = calm()
    hub, cells = world.hubs[0], [Cell(Kind.PROFILE, MAYA), Cell(Kind.DEVICE_PROFILE, NOAH)]
    for name in ("first", "second"):
        for cell in cells:
            put(hub, cell.kind, cell.id, AtHub(hub).pen().put(name=name))
        assert isinstance(hub.send(world.line), Pushed)
        assert hub.store.me().cursors[Lane.IDENTITY] == world.cloud.store.standing().at
        assert [row_at(hub, cell) for cell in cells] == [row_at(world, cell) for cell in cells]
        page = hub.fetch(world.line, Lane.IDENTITY)
        assert page is not None
        assert (page.rows, page.agrees) == ((), True)
    assert not any(entry.cell in cells and not entry.passed for entry in hub.store.entries())


def test_what_was_written_while_it_was_under_way_stays_on_top() -> None:
    """The acknowledged change is the cloud's row, the one after it is shown and still waits."""
    world = calm()
    hub, cell = world.hubs[0], Cell(Kind.PROFILE, MAYA)
    put(hub, cell.kind, cell.id, AtHub(hub).pen().put(name="first"))
    with hub.store.disk.transaction():
        request = push(hub.store)
    assert request is not None
    put(hub, cell.kind, cell.id, AtHub(hub).pen().put(name="second"))
    hub.send(world.line)
    assert hub.store.state(cell).fields["name"].value == "first"
    assert hub.view.state(cell).fields["name"].value == "second"
    world.converge()
    assert world.cloud.store.state(cell).fields["name"].value == "second"


def test_what_others_have_written_is_read() -> None:
    """With a row in the lane that the hub hasn't got, its cursor stays where it was, and it gets both."""
    world = calm()
    hub, place = world.hubs[0], AtCloud(world.cloud)
    before = hub.store.me().cursors
    place.write(Cell(Kind.PROFILE, NOAH), place.pen().put(name="Noah"), None)
    put(hub, Kind.PROFILE, MAYA, AtHub(hub).pen().put(name="Maya"))
    said = hub.send(world.line)
    assert isinstance(said, Pushed)
    assert not said.echo
    assert hub.store.me().cursors == before
    world.converge()
    assert {hub.store.state(Cell(Kind.PROFILE, who)).fields["name"].value for who in (MAYA, NOAH)} == {"Maya", "Noah"}


def test_what_the_cloud_has_decided_otherwise_is_read() -> None:
    """A name that is another's by now gets a suffix there, which the hub can't make out by itself."""
    world = calm()
    hub, place = world.hubs[0], AtCloud(world.cloud)
    hub.fetch(world.line, Lane.IDENTITY)
    put(hub, Kind.USERNAME, MAYA, AtHub(hub).pen().put(username="sam", key="sam"))
    with hub.store.disk.transaction():
        request = push(hub.store)
    place.write(Cell(Kind.USERNAME, NOAH), place.pen().put(username="sam", key="sam"), None)
    assert request is not None
    said = hub.send(world.line)
    assert isinstance(said, Pushed)
    assert not said.echo
    world.converge()
    assert row_at(hub, Cell(Kind.USERNAME, MAYA)) == row_at(world, Cell(Kind.USERNAME, MAYA))
    assert hub.view.state(Cell(Kind.USERNAME, MAYA)).fields["username"].value != "sam"


@pytest.mark.parametrize("echo", [b"", b"another hash"])
def test_where_the_hash_is_another_all_is_read(echo: bytes) -> None:
    """The hub believes its own reckoning only where the cloud has come to the same."""
    world = calm()
    hub, cell = world.hubs[0], Cell(Kind.PROFILE, MAYA)
    put(hub, cell.kind, cell.id, AtHub(hub).pen().put(name="Maya"))
    with hub.store.disk.transaction():
        request = push(hub.store)
    assert request is not None
    raw = answers(world, hub, request)
    assert raw is not None
    said = decode(raw, Pushed)
    assert said.echo
    with hub.store.disk.transaction():
        apply(hub.store, request, Pushed(said.nonce, said.upto, said.at, said.durable, echo))
    assert hub.store.row(cell) is None
    assert hub.view.state(cell).fields["name"].value == "Maya"
    world.converge()
    assert row_at(hub, cell) == row_at(world, cell)


def test_a_hub_that_reads_anew_believes_no_echo() -> None:
    """After the cloud was restored it may have what that has forgotten: it reads on, whatever it has written itself."""
    world = calm()
    hub, place, cell = world.hubs[0], AtCloud(world.cloud), Cell(Kind.PROFILE, NOAH)
    place.write(cell, place.pen().put(phone="kept"), None)
    world.converge()
    world.cloud.back_up()
    place.write(cell, place.pen().put(phone="forgotten"), None)
    world.converge()
    world.cloud.restore()
    hub.fetch(world.line, Lane.IDENTITY)
    hub.send(world.line)
    put(hub, Kind.PROFILE, MAYA, AtHub(hub).pen().put(name="Maya"))
    assert isinstance(hub.send(world.line), Pushed)
    hub.read(world.line, Lane.IDENTITY)
    assert hub.view.state(cell).fields["phone"].value == "kept"
