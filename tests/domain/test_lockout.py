"""The ladder: 4 failures close for an hour, 5 for six, 6 and more for good."""

from hypothesis import given
from hypothesis import strategies as st

from rex_auth_edge.domain.clock import DAY, HOUR
from rex_auth_edge.domain.lockout import Standing, after_failure
from tests.doubles import HandClock


def after(failures: int, clock: HandClock) -> Standing:
    """The standing after so many failures at this moment."""
    standing = Standing()
    for _ in range(failures):
        standing = after_failure(standing, clock.now())
    return standing


def test_ladder(clock: HandClock) -> None:
    """Three failures cost nothing; the fourth, fifth and sixth what is documented, to the millisecond."""
    standing = Standing()
    for _ in range(3):
        standing = after_failure(standing, clock.now())
        assert not standing.banned(clock.now())
    for hours in (1, 6):
        standing = after_failure(standing, clock.now())
        assert standing.banned(clock.now())
        clock.advance(hours * HOUR - 1)
        assert standing.banned(clock.now())
        clock.advance(1)
        assert not standing.banned(clock.now())
    standing = after_failure(standing, clock.now())
    clock.advance(10_000 * DAY)
    assert standing.permanent
    assert standing.banned(clock.now())


@given(failures=st.integers(6, 30), waited=st.integers(0, 100_000 * DAY))
def test_for_good(failures: int, waited: int) -> None:
    """From the sixth failure on no time opens the account."""
    clock = HandClock()
    standing = after(failures, clock)
    clock.advance(waited)
    clock.reboot()
    assert standing.banned(clock.now())
    assert standing.failures == failures


@given(failures=st.integers(0, 8), step=st.integers(-1000 * DAY, 1000 * DAY))
def test_wall_clock_opens_nothing(failures: int, step: int) -> None:
    """Setting the wall clock neither ends a ban nor begins one."""
    clock = HandClock()
    standing = after(failures, clock)
    clock.step(step)
    assert standing.banned(clock.now()) is (failures >= 4)


def test_reboot_shortens_nothing(clock: HandClock) -> None:
    """What is left of a ban is left after a reboot too."""
    standing = after(5, clock)
    clock.advance(HOUR)
    clock.reboot()
    clock.advance(5 * HOUR - 1)
    assert standing.banned(clock.now())
    clock.advance(1)
    assert not standing.banned(clock.now())


@given(st.integers(0, 20))
def test_only_ever_up(failures: int) -> None:
    """Each failure counts once, and no further failure is milder than the one before it."""
    clock = HandClock()
    one, next_one = after(failures, clock), after(failures + 1, clock)
    assert next_one.failures == one.failures + 1
    assert length(next_one, clock) >= length(one, clock)


def length(standing: Standing, clock: HandClock) -> float:
    """How long it closes the account, in milliseconds."""
    if standing.permanent:
        return float("inf")
    return 0 if standing.ban is None else standing.ban.remaining(clock.now())
