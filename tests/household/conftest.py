"""A household with somebody of every role, for whoever asks what each of them may do."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from rex_auth_edge.storage.store import Store
from tests.doubles import HandClock
from tests.household.cast import Cast, cast
from tests.hub import household


@pytest.fixture
async def they(sqlite_store: Store, clock: HandClock, tmp_path: Path) -> AsyncIterator[Cast]:
    """A household that gains people as they are asked for."""
    home = await household(sqlite_store, clock, tmp_path / "data", RATE_LIMIT_ENABLED="false")
    async with cast(home) as made:
        yield made
    await home.hub.close()
