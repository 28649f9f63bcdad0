"""Households that pages are of, and the browser that looks at them."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser

from tests.hub import Household
from tests.pages.chromium import DOWN, chromium
from tests.pages.people import Person, owner
from tests.processes import Process, serving
from tests.tenancy.neighbours import Neighbours, neighbours
from tests.tls.programs import needed


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


@pytest.fixture
async def line(home: Household) -> AsyncIterator[httpx.AsyncClient]:
    """From a device."""
    async with home.client("192.168.1.77") as client:
        yield client


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's."""
    needed(chromium="chromium")
    with chromium() as started:
        yield started


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Process]:
    """A hub that nobody owns yet; it goes by invitation."""
    with serving(tmp_path / "data", REX_REGISTRATION="invite", **DOWN) as process:
        yield process
