"""Single parts of states: what joining, placing, closing and following do with each."""

import pytest

from rex_auth_edge.sync.house import password_of, role_of
from rex_auth_edge.sync.kinds import ACTIVE, REVOKED, Kind, closing
from rex_auth_edge.sync.merge import join, placed
from rex_auth_edge.sync.order import START, Position, Tag, follows, unsent
from rex_auth_edge.sync.outcome import Outcome
from rex_auth_edge.sync.state import EMPTY, Count, Held, Mark, Own, Reset, Rung, Secret, State
from tests.sync.houses import HUB_A, HUB_B, NOAH, Writer, household

MINE, THEIRS = Tag(HUB_A, 1, 1), Tag(HUB_B, 1, 1)
EARLY, LATE = Position(1, 3), Position(2, 1)


def test_of_two_revocations_the_earlier_is_kept() -> None:
    """So is the earlier place of a mailed reset that was told twice."""
    early, late = (State(rung=Rung(REVOKED, at, MINE, START)) for at in (EARLY, LATE))
    assert join(early, late) == join(late, early) == early
    first, again = (State(resets=(Reset(MINE, at),)) for at in (EARLY, LATE))
    assert join(first, again) == join(again, first) == first


def test_what_a_restored_cloud_forgot_gets_a_new_place() -> None:
    """Only what came after the place from which it goes on."""
    marks = State(marks=(Mark(MINE, EARLY, 1), Mark(THEIRS, Position(1, 9), 2)))
    assert [mark.at for mark in placed(marks, LATE, after=Position(1, 7)).marks] == [EARLY, LATE]
    assert [mark.at for mark in placed(marks, LATE).marks] == [EARLY, Position(1, 9)]


@pytest.mark.parametrize(
    "state",
    [
        State(cleared=LATE),
        State(own=(Own(HUB_A, 1, 5),)),
        State(secret=Secret(START, EARLY, MINE, b"a verifier")),
        State(fields={"name": Held(EARLY, MINE, 1)}),
        State(rung=Rung(ACTIVE, EARLY, MINE, START)),
        State(rest={"newer": 1}),
    ],
)
def test_what_opens_a_door_is_not_what_closes_one(state: State) -> None:
    """Lifting, a password, fields, being let in, and whatever a newer program means."""
    assert closing(Kind.BAN, state) == EMPTY


def test_what_closes_a_door_is_kept_of_what_comes_late() -> None:
    """Marks of kinds that close, failures without their pardon, and the end of a ladder."""
    marks, ended = (Mark(MINE, EARLY, 1),), Rung(REVOKED, EARLY, MINE, START)
    state = State(rung=ended, marks=marks, counts=(Count("d", HUB_A, 1, 3, 2),))
    kept = State(rung=ended, marks=marks, counts=(Count("d", HUB_A, 1, 3),))
    assert closing(Kind.BAN, state) == kept
    assert closing(Kind.PROFILE, State(marks=marks)) == EMPTY


def test_an_incarnation_does_not_know_what_another_has_written() -> None:
    """Unless it has seen it: a restored hub may have forgotten."""
    assert follows(Tag(HUB_A, 1, 7), START, Tag(HUB_A, 1, 5), LATE)
    assert not follows(Tag(HUB_A, 2, 7), START, Tag(HUB_A, 1, 5), LATE)
    assert follows(Tag(HUB_A, 2, 7), LATE, Tag(HUB_A, 1, 5), LATE)


def test_whoever_is_no_owner_may_still_lower_themselves() -> None:
    """Somebody who steps back needs nobody's leave."""
    house, here = household()
    assert house.take(here.role(NOAH, "guest", NOAH)).outcome is Outcome.TAKEN
    assert role_of(house, NOAH) == "guest"


def test_a_reset_that_nobody_can_find_counts_as_the_latest_that_its_writer_had_seen() -> None:
    """Not as one that it hadn't."""
    house, here = household()
    there = Writer(HUB_B)
    there.seen = house.all_seen()
    house.take(here.reset(NOAH, b"new"))
    house.take(there.password(NOAH, b"old", knows=unsent(77)))
    good = password_of(house, NOAH)
    assert good is not None
    assert good.verifier == b"new"
