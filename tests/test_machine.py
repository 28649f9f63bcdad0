"""The machine's clock, randomness and environment."""

from pathlib import Path

import pytest

from rex_auth_edge.domain.clock import DAY, SECOND, ClockState
from rex_auth_edge.machine import (
    BUILT,
    SystemClock,
    SystemEntropy,
    boot_id,
    credentials_directory,
    environment,
    host_name,
    kernel_synchronised,
    processors,
)
from tests.doubles import Machine


def test_time_goes_on() -> None:
    """The real clock: one boot, neither clock runs backwards, sizes as promised."""
    clock = SystemClock()
    first, second = clock.now(), clock.now()
    assert first.boot_id == second.boot_id
    assert len(first.boot_id) == 16
    assert 0 < first.boot <= second.boot
    assert isinstance(kernel_synchronised(), bool)
    assert clock.explain()


def test_a_wall_clock_before_the_build_is_unknown() -> None:
    """A hub that boots in 1970 for the first time doesn't know the time, whatever NTP claims."""
    machine = Machine(wall=0, ntp=True)
    now = machine.power_on().now()
    assert (now.state, now.wall) == (ClockState.UNKNOWN, BUILT + machine.boot)


def test_states_follow_ntp() -> None:
    """Never synchronised is floor, synchronised now is synced, lost again is holdover."""
    machine = Machine()
    clock = machine.power_on()
    states = [clock.now().state]
    for synced in (True, False):
        machine.advance(SECOND)
        machine.ntp = synced
        states.append(clock.now().state)
    assert states == [ClockState.FLOOR, ClockState.SYNCED, ClockState.HOLDOVER]


def test_the_kernel_is_asked_once_a_second_at_most() -> None:
    """A thousand readings within a second cost one system call; the next second costs another, and so does a jump."""
    machine = Machine()
    clock = machine.power_on()
    for _ in range(1000):
        clock.now()
    assert machine.asked == 1
    machine.advance(SECOND)
    clock.now()
    assert machine.asked == 2
    machine.wall += 2 * SECOND
    clock.now()
    assert machine.asked == 3


def test_a_clock_set_by_hand_is_never_taken_for_ntps() -> None:
    """Within the second for which the kernel's answer is kept, too."""
    machine = Machine(ntp=True)
    clock = machine.power_on()
    before = clock.now()
    machine.wall += 365 * DAY
    machine.ntp = False  # as the kernel has it once somebody has set the clock
    after = clock.now()
    assert (after.state, after.wall) == (ClockState.HOLDOVER, before.wall)


def test_a_boot_has_a_name_of_its_own(tmp_path: Path) -> None:
    """The same for all who ask in this boot, and not the kernel's own, which is nobody else's business."""
    assert boot_id() == boot_id()
    nowhere = tmp_path / "none"
    assert boot_id(nowhere) is None
    nowhere.write_text("not an id")
    assert boot_id(nowhere) is None
    nowhere.write_text("5f0c0d3e-8b0a-4a5e-9b0e-2f6c1a2b3c4d\n")
    named = boot_id(nowhere)
    assert named is not None
    assert len(named) == 16
    assert named.hex() not in nowhere.read_text().replace("-", "")


def test_a_boot_without_a_name_begins_with_the_process() -> None:
    """Each process then is a boot of its own."""
    machine = Machine()
    clocks = [SystemClock(lambda: machine.wall, lambda: machine.boot, lambda: False, lambda: None) for _ in range(2)]
    moments = [clock.now() for clock in clocks]
    assert moments[0].boot_id != moments[1].boot_id
    assert [now.boot for now in moments] == [0, 0]


def test_entropy_keeps_its_bounds() -> None:
    """As many bytes as asked for, numbers below the limit, and not the same twice."""
    entropy = SystemEntropy()
    assert len(entropy.token_bytes(32)) == 32
    assert entropy.token_bytes(32) != entropy.token_bytes(32)
    assert {entropy.below(3) for _ in range(200)} == {0, 1, 2}


def test_the_environment_is_a_snapshot(monkeypatch: pytest.MonkeyPatch) -> None:
    """What changes later changes nothing that was read."""
    monkeypatch.setenv("REX_PORT", "1")
    snapshot = environment()
    monkeypatch.setenv("REX_PORT", "2")
    assert snapshot["REX_PORT"] == "1"


def test_credentials_are_where_systemd_says() -> None:
    """CREDENTIALS_DIRECTORY, or nowhere."""
    assert credentials_directory({"CREDENTIALS_DIRECTORY": "/run/c"}) == Path("/run/c")
    assert credentials_directory({}) is None


def test_the_machine_has_a_name_and_processors() -> None:
    """A name that can be asked for in the LAN, and at least one processor."""
    assert "." in host_name() or host_name() == "localhost"
    assert processors() >= 1
