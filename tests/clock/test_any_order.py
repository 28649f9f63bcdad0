"""Whatever happens to a clock, in whatever order: time keeps its floor, lives and bans keep their lengths."""

from dataclasses import dataclass

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from typing_extensions import override

from rex_auth_edge.domain.clock import DAY, HOUR, ClockState, Deadline
from rex_auth_edge.machine import BUILT
from tests.clock.lives import Life
from tests.doubles import Machine
from tests.examples import examples

FORGED = 4_070_908_800_000
"""The first of January 2099."""

short = st.integers(0, 3 * DAY)
walls = st.sampled_from([0, 1, BUILT - 1, BUILT, BUILT + DAY, BUILT + 300 * DAY, FORGED]) | st.integers(0, FORGED)


@dataclass
class Issued:
    """A deadline, how long it was to last, and what had run and been lost when it was set."""

    deadline: Deadline
    length: int
    ran: int
    lost: int


class AnyOrder(RuleBasedStateMachine):
    """Steps, reboots, power cuts, restarts, and an NTP that comes, goes and lies."""

    @initialize(wall=walls, ntp=st.booleans())
    def begin(self, wall: int, ntp: bool) -> None:  # noqa: FBT001 - hypothesis's own calling convention
        """The first start."""
        self.life = Life(Machine(wall, ntp=ntp))
        self.issued: list[Issued] = []
        self.highest = 0

    @rule(length=st.integers(1, 90 * DAY))
    def issue(self, length: int) -> None:
        """Grant something, or ban somebody."""
        self.issued.append(Issued(self.life.now().after(length), length, self.life.ran, self.life.lost))

    @rule(milliseconds=short)
    def wait(self, milliseconds: int) -> None:
        """Time passes."""
        self.life.advance(milliseconds)

    @rule(wall=walls, ntp=st.booleans())
    def set_clock(self, wall: int, ntp: bool) -> None:  # noqa: FBT001 - likewise
        """Somebody sets the clock: a person, or an NTP that may lie."""
        self.life.machine.wall, self.life.machine.ntp = wall, ntp

    @rule()
    def mark(self) -> None:
        """How far time has come is put on record."""
        self.life.mark()

    @rule()
    def restart(self) -> None:
        """The program starts anew, in the same boot."""
        self.life.start()

    @rule(wall=st.none() | walls, orderly=st.booleans(), ntp=st.booleans())
    def reboot(self, wall: int | None, orderly: bool, ntp: bool) -> None:  # noqa: FBT001 - likewise
        """The machine goes off and on."""
        self.life.reboot(wall, orderly=orderly, ntp=ntp)
        self.highest = 0

    @rule(length=st.integers(0, 12 * HOUR))
    def pause(self, length: int) -> None:
        """It is off for a while: its wall clock goes on, and nothing else."""
        self.life.reboot(self.life.machine.wall + length)
        self.highest = 0

    @invariant()
    def time_keeps_its_floor(self) -> None:
        """It never runs below it; and the floor rises by what has really run, and by nothing that anybody says."""
        now = self.life.now()
        assert now.wall >= now.floor >= BUILT
        assert now.floor >= self.highest
        assert BUILT + self.life.ran - self.life.lost <= now.floor <= BUILT + self.life.ran
        self.highest = now.floor
        assert now.state is not ClockState.UNKNOWN or (self.life.machine.wall < BUILT and self.life.rows() == 1)

    @invariant()
    def lives_keep_their_length(self) -> None:
        """What was granted lasts no longer than it may while the machine runs; in its own boot exactly as long."""
        now = self.life.now()
        for each in self.issued:
            ran = self.life.ran - each.ran
            recorded = ran - (self.life.lost - each.lost)
            assert each.deadline.remaining(now) <= each.length - recorded
            if each.deadline.boot_id == now.boot_id:
                assert each.deadline.remaining(now) == each.length - ran

    @invariant()
    def bans_keep_their_length(self) -> None:
        """Whatever is told to the clock, a ban isn't over before its time has run."""
        now = self.life.now()
        for each in self.issued:
            assert each.deadline.unserved(now) >= each.length - (self.life.ran - each.ran)

    @override
    def teardown(self) -> None:
        if hasattr(self, "life"):
            self.life.close()


TestAnyOrder = AnyOrder.TestCase
TestAnyOrder.settings = settings(max_examples=examples(50), stateful_step_count=25, deadline=None)
