"""Whose word gives somebody a role, where a rule seldom depends on it."""

from rex_auth_edge.sync.house import role_of
from rex_auth_edge.sync.kinds import REVOKED, Kind
from rex_auth_edge.sync.outcome import Outcome
from tests.sync.houses import CLOUD, HUB_A, HUB_B, LEO, MAYA, NOAH, PlainHouse, Writer, household


def test_whoever_owns_nothing_gives_nobody_a_first_role() -> None:
    """The lowest neither: a newcomer has none until an owner, or a code, says so."""
    house, here = household()
    there = Writer(HUB_B)
    house.take(here.climb(Kind.USER, LEO))
    assert house.take(there.role(LEO, "guest", NOAH)).outcome is Outcome.HELD
    assert role_of(house, LEO) is None
    assert house.take(here.role(LEO, "guest", MAYA)).outcome is Outcome.TAKEN


def test_a_household_that_nobody_owns_gets_an_owner_in_the_cloud() -> None:
    """There is nobody at home for whom that could wait."""
    house, cloud = PlainHouse(), Writer(CLOUD)
    for change in (cloud.climb(Kind.HUB, HUB_A), cloud.climb(Kind.USER, MAYA)):
        house.take(change)
    assert house.take(cloud.role(MAYA, "owner")).outcome is Outcome.TAKEN


def test_where_the_last_hub_was_removed_grants_of_the_cloud_stand() -> None:
    """They wait for an owner at home as long as there is a hub to confirm them at."""
    house, here = household()
    cloud = Writer(CLOUD)
    for step in (1, REVOKED):
        house.take(here.climb(Kind.HUB, HUB_A, step))
        cloud.seen = house.all_seen()
        said = house.take(cloud.role(NOAH, "owner", MAYA)).outcome
        assert said is (Outcome.TAKEN if step == REVOKED else Outcome.HELD)
