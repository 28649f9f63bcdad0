"""Deadlines: within a boot the boot clock decides, after it the wall clock."""

from hypothesis import assume, given
from hypothesis import strategies as st

from rex_auth_edge.domain.clock import DAY, Deadline
from tests.doubles import HandClock

lengths = st.integers(0, 400 * DAY)
steps = st.lists(st.integers(-4000 * DAY, 4000 * DAY), max_size=5)


@given(length=lengths, waited=lengths, moved=steps)
def test_wall_clock_moves_no_deadline(length: int, waited: int, moved: list[int]) -> None:
    """However the wall clock is set, in this boot a deadline passes when its time has passed, not before, not after."""
    clock = HandClock()
    deadline = clock.now().after(length)
    for step in moved:
        clock.step(step)
    clock.advance(waited)
    assert deadline.remaining(clock.now()) == length - waited
    assert deadline.passed(clock.now()) is (waited >= length)


@given(length=lengths, before=lengths, off=lengths, after=lengths)
def test_reboot(length: int, before: int, off: int, after: int) -> None:
    """Over a reboot with a good clock the time that the hub was off counts as any other."""
    clock = HandClock()
    deadline = clock.now().after(length)
    clock.advance(before)
    clock.wall += off
    clock.reboot()
    clock.advance(after)
    assert deadline.remaining(clock.now()) == length - before - off - after


@given(length=lengths, waited=lengths)
def test_boot_clock_of_another_boot(length: int, waited: int) -> None:
    """A boot clock that happens to show the same means nothing in another boot."""
    clock = HandClock()
    deadline = clock.now().after(length)
    clock.advance(waited)
    clock.reboot()
    clock.boot = deadline.boot
    assert deadline.passed(clock.now()) is (waited >= length)


@given(st.lists(st.tuples(st.sampled_from(["advance", "step", "reboot"]), st.integers(0, 10 * DAY)), max_size=12))
def test_any_order(events: list[tuple[str, int]]) -> None:
    """With the clock never set back, a deadline that has passed has passed for ever; and steps end none in its boot."""
    clock, waited, booted = HandClock(), 0, False
    deadline, passed = clock.now().after(DAY), False
    for number, (event, amount) in enumerate(events):
        if event == "reboot":
            clock.reboot(bytes([number]) * 16)
            booted = True
        elif event == "advance" or booted:
            clock.advance(amount)
            waited += amount
        else:
            clock.step(amount)
        assert deadline.passed(clock.now()) >= passed
        passed = deadline.passed(clock.now())
        assert booted or passed is (waited >= DAY)


@given(wall=st.integers(0, 2**53), boot=st.integers(0, 2**53), boot_id=st.binary(min_size=16, max_size=16))
def test_deadlines_are_values(wall: int, boot: int, boot_id: bytes) -> None:
    """A deadline that comes back from its three columns is the same deadline."""
    assume(boot_id != b"b" * 16)
    now = HandClock(wall, boot, boot_id).now()
    assert now.after(DAY) == Deadline(wall + DAY, boot_id, boot + DAY)
    assert now.after(DAY).remaining(now) == DAY
    assert now.seconds == wall // 1000
