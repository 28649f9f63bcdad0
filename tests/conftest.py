"""What every room's tests are handed."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from rex_auth_edge.storage.open import open_store
from rex_auth_edge.storage.store import Store
from tests.doubles import HandClock, SeededEntropy
from tests.hub import Household, household


@pytest.fixture
def clock() -> HandClock:
    """Time that moves only when told to."""
    return HandClock()


@pytest.fixture
def entropy() -> SeededEntropy:
    """Randomness that is the same in every run."""
    return SeededEntropy()


@pytest.fixture
async def store(tmp_path: Path, clock: HandClock, entropy: SeededEntropy) -> AsyncIterator[Store]:
    """An empty SQLite database."""
    opened = await open_store(sa.make_url(f"sqlite:///{tmp_path}/hub.db"), tmp_path, clock, entropy)
    yield opened
    await opened.close()


@pytest.fixture
async def home(store: Store, clock: HandClock, tmp_path: Path) -> AsyncIterator[Household]:
    """A hub as `make run` starts it."""
    made = await household(store, clock, tmp_path / "data")
    yield made
    made.hub.parts.passwords.close()
