"""What is left of the deleted goes after 90 days: in the cloud by its upkeep, then on every hub."""

from uuid import UUID

import pytest
import sqlalchemy as sa

from rex_auth_edge.domain.clock import DAY
from rex_auth_edge.exchange.cloud import forgetting
from rex_auth_edge.storage import devices, invitations, sessions, users
from rex_auth_edge.storage.sync_tables import sync_cells
from tests.devices.machines import joined as machine
from tests.exchange.conftest import Street
from tests.exchange.people import add, agree, joined, joined_beside, members, signed_in
from tests.exchange.street import Hub, bearer
from tests.exchange.upkeep import backed_up, days_pass
from tests.exchange.visiting import session_of
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
    await joined_beside(street)
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


async def what_there_is(hub: Hub, session: str) -> tuple[set[str], list[str], list[bool], bool]:
    """On the hub: its people, the states of its devices, whether each invitation is pending, and the session open."""

    def look(conn: sa.Connection) -> tuple[list[str], list[bool], bool]:
        states = [row.state for row in devices.everything(conn, hub.tenant)]
        pending = [row.revoked_at is None for row in invitations.every(conn, hub.tenant)]
        return states, pending, session in {str(row.id) for row in sessions.every_open(conn, hub.tenant)}

    return await members(hub.home), *await hub.home.store.read(look)


async def test_a_hub_that_comes_back_after_that_brings_nothing_back(street: Street) -> None:
    """It never heard that somebody was deleted, a device removed, an invitation revoked, a session ended.

    All that is over there as soon as it is told of those forgotten, and after its next start too nobody hears of them.
    """
    hub, at = await joined(street), street.cloud
    await add(hub.home, "noah")
    signed = (await signed_in(hub.home, "maya")).json()
    async with bearer(hub.home, signed) as owner:
        lamp = await machine(owner, hub.home.client())
        made = (await owner.post("/household/invites", json={"role": "adult"})).json()
    assert (await signed_in(hub.home, "noah")).status_code == 200
    await agree(street)
    ended = session_of(signed)
    assert await what_there_is(hub, ended) == ({"maya", "noah"}, ["active"], [True], True)
    noah = (await at.home.store.read(lambda conn: users.by_username(conn, at.tenant, "noah"))).id
    async with await at.owner() as owner:
        paths = (f"members/{noah}", f"devices/{lamp.id}", f"invites/{made['id']}")
        for path in (*(f"/household/{each}" for each in paths), f"/auth/sessions/{ended}"):
            assert not (await owner.delete(path)).is_error, path
    await backed_up(at)
    street.clock.advance(200 * DAY)
    await forgetting.forget_in_turn(at.home.hub.parts)
    assert await cells(at.home, noah) == 0
    for _ in range(2):
        assert (await hub.meet()).trouble is None
        assert await what_there_is(hub, ended) == ({"maya"}, ["removed"], [False], False)
        assert (await signed_in(hub.home, "noah")).status_code == 401
        await hub.sync.runs.end()
        await hub.sync.runs.begin(looping=False)
    await agree(street)
    assert [await cells(home, noah) for home in (hub.home, at.home)] == [0, 0]
    assert await members(at.home) == {"maya"}
