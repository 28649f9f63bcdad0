"""Machines that have lost something, by hand: what they go on from, and what they must not believe any more."""

import pytest

from rex_auth_edge.sync.kinds import Kind
from rex_auth_edge.sync.order import Lane, Position
from rex_auth_edge.sync.own import is_own
from rex_auth_edge.sync.pen import Pen
from rex_auth_edge.sync.state import Cell
from rex_auth_edge.sync.wire import Pushed, Welcome
from tests.sync.houses import HUB_A, MAYA, Writer
from tests.sync.simulation.places import AtCloud, AtHub
from tests.sync.test_ends import calm, put


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
    ("place", "believed"),
    [(Position(1, 8), True), (Position(1, 7), False), (Position(2, 1), False), (Position(3, 1), False)],
)
def test_a_field_claims_a_place_only_where_the_cloud_has_forgotten_it(place: Position, *, believed: bool) -> None:
    """Up to (1, 7) it knows all, and it has begun another epoch since."""
    change = Writer(HUB_A).put(Kind.PROFILE, MAYA, phone="47")
    pen = Pen(change.tag, change.seen, place)
    claims = change.__class__(change.cell, change.tag, change.seen, pen.put(phone="47"))
    assert is_own(claims, Position(2, 9), lambda at: Position(1, 7) < at < Position(2, 0)) is believed
