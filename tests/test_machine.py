"""The machine's clock, randomness and environment."""

from pathlib import Path

import pytest

from rex_auth_edge.domain.clock import SECOND, ClockState
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


class Machine:
    """A machine whose clocks and NTP the test sets."""

    def __init__(self) -> None:
        self.wall = BUILT + 1
        self.boot = 5_000
        self.synced = False
        self.asked = 0

    def synchronised(self) -> bool:
        """What the kernel says, counting how often it is asked."""
        self.asked += 1
        return self.synced

    def clock(self) -> SystemClock:
        """The clock under test on this machine."""
        return SystemClock(lambda: self.wall, lambda: self.boot, self.synchronised)


def test_time_goes_on() -> None:
    """The real clock: one boot, neither clock runs backwards, sizes as promised."""
    clock = SystemClock()
    first, second = clock.now(), clock.now()
    assert first.boot_id == second.boot_id
    assert len(first.boot_id) == 16
    assert 0 < first.boot <= second.boot
    assert isinstance(kernel_synchronised(), bool)


def test_a_wall_clock_before_the_build_is_unknown() -> None:
    """A hub that boots in 1970 doesn't know the time, whatever NTP claims."""
    machine = Machine()
    machine.wall, machine.synced = 0, True
    assert machine.clock().now().state is ClockState.UNKNOWN


def test_states_follow_ntp() -> None:
    """Never synchronised is floor, synchronised now is synced, lost again is holdover."""
    machine = Machine()
    clock = machine.clock()
    states = [clock.now().state]
    for synced in (True, False):
        machine.boot += SECOND
        machine.synced = synced
        states.append(clock.now().state)
    assert states == [ClockState.FLOOR, ClockState.SYNCED, ClockState.HOLDOVER]


def test_the_kernel_is_asked_once_a_second_at_most() -> None:
    """A thousand readings within a second cost one system call; the next second costs another."""
    machine = Machine()
    clock = machine.clock()
    for _ in range(1000):
        clock.now()
    assert machine.asked == 1
    machine.boot += SECOND
    clock.now()
    assert machine.asked == 2


def test_a_boot_is_named_even_where_the_kernel_does_not(tmp_path: Path) -> None:
    """Without /proc each process counts as a boot of its own: deadlines then fall back to the wall clock."""
    assert boot_id() == boot_id()
    nowhere = tmp_path / "none"
    assert len(boot_id(nowhere)) == 16
    assert boot_id(nowhere) != boot_id(nowhere)
    nowhere.write_text("not an id")
    assert len(boot_id(nowhere)) == 16


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
