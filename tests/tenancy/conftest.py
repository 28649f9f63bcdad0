"""Two households, each of them once the caller's: the default one and another, which differ in the code's eyes."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from rex_auth_edge.storage.store import Store
from tests.doubles import HandClock
from tests.hub import household
from tests.tenancy.neighbours import Neighbours, neighbours


@pytest.fixture(params=["home", "cottage"])
async def they(
    request: pytest.FixtureRequest, sqlite_store: Store, clock: HandClock, tmp_path: Path
) -> AsyncIterator[Neighbours]:
    """Ours, who ask, and theirs, who are asked for; without rates, so that every question reaches its flow."""
    home = await household(sqlite_store, clock, tmp_path / "data", RATE_LIMIT_ENABLED="false")
    async with neighbours(home, request.param) as made:
        yield made
    await home.hub.close()
