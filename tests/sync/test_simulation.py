"""Some seeds of the simulation; `make simulate` runs as many as are asked for."""

import pytest

from tests.sync.simulation.__main__ import broken
from tests.sync.simulation.world import World


@pytest.mark.parametrize("seed", range(1, 9))
def test_whatever_happens_the_rules_hold(seed: int) -> None:
    """Lines that fail, power cuts, restored databases, lying disks and clocks, and people who wait for nothing."""
    told = broken(seed, 100)
    assert told is None, told


@pytest.mark.parametrize("seed", [20383, 20681, 50326, 91200, 93906, 40788, 501545, 502035])
def test_what_broke_once_holds(seed: int) -> None:
    """Seeds that have found something, at the length at which they did."""
    told = broken(seed)
    assert told is None, told


def test_a_seed_replays_exactly() -> None:
    """The same seed gives the same run, to the last row."""
    runs = [World(47), World(47)]
    for run in runs:
        run.run(60)
    assert runs[0].trace == runs[1].trace
    assert runs[0].cloud.store.disk.held == runs[1].cloud.store.disk.held
