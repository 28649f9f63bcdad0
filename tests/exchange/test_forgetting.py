"""What is left of the deleted goes after 90 days: in the cloud by its upkeep, then on every hub."""

from uuid import UUID

import pytest
import sqlalchemy as sa

from rex_auth_edge.domain.clock import DAY, HOUR
from rex_auth_edge.exchange.cloud import durability, forgetting
from rex_auth_edge.storage import users
from rex_auth_edge.storage.sync_tables import sync_cells
from tests.exchange.conftest import Street
from tests.exchange.people import add, agree, joined, signed_in
from tests.exchange.street import Cloud
from tests.hub import Household


async def cells(home: Household, subject: UUID) -> int:
    """How many there are of somebody."""
    which = sync_cells.c.id == subject.bytes
    count = sa.select(sa.func.count()).select_from(sync_cells).where(which)
    return int(await home.store.read(lambda conn: conn.execute(count).scalar_one()))


async def without(street: Street, name: str = "noah") -> UUID:
    """Maya has added somebody on the first hub, and deleted them in the cloud; the first hub knows."""
    hub, at = street.hubs[0], street.cloud
    await add(hub.home, name)
    assert (await signed_in(hub.home, name)).status_code == 200
    await agree(street)
    gone: UUID = (await at.home.store.read(lambda conn: users.by_username(conn, at.tenant, name))).id
    async with await at.owner() as owner:
        assert (await owner.delete(f"/household/members/{gone}")).status_code == 200
    await hub.meet()
    return gone


async def backed_up(cloud: Cloud) -> None:
    """A backup is made, and can be read."""
    marks = await durability.mark(cloud.home.hub.parts)
    assert await durability.durable(cloud.home.hub.parts, marks) == 1


async def days_pass(street: Street, days: int) -> None:
    """The first hub meets the cloud, and an hour later the cloud has done its upkeep."""
    street.clock.advance(days * DAY)
    await street.hubs[0].meet()
    await street.hubs[0].meet()
    street.clock.advance(HOUR)
    await forgetting.forget_in_turn(street.cloud.home.hub.parts)


async def test_after_90_days_nothing_is_left_of_who_was_deleted(
    street: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the cloud, and on the hub with its next pull; not a day before. Then all say the same still.

    One upkeep forgets everybody, however many a transaction holds.
    """
    monkeypatch.setattr(forgetting, "AT_ONCE", 1)
    hub = await joined(street)
    noah, ida = await without(street), await without(street, "ida")
    await backed_up(street.cloud)
    await days_pass(street, 89)
    assert await cells(street.cloud.home, noah) > 0
    await days_pass(street, 2)
    for gone in (noah, ida):
        assert (await cells(street.cloud.home, gone), await cells(hub.home, gone) > 0) == (0, True)
    await hub.meet()
    assert [await cells(hub.home, gone) for gone in (noah, ida)] == [0, 0]
    await agree(street)


async def test_not_while_a_backup_or_a_hub_could_bring_them_back(street: Street) -> None:
    """However long ago it was: until a backup is said to be good, and until every hub has heard of it."""
    await joined(street)
    away = await street.hub("hub1", 1)
    await away.enrol(street.cloud)
    noah = await without(street)
    await agree(street)
    await days_pass(street, 91)
    assert await cells(street.cloud.home, noah) > 0
    await backed_up(street.cloud)
    ida = await without(street, "ida")
    await backed_up(street.cloud)
    await days_pass(street, 91)
    assert (await cells(street.cloud.home, noah), await cells(street.cloud.home, ida) > 0) == (0, True)
    await agree(street)
    await days_pass(street, 1)
    assert await cells(street.cloud.home, ida) == 0
