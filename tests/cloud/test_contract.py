"""The contract's own tests of Core against the cloud role: whoever registers has a household of their own."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from rex_auth_edge.storage.store import Store
from tests.cloud.settings import SETTINGS
from tests.contract import test_refresh, test_sessions
from tests.doubles import HandClock
from tests.hub import Household, household

pytestmark = pytest.mark.mariadb

for module in (test_refresh, test_sessions):
    globals().update({name: each for name, each in vars(module).items() if name.startswith("test_")})


@pytest.fixture
async def home(mariadb_store: Store, clock: HandClock, tmp_path: Path) -> AsyncIterator[Household]:
    """A process of the cloud role."""
    made = await household(mariadb_store, clock, tmp_path / "data", **SETTINGS)
    yield made
    await made.hub.close()
