"""What the tests of the mirror are handed."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.exchange.mirror.family import MAYA
from tests.exchange.mirror.nodes import World, enrol, world


@pytest.fixture
async def family(tmp_path: Path) -> AsyncIterator[World]:
    """Maya owns a household on the first of two hubs, and both are in the cloud by now."""
    async with world(tmp_path) as made:
        first = made.hubs[0]
        await first.home.own(first.home.client(), MAYA, "maya")
        await enrol(made)
        yield made
