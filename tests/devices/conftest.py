"""A household with an owner, and a device's own line to the hub."""

from collections.abc import AsyncIterator

import httpx
import pytest

from tests.devices.machines import Machine, joined
from tests.hub import Household


@pytest.fixture
async def owner(home: Household) -> AsyncIterator[httpx.AsyncClient]:
    """Maya, signed in by Bearer token."""
    async with home.client() as client:
        tokens = await home.own(client, "maya@example.com", "maya")
        client.cookies.clear()
        client.headers["authorization"] = f"Bearer {tokens['access_token']}"
        yield client


@pytest.fixture
async def line(home: Household) -> AsyncIterator[httpx.AsyncClient]:
    """From a device in the hall."""
    async with home.client("192.168.1.77") as client:
        yield client


@pytest.fixture
async def lock(owner: httpx.AsyncClient, line: httpx.AsyncClient) -> Machine:
    """The front door's lock, let in and with a key of its own."""
    return await joined(owner, line)
