"""Households that pages are of."""

from collections.abc import AsyncIterator

import pytest

from tests.hub import Household
from tests.pages.people import Person, owner
from tests.tenancy.neighbours import Neighbours, neighbours


@pytest.fixture
async def maya(home: Household) -> AsyncIterator[Person]:
    """The owner, at her browser."""
    maya = await owner(home)
    yield maya
    await maya.client.aclose()


@pytest.fixture
async def two(home: Household) -> AsyncIterator[Neighbours]:
    """Two households, with somebody of each role and something of everything."""
    async with neighbours(home, "home") as both:
        yield both
