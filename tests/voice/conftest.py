"""A household with a voice app."""

from collections.abc import AsyncIterator

import pytest

from tests.household.cast import cast
from tests.hub import Household
from tests.voice.speaking import Scene, scene


@pytest.fixture
async def stage(home: Household) -> AsyncIterator[Scene]:
    """Maya's household, its door and its voice app."""
    async with cast(home) as played, home.client("192.168.1.77") as line:
        yield await scene(played, line)
