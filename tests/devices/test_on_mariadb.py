"""Devices that ask, on MariaDB, where transactions really run side by side: every race once more."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from rex_auth_edge.storage.store import Store
from tests.devices.test_asking import opened, test_a_device_is_let_in_by_its_code, test_one_redemption_wins
from tests.devices.test_deciding import (
    test_many_ask_at_a_time,
    test_one_of_several_decisions_counts,
    test_parallel_guesses_are_counted,
)
from tests.devices.test_joining import test_one_of_many_wins
from tests.doubles import HandClock
from tests.hub import Household, household

__all__ = [
    "opened",
    "test_a_device_is_let_in_by_its_code",
    "test_many_ask_at_a_time",
    "test_one_of_many_wins",
    "test_one_of_several_decisions_counts",
    "test_one_redemption_wins",
    "test_parallel_guesses_are_counted",
]

pytestmark = pytest.mark.mariadb


@pytest.fixture
async def home(mariadb_store: Store, clock: HandClock, tmp_path: Path) -> AsyncIterator[Household]:
    """A hub on MariaDB."""
    made = await household(mariadb_store, clock, tmp_path / "data")
    yield made
    await made.hub.close()
