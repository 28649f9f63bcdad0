"""A hub that has left its cloud and comes back: what it still has of before doesn't undo what was done meanwhile."""

from uuid import UUID

from rex_auth_edge.domain.clock import DAY
from rex_auth_edge.storage import sessions, users
from rex_auth_edge.storage.tx import Tx
from tests.exchange.conftest import Street
from tests.exchange.people import add, agree, joined, members, signed_in
from tests.exchange.street import Hub, bearer
from tests.hub import PASSWORD

_NEW = "Copper-Tulip-19."


async def test_a_password_that_was_changed_meanwhile(street: Street) -> None:
    """It stays the one that counts, on both sides; whoever knew the former one gets in nowhere."""
    hub, home = await joined(street), street.cloud.home
    await add(hub.home, "noah")
    await agree(street)
    assert await hub.sync.forget(hub.tenant) is None
    async with bearer(home, (await signed_in(home, "noah")).json()) as noah:
        body = {"current_password": PASSWORD, "new_password": _NEW}
        answer = await noah.post("/auth/password/change", json=body)
    assert answer.status_code == 200, answer.text
    await hub.enrol(street.cloud)
    await agree(street)
    for node in (home, hub.home):
        assert (await signed_in(node, "noah", _NEW)).status_code == 200
        assert (await signed_in(node, "noah")).status_code == 401


async def test_a_password_that_is_the_same(street: Street) -> None:
    """Nobody is told of another one, and who was signed in in the cloud stays so."""
    hub, home = await joined(street), street.cloud.home
    await add(hub.home, "noah")
    await agree(street)
    tokens = (await signed_in(home, "noah")).json()
    assert await hub.sync.forget(hub.tenant) is None
    await hub.enrol(street.cloud)
    await agree(street)
    async with bearer(home, tokens) as noah:
        assert (await noah.get("/auth/notices")).json() == {"notices": []}
    assert (await signed_in(hub.home, "noah")).status_code == 200


async def test_a_session_that_the_hub_has_forgotten_meanwhile(street: Street) -> None:
    """It is open nowhere once the hub is back."""
    hub, at = await joined(street), street.cloud
    await add(hub.home, "noah")
    await signed_in(hub.home, "noah")
    await agree(street)
    noah = (await ids(hub))["noah"]
    assert len(await at.home.store.read(lambda conn: sessions.open_of(conn, at.tenant, noah))) == 1
    assert await hub.sync.forget(hub.tenant) is None
    street.clock.advance(100 * DAY)
    await hub.home.store.write(lambda tx: sessions.forget(tx, 1))
    await hub.enrol(at)
    await agree(street)
    assert await at.home.store.read(lambda conn: sessions.open_of(conn, at.tenant, noah)) == []


async def test_nobody_becomes_who_is_here_already(street: Street) -> None:
    """Another owner here is named as who had made the code: both stay who they are."""
    hub = await joined(street)
    await add(hub.home, "noah", "owner")
    await agree(street)
    before = await ids(hub)
    assert await hub.sync.forget(hub.tenant) is None
    await hub.enrol(street.cloud, "noah")
    await agree(street)
    assert await ids(hub) == before
    assert (await signed_in(hub.home, "noah")).status_code == 200


async def ids(hub: Hub) -> dict[str, UUID]:
    """Whom there is, and as whom."""
    return {row.username: row.id for row in await hub.home.store.read(lambda conn: users.every(conn, hub.tenant))}


async def test_two_owners_with_one_address(street: Street) -> None:
    """Who joins as somebody else gives the same, and neither has proven it: both ends agree on that."""
    hub = street.hubs[0]
    async with hub.home.client() as client:
        await hub.home.own(client, "maya@example.com", "mother")

    def unproven(tx: Tx) -> None:
        maya = users.by_username(tx.conn, street.cloud.tenant, "maya")
        users.change(tx, street.cloud.tenant, maya.id, email_proven=False)

    await street.cloud.home.store.write(unproven)
    await hub.enrol(street.cloud)
    await agree(street)
    assert await members(hub.home) == {"maya", "mother"}


async def test_what_the_owner_is_told_who_becomes_one(street: Street) -> None:
    """The owner here and the one in the cloud had a password each, which nobody had set in two places: that is said."""
    hub = await joined(street)
    async with bearer(hub.home, (await signed_in(hub.home, "maya")).json()) as maya:
        (own,) = (await maya.get("/auth/notices")).json()["notices"]
        (shown,) = (await maya.get("/household/sync/reviews")).json()["notices"]
    assert own["code"] == shown["code"] == "password_before_joining"
    assert own["says"].startswith("A hub has joined where you had another password: the cloud's counts there")
    assert shown["says"].startswith("maya had another password on a hub that has joined")


async def test_a_hub_that_goes_off_right_after_it_has_joined(street: Street) -> None:
    """What its household had before is told once it is on again, some of it at a time; who signs in meanwhile stays."""
    hub = street.hubs[0]
    async with hub.home.client() as client:
        await hub.home.own(client, "maya@example.com", "maya")
    await add(hub.home, "noah")
    await hub.enrol(street.cloud)
    await hub.sync.runs.end()
    tokens = (await signed_in(hub.home, "noah")).json()
    await hub.sync.runs.begin(looping=False)
    await agree(street)
    assert await members(street.cloud.home) == {"maya", "noah"}
    async with bearer(hub.home, tokens) as noah:
        assert len((await noah.get("/auth/sessions")).json()["sessions"]) == 1


async def test_a_hub_that_nobody_has_claimed(street: Street) -> None:
    """It has the cloud's owners from then on, and no setup code any more."""
    hub = street.hubs[0]
    assert hub.tenant in hub.home.hub.parts.setup.shown()
    await hub.enrol(street.cloud)
    await agree(street)
    assert hub.home.hub.parts.setup.shown() == {}
