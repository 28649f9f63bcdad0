"""The record: it grows, and nobody changes what is in it; what had to be dropped is counted."""

from rex_auth_edge.sync.house import field
from rex_auth_edge.sync.hub.shedding import GAP, shed
from rex_auth_edge.sync.kinds import Kind
from rex_auth_edge.sync.order import Lane
from rex_auth_edge.sync.outcome import Outcome
from rex_auth_edge.sync.rules.record import REWRITTEN, record_id
from rex_auth_edge.sync.state import Cell
from tests.sync.by_hand import asks, calm, put
from tests.sync.houses import HUB_A, HUB_B, Writer, household
from tests.sync.simulation.places import AtHub

ROW = record_id(HUB_A, b"r" * 8)


def test_a_record_is_not_rewritten() -> None:
    """Not by who wrote it, nor by another; that somebody tried is told. The same again is nothing new.

    Nor does another put something where it would be.
    """
    house, here = household()
    house.take(here.put(Kind.AUDIT, ROW, row=[1, "login"]))
    before = house.state(Cell(Kind.AUDIT, ROW))
    for writer, row in ((here, [1, "logout"]), (Writer(HUB_B), None)):
        verdict = house.take(writer.put(Kind.AUDIT, ROW, row=row))
        assert verdict.outcome is Outcome.REFUSED
        assert [each.code for each in verdict.notices] == [REWRITTEN]
    assert house.take(here.put(Kind.AUDIT, ROW, row=[1, "login"])).outcome is Outcome.TAKEN
    still_to_come = record_id(HUB_A, b"s" * 8)
    assert house.take(Writer(HUB_B).put(Kind.AUDIT, still_to_come, row=[2, "none"])).outcome is Outcome.REFUSED
    assert house.take(here.put(Kind.AUDIT, still_to_come, row=[2, "logout"])).outcome is Outcome.TAKEN
    assert house.state(Cell(Kind.AUDIT, ROW)) == before


def test_what_was_dropped_for_want_of_room_is_counted() -> None:
    """The oldest go, not what is under way nor the latest; gaps add up, and the cloud gets the gap in their place."""
    world = calm()
    hub = world.hubs[0]
    ids = [record_id(hub.id, bytes([number]) * 8) for number in range(12)]
    for each in ids[:2]:
        put(hub, Kind.AUDIT, each, AtHub(hub).pen().put(row=1))
    asks(hub)
    for each in ids[2:7]:
        put(hub, Kind.AUDIT, each, AtHub(hub).pen().put(row=1))
    assert hub.do(lambda: shed(hub.store, 2)) == 3
    for each in ids[7:]:
        put(hub, Kind.AUDIT, each, AtHub(hub).pen().put(row=1))
    assert hub.do(lambda: shed(hub.store, 2)) == 8
    assert hub.do(lambda: shed(hub.store, 2)) == 0
    world.converge()
    there = list(world.cloud.store.subjects(Kind.AUDIT))
    gaps = [gap for each in there if (gap := field(world.cloud.store, Cell(Kind.AUDIT, each), GAP)) is not None]
    kept = [each for each in there if each in ids]
    assert gaps == [len(ids) - len(kept)]
    assert {*ids[:2], ids[-1]} <= set(kept)
    assert hub.store.rows(Lane.AUDIT) == world.cloud.store.rows(Lane.AUDIT)
