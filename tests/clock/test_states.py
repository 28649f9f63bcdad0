"""The four states, over reboots, with what is on record."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from rex_auth_edge.domain.clock import DAY, HOUR, MINUTE, SECOND, ClockState
from rex_auth_edge.machine import BUILT
from rex_auth_edge.storage import clock as kept
from tests.clock.lives import Life
from tests.doubles import Machine

TRUE = BUILT + 30 * DAY
FORGED = 4_070_908_800_000
"""The first of January 2099."""


Born = Callable[[Machine], Life]


@pytest.fixture
def born() -> Iterator[Born]:
    """Lives that end with the test."""
    with ExitStack() as stack:

        def make(machine: Machine) -> Life:
            life = Life(machine)
            stack.callback(life.close)
            return life

        yield make


def test_a_boot_in_1970_goes_on_from_what_has_come(born: Born) -> None:
    """Floor: the clock lies below what is on record, so time is counted from there; why is said."""
    life = born(Machine(TRUE, ntp=True))
    life.advance(5 * DAY)
    life.reboot(0)
    now = life.now()
    assert (now.state, now.wall) == (ClockState.FLOOR, BUILT + life.ran)
    assert "1970-01-01" in life.clock.explain()
    life.advance(HOUR)
    assert life.now().wall == now.wall + HOUR


def test_a_boot_in_last_week_takes_the_clock_as_it_is(born: Born) -> None:
    """Floor: nobody has confirmed the clock, but it isn't below what has come."""
    life = born(Machine(TRUE, ntp=True))
    life.reboot(TRUE - 7 * DAY)
    now = life.now()
    assert (now.state, now.wall) == (ClockState.FLOOR, TRUE - 7 * DAY)
    assert "taken as it is" in life.clock.explain()


def test_a_forged_2099_does_not_stick(born: Born) -> None:
    """While NTP says so it is 2099; a moment later, in the next boot too, it isn't, and the floor never heard of it."""
    life = born(Machine(FORGED, ntp=True))
    assert (life.now().state, life.now().wall) == (ClockState.SYNCED, FORGED)
    life.mark()
    life.machine.wall = TRUE
    assert life.now().wall == TRUE
    life.reboot(FORGED, ntp=True)
    assert life.now().wall == FORGED
    life.reboot(TRUE)
    assert (life.now().state, life.now().wall) == (ClockState.FLOOR, TRUE)
    assert life.now().floor < BUILT + DAY


def test_ntp_that_lies_below_the_floor_is_not_believed(born: Born) -> None:
    """Not even while the kernel calls it synchronised."""
    life = born(Machine(TRUE))
    life.advance(60 * DAY)
    life.reboot(BUILT + DAY, ntp=True)
    now = life.now()
    assert (now.state, now.wall) == (ClockState.FLOOR, BUILT + life.ran)


def test_holdover_counts_on_by_itself(born: Born) -> None:
    """Once NTP is lost nobody's hand moves time; a restart of the program remembers that it was synced in this boot."""
    life = born(Machine(TRUE, ntp=True))
    began = life.now().wall
    life.mark()
    life.machine.ntp = False
    for step in (-20 * DAY, 400 * DAY):
        life.machine.wall += step
        life.advance(HOUR)
        assert life.now().state is ClockState.HOLDOVER
    life.start()
    assert (life.now().state, life.now().wall) == (ClockState.HOLDOVER, began + 2 * HOUR)
    life.reboot()
    assert life.now().state is ClockState.FLOOR


def test_unknown_only_before_anything_is_known(born: Born) -> None:
    """At the first start; from the second boot on there is something on record."""
    life = born(Machine(0))
    assert life.now().state is ClockState.UNKNOWN
    assert "before this release" in life.clock.explain()
    life.start()
    assert life.now().state is ClockState.UNKNOWN
    life.reboot(0)
    assert life.now().state is ClockState.FLOOR


def test_a_power_cut_costs_what_was_not_marked(born: Born) -> None:
    """Running time goes back to the last mark, and never further."""
    life = born(Machine(TRUE))
    life.advance(HOUR)
    life.mark()
    life.advance(4 * MINUTE)
    before = life.now().running
    life.reboot(orderly=False)
    assert life.now().running == before - 4 * MINUTE + life.machine.boot


def test_what_is_learned_later_dates_what_was_issued_before(born: Born) -> None:
    """A boot in 1970, a session, then NTP: after the next reboot the session is as old as it is, and not older."""
    life = born(Machine(0))
    issued = life.now().after(7 * DAY)
    life.advance(MINUTE)
    life.machine.wall, life.machine.ntp = TRUE, True
    assert life.now().wall == TRUE
    life.mark()
    life.advance(DAY)
    life.reboot(TRUE + 3 * DAY, ntp=True)
    assert issued.remaining(life.now()) == 4 * DAY - MINUTE
    life.reboot(0)
    assert 5 * DAY < issued.remaining(life.now()) < 6 * DAY  # how long it was off, nobody knows now


def test_a_boot_clock_that_runs_back_is_another_boot(born: Born) -> None:
    """A machine resumed from a copy, or a container moved: nothing that was issued before lives longer by it."""
    life = born(Machine(TRUE))
    issued = life.now().after(2 * DAY)
    life.advance(DAY)
    life.mark()
    life.machine.boot = 30_000
    life.start()
    assert life.now().boot_id != issued.boot_id
    assert issued.remaining(life.now()) == DAY
    assert issued.unserved(life.now()) == DAY


def test_boots_on_record_are_bounded(born: Born, monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest go; what they have issued is judged by a clock that is sure, and is over while there is none."""
    monkeypatch.setattr(kept, "KEPT", 5)
    life = born(Machine(TRUE))
    issued = life.now().after(90 * DAY)
    for _ in range(8):
        life.reboot()
    assert life.rows() == 5
    assert issued.passed(life.now())
    life.machine.ntp = True
    life.advance(SECOND)
    assert not issued.passed(life.now())
