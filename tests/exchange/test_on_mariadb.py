"""The cloud on MariaDB, as it is run: hubs on SQLite meet there."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from rex_auth_edge.storage.store import Store
from tests.doubles import HandClock
from tests.exchange.conftest import Street
from tests.exchange.people import add, agree, joined, members, signed_in
from tests.exchange.street import bearer, cloud

pytestmark = pytest.mark.mariadb
OTHER = "Harbour-Lamp-77?"


@pytest.fixture
async def street(mariadb_store: Store, tmp_path: Path, clock: HandClock) -> AsyncIterator[Street]:
    """A cloud on MariaDB, and one hub."""
    async with AsyncExitStack() as stack:
        at = await stack.enter_async_context(cloud(mariadb_store, clock, tmp_path / "cloud-data"))
        made = Street(clock, at, [], tmp_path, stack)
        await made.hub("hub0", 0)
        yield made


async def test_both_ways(street: Street) -> None:
    """People, passwords and a removal pass from either side to the other, and to a second hub."""
    hub = await joined(street)
    await add(hub.home, "noah")
    await street.hub("hub1", 1)
    await street.hubs[1].enrol(street.cloud)
    await agree(street)
    everywhere = [street.cloud.home, *(each.home for each in street.hubs)]
    noah = (await signed_in(street.cloud.home, "noah")).json()
    async with bearer(street.cloud.home, noah) as client:
        change = {"current_password": "Zebra-River-42!", "new_password": OTHER}
        assert (await client.post("/auth/password/change", json=change)).status_code == 200
    await agree(street)
    assert [(await signed_in(home, "noah", OTHER)).status_code for home in everywhere] == [200] * 3
    await agree(street)
    async with bearer(hub.home, (await signed_in(hub.home, "maya")).json()) as owner:
        assert (await owner.delete(f"/household/members/{noah['user_id']}")).status_code == 200
    await agree(street)
    assert [await members(home) for home in everywhere] == [{"maya"}] * 3
