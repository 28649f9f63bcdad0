"""The register of revocations."""

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from rex_auth_edge.domain.clock import DAY, HOUR, MINUTE
from rex_auth_edge.domain.register import LONGEST, Ended, Register
from tests.doubles import HandClock

HERE, THERE = UUID(int=8), UUID(int=9)
ONE, OTHER = Ended(HERE, UUID(int=1)), Ended(HERE, UUID(int=2))


def test_a_revoked_session(clock: HandClock) -> None:
    """A session is revoked from the moment that it is entered, and no other is, nor one next door that is called so."""
    register = Register()
    assert not register.revoked(*ONE)
    register.revoke(ONE, clock.now().after(LONGEST))
    assert register.revoked(*ONE)
    assert not register.revoked(*OTHER)
    assert not register.revoked(THERE, ONE.id)


def test_kept_as_long_as_it_covers_something(clock: HandClock) -> None:
    """Sweeping forgets what covers nothing any more, not a millisecond before."""
    register = Register()
    register.revoke(ONE, clock.now().after(HOUR))
    register.revoke(OTHER, clock.now().after(2 * HOUR))
    clock.advance(HOUR - 1)
    register.sweep(clock.now())
    assert len(register) == 2
    clock.advance(1)
    register.sweep(clock.now())
    assert not register.revoked(*ONE)
    assert register.revoked(*OTHER)


def test_time_alone_forgets_nothing(clock: HandClock) -> None:
    """Until it is swept an entry stays: forgetting too late is harmless, too early isn't."""
    register = Register()
    register.revoke(ONE, clock.now().after(MINUTE))
    clock.advance(10 * DAY)
    assert register.revoked(*ONE)


@given(step=st.integers(-1000 * DAY, 1000 * DAY))
def test_wall_clock_revives_nobody(step: int) -> None:
    """A clock that is set forward lets no revoked session back in."""
    clock, register = HandClock(), Register()
    register.revoke(ONE, clock.now().after(LONGEST))
    clock.step(step)
    register.sweep(clock.now())
    assert register.revoked(*ONE)


def test_longest_life_of_a_token() -> None:
    """An entry outlives the longest token that settings allow, whatever life it was signed with."""
    assert LONGEST > DAY
