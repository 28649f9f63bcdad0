"""A hub that was away for too long, by hand: of what others know it changes nothing by itself."""

import pytest
from msgspec.structs import replace

from rex_auth_edge.domain.clock import DAY
from rex_auth_edge.sync.bodies import Refusal, Welcome
from rex_auth_edge.sync.house import field, role_in
from rex_auth_edge.sync.kinds import Kind
from rex_auth_edge.sync.outcome import Outcome
from rex_auth_edge.sync.state import Cell
from rex_auth_edge.sync.wire import pack_state
from tests.sync.by_hand import calm, put
from tests.sync.houses import HUB_B, LEO, NOAH, Writer, household
from tests.sync.simulation.places import AtCloud, AtHub
from tests.sync.simulation.world import World


def let_in(world: World, user: bytes) -> None:
    """The cloud lets somebody in, and everybody knows."""
    place = AtCloud(world.cloud)
    place.write(Cell(Kind.USER, user), place.pen().climb(), None)
    world.converge()


def test_a_hub_that_was_away_too_long_changes_nothing_that_others_know() -> None:
    """An owner is asked instead, also if it is enrolled anew. What came into being there is as the hub says."""
    for anew in (False, True):
        world = calm()
        hub, device = world.hubs[0], Cell(Kind.DEVICE, b"d" * 16)
        let_in(world, NOAH)
        put(hub, Kind.ROLE, NOAH, AtHub(hub).pen().role("owner"))
        put(hub, Kind.PROFILE, NOAH, AtHub(hub).pen().put(phone="47"))
        put(hub, device.kind, device.id, AtHub(hub).pen().climb())
        put(hub, Kind.DEVICE_PROFILE, device.id, AtHub(hub).pen().put(name="Lamp"))
        AtCloud(world.cloud).write(Cell(Kind.DEVICE, b"e" * 16), AtCloud(world.cloud).pen().climb(), None)
        world.cloud.now += 181 * DAY
        if anew:
            assert isinstance(hub.send(world.line), Refusal)
            assert isinstance(hub.send(world.line), Welcome)
            hub.enrol(world.cloud)
        world.converge()
        assert role_in(world.cloud.store.state(Cell(Kind.ROLE, NOAH))) is None
        assert field(world.cloud.store, Cell(Kind.PROFILE, NOAH), "phone") is None
        assert world.cloud.store.row(device) is not None
        assert field(world.cloud.store, Cell(Kind.DEVICE_PROFILE, device.id), "name") == "Lamp"
        assert len(list(world.cloud.store.subjects(Kind.REVIEW))) == 2 + anew
        assert (hub.store.me().incarnation > 1) is anew


def test_what_was_written_before_somebody_was_forgotten_waits() -> None:
    """It may speak of them: an owner is asked, also where the hub that wrote it has been heard of all the time."""
    world = calm()
    hub, store = world.hubs[0], world.cloud.store
    let_in(world, NOAH)
    put(hub, Kind.PROFILE, NOAH, AtHub(hub).pen().put(phone="47"))
    AtCloud(world.cloud).write(Cell(Kind.DEVICE, b"e" * 16), AtCloud(world.cloud).pen().climb(), None)
    with store.disk.transaction():
        store.put_standing(replace(store.standing(), floor=store.standing().at))
    world.converge()
    assert field(store, Cell(Kind.PROFILE, NOAH), "phone") is None
    assert list(store.subjects(Kind.REVIEW))


def test_a_password_that_nobody_has_replaced_is_taken_however_late() -> None:
    """Nobody else could confirm it: who has set it at home knows no other one."""
    house, here = household()
    house.take(here.password(NOAH, b"known there"))
    away = Writer(HUB_B)
    away.seen = (house.at,) * 4
    house.take(here.mark(Kind.BAN, LEO, "meanwhile"))
    house.refresh = house.at
    assert house.take(away.password(NOAH, b"set there")).outcome is Outcome.TAKEN
    secret = house.state(Cell(Kind.PASSWORD, NOAH)).secret
    assert secret is not None
    assert secret.verifier == b"set there"


@pytest.mark.parametrize("role", ["owner", "adult", "child", "guest"])
def test_a_role_that_comes_too_late_raises_nobody(role: str) -> None:
    """By a lower one somebody is less at once; an owner is asked about a higher one. Nothing is left of the same."""
    house, here = household()
    house.take(here.role(LEO, "child"))
    house.refresh = house.at
    verdict = house.take(Writer(HUB_B).role(LEO, role))
    now = role_in(house.state(Cell(Kind.ROLE, LEO)))
    assert (now, verdict.outcome is Outcome.STALE) == {
        "owner": ("child", True),
        "adult": ("child", True),
        "child": ("child", False),
        "guest": ("guest", False),
    }[role]


def test_a_verifier_is_in_no_review() -> None:
    """A password that comes too late is shown to owners without its hash, of which reviews keep none."""
    house, here = household()
    house.take(here.password(NOAH, b"another"))
    house.refresh = house.at
    verdict = house.take(Writer(HUB_B).password(NOAH, b"$argon2id$"))
    assert verdict.outcome is Outcome.STALE
    assert verdict.review.secret is not None
    assert b"$argon2id$" not in pack_state(verdict.review)
