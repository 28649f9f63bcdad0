"""Bad lines, lost answers, doubled disks and restored ones: nothing confirmed is lost, and it is said what is wrong."""

import asyncio

import pytest

from rex_auth_edge.domain.clock import DAY, MINUTE
from rex_auth_edge.domain.refusals import Refused
from rex_auth_edge.exchange.cloud import answering, restored
from rex_auth_edge.exchange.hub import household
from rex_auth_edge.exchange.hub.rounds import Rounds
from rex_auth_edge.exchange.stores.cloud import SqlCloud
from rex_auth_edge.storage import chains
from rex_auth_edge.storage.faults import Fault
from rex_auth_edge.storage.sqlite import SqliteStore
from rex_auth_edge.sync.hub.shedding import GAP
from rex_auth_edge.sync.kinds import Kind
from rex_auth_edge.sync.order import Lane
from tests.exchange.conftest import Street
from tests.exchange.people import add, agree, joined, members, signed_in, validated
from tests.exchange.street import Hub, copied
from tests.hub import PASSWORD


def rounds(hub: Hub) -> Rounds:
    """What goes on about its household."""
    return hub.sync.runs.running[hub.tenant].rounds


async def test_without_the_cloud(street: Street, caplog: pytest.LogCaptureFixture) -> None:
    """A hub whose cloud is gone does all that it did, and logs it in words; what was done goes there afterwards."""
    hub = await joined(street)
    hub.line.cut = True
    await add(hub.home, "noah")
    noah = (await signed_in(hub.home, "noah")).json()
    said = await hub.meet()
    assert said.trouble == "unreachable"
    assert "The cloud can't be reached." in caplog.text
    assert sum(said.waiting) > 0
    assert await validated(hub.home, noah) == 200
    street.clock.advance(30 * 24 * 3_600_000)
    assert (await signed_in(hub.home, "noah")).status_code == 200
    hub.line.cut = False
    await agree(street)
    assert (await signed_in(street.cloud.home, "noah")).status_code == 200


async def test_a_full_disk_without_the_cloud(street: Street, monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest records that wait make room, and how many they were is on record in the cloud."""
    hub = await joined(street)
    hub.line.cut = True
    for _ in range(12):
        await signed_in(hub.home, "maya")
    before = (await hub.meet()).waiting[Lane.AUDIT]
    monkeypatch.setattr(household, "_KEPT_RECORDS", 4)
    monkeypatch.setattr(SqliteStore, "trouble", Fault.FULL)
    after = (await hub.meet()).waiting[Lane.AUDIT]
    monkeypatch.undo()
    assert after < before
    hub.line.cut = False
    await agree(street)
    cells = await street.cloud.home.store.write(lambda tx: SqlCloud(tx, street.cloud.tenant).of_kind(Kind.AUDIT))
    assert [held.value for each in cells if (held := each.shown().fields.get(GAP))] == [before - after + 1]


async def test_answers_that_are_lost(street: Street) -> None:
    """What was done and never confirmed is done once, however many answers are lost: each is as it was before."""
    hub = await joined(street)
    for lost in (1, 2, 3, 5):
        await add(hub.home, f"noah{lost}")
        hub.line.deaf = lost
        for _ in range(lost):
            await hub.meet()
        await agree(street)
        assert f"noah{lost}" in await members(street.cloud.home)


async def test_everything_arrives_twice(street: Street) -> None:
    """A request that comes a second time, proof and all, is refused and changes nothing."""
    hub = await joined(street)
    await add(hub.home, "noah")
    hub.line.twice = True
    await agree(street)
    assert {answer.status_code for answer in hub.line.again} == {401}
    assert "noah" in await members(street.cloud.home)


async def test_a_removed_hub(street: Street) -> None:
    """Its key ends, and the sessions that it has begun; its own people go on at home."""
    hub = await joined(street)
    async with await street.cloud.owner() as owner:
        found = (await owner.get("/household/hubs")).json()["hubs"]
        assert [(each["state"], each["name"]) for each in found] == [("active", "127.0.0.1")]
        answer = await owner.delete(f"/household/hubs/{found[0]['id']}")
        assert answer.status_code == 200, answer.text
        assert (await owner.delete(f"/household/hubs/{found[0]['id']}")).status_code == 404
        assert (await owner.get("/household/hubs")).json()["hubs"][0]["state"] == "removed"
    said = await hub.meet()
    assert (said.removed, said.trouble) == (True, "removed")
    await add(hub.home, "noah")
    assert (await signed_in(hub.home, "noah")).status_code == 200
    assert "noah" not in await members(street.cloud.home)
    again = await hub.sync.enrol(hub.tenant, "https://cloud.example", await street.cloud.claim())
    assert isinstance(again, Refused)
    assert (again.fields, "sync forget" in again.message) == ({"cloud": "hub_removed"}, True)


async def test_a_hub_that_was_removed_by_mistake(street: Street) -> None:
    """It leaves, and joins as another hub with its people and its log; what was ended meanwhile stays so."""
    hub, home = await joined(street), street.cloud.home
    await add(hub.home, "noah")
    await agree(street)
    former = hub.home.store.node
    tokens = (await signed_in(hub.home, "noah")).json()
    await agree(street)
    async with await street.cloud.owner() as owner:
        assert (await owner.delete(f"/household/hubs/{former.id}")).status_code == 200
        assert (await owner.post(f"/household/members/{tokens['user_id']}/disable")).status_code == 200
    await hub.meet()
    await add(hub.home, "kim")
    assert await hub.sync.forget(hub.tenant) is None
    assert await validated(hub.home, tokens) == 200
    await hub.enrol(street.cloud)
    await agree(street)
    assert hub.home.store.node.id != former.id
    assert await validated(hub.home, tokens) == 401
    for node in (home, hub.home):
        assert await members(node) == {"maya", "noah", "kim"}
        assert [(await signed_in(node, name)).status_code for name in ("kim", "noah")] == [200, 401]
    await agree(street)
    async with await street.cloud.owner() as owner:
        states = {each["id"]: each["state"] for each in (await owner.get("/household/hubs")).json()["hubs"]}
        assert states == {str(former.id): "removed", str(hub.home.store.node.id): "active"}
        assert "hub.renamed" in (await owner.get("/household/audit")).text
    broken = await hub.home.store.read(
        lambda conn: [each for each in chains.every(conn, hub.tenant) if each.hash is None or each.last != each.rows]
    )
    assert broken == []


async def test_keys_rotate(street: Street) -> None:
    """The old key vouches for the new one, whose first use ends it; lost answers in the middle do no harm."""
    hub = await joined(street)
    household = hub.sync.runs.running[hub.tenant].household
    old = household.me.key
    hub.line.deaf = 1
    said = await hub.sync.rotate(hub.tenant)
    assert not isinstance(said, Refused)
    assert said.trouble == "unreachable"
    await agree(street)
    new = household.me.key
    assert new != old
    assert household.signer().key.public == new
    household.flip()
    assert household.signer().key.public == old
    said = await hub.meet()
    assert said.trouble == "proof"


async def test_a_cloned_hub(street: Street) -> None:
    """Of two copies neither is listened to, but both learn of revocations; until an owner lets one in anew."""
    hub = await joined(street)
    await add(hub.home, "noah")
    noah = (await signed_in(hub.home, "noah")).json()
    await agree(street)
    await asyncio.to_thread(copied, street.folder / "hub0", street.folder / "clone")
    clone = await street.hub("clone", 7)
    await clone.meet()
    await add(hub.home, "kim")
    said = [await each.meet() for each in (hub, clone, hub)]
    assert any(each.locked for each in said)
    async with await street.cloud.owner() as owner:
        assert (await owner.get("/household/hubs")).json()["hubs"][0]["state"] == "locked"
        assert (await owner.post(f"/household/members/{noah['user_id']}/disable")).status_code == 200
    for each in (hub, clone):
        await each.meet()
        assert await validated(each.home, noah) == 401
        assert (await signed_in(each.home, "noah")).status_code == 401
        assert (await signed_in(each.home, "maya")).status_code == 200, "the others go on"
    await clone.sync.runs.end()
    street.hubs.remove(clone)
    await hub.enrol(street.cloud)
    await agree(street)
    assert "kim" in await members(street.cloud.home)


async def test_a_restored_hub(street: Street) -> None:
    """A database from before: it is noticed by the copy beside it, and what the hub lacks comes back from the cloud."""
    hub = await joined(street)
    held = (await signed_in(hub.home, "maya", PASSWORD)).json()
    await asyncio.to_thread(copied, street.folder / "hub0", street.folder / "backup")
    await add(hub.home, "noah")
    since = (await signed_in(hub.home, "maya", PASSWORD)).json()
    await agree(street)
    await hub.sync.runs.end()
    street.hubs.remove(hub)
    beside = (street.folder / name / "data" / "sync" for name in ("hub0", "backup"))
    await asyncio.to_thread(copied, *beside)
    back = await street.hub("backup", 8)
    assert (await back.sync.status(back.tenant)).restored
    await add(back.home, "kim")
    assert not (await back.meet()).restored
    await agree(street)
    assert {"noah", "kim"} <= await members(back.home)
    assert {"noah", "kim"} <= await members(street.cloud.home)
    assert back.sync.runs.running[back.tenant].household.me.incarnation == 2
    assert (await signed_in(back.home, "noah", PASSWORD)).status_code == 200
    async with back.home.client() as client:
        refused = await client.post("/auth/token/refresh", json={"refresh_token": held["refresh_token"]})
    assert refused.status_code == 401
    assert back.home.store.node.incarnation == 2
    assert await validated(back.home, since) == 401, "of which the database of before knows nothing"


async def test_a_restored_cloud(street: Street) -> None:
    """Hubs tell it again what it has forgotten, once its operator has said that it was restored."""
    hub = await joined(street)
    home = street.cloud.home
    await add(home, "early")
    await agree(street)
    await asyncio.to_thread(copied, street.folder / "cloud", street.folder / "cloud-backup")
    await add(hub.home, "noah")
    await agree(street)
    await street.back(street.folder / "cloud-backup")
    assert "noah" not in await members(street.cloud.home)
    assert await restored.begin_epochs(street.cloud.home.hub.parts) == 1
    await agree(street)
    assert {"early", "noah"} <= await members(street.cloud.home)
    assert {"early", "noah"} <= await members(hub.home)


async def test_who_came_in_the_cloud_after_its_backup(street: Street) -> None:
    """A hub that has heard of them keeps them, and tells the restored cloud of them as it knows them."""
    hub = await joined(street)
    await asyncio.to_thread(copied, street.folder / "cloud", street.folder / "cloud-backup")
    await add(street.cloud.home, "noah")
    await agree(street)
    await street.back(street.folder / "cloud-backup")
    assert await restored.begin_epochs(street.cloud.home.hub.parts) == 1
    await agree(street)
    assert "noah" in await members(street.cloud.home) & await members(hub.home)
    for home in (street.cloud.home, hub.home):
        assert (await signed_in(home, "noah", PASSWORD)).status_code == 200


async def test_two_restores_of_one_backup(street: Street) -> None:
    """Each begins another epoch: what a hub was told in the first isn't taken for the second's."""
    await joined(street)
    await asyncio.to_thread(copied, street.folder / "cloud", street.folder / "cloud-backup")
    begun = []
    for number in range(2):
        street.clock.advance(MINUTE)
        again = street.folder / f"cloud-again-{number}"
        await asyncio.to_thread(copied, street.folder / "cloud-backup", again)
        await street.back(again)
        await restored.begin_epochs(street.cloud.home.hub.parts)
        begun.append((await answering.at(street.cloud.home.hub.parts, street.cloud.tenant)).epoch)
    assert begun[0] < begun[1]


async def test_leaving(street: Street) -> None:
    """A household that forgets its cloud stays as it is, and can join again."""
    hub = await joined(street)
    assert await hub.sync.pause(hub.tenant) is None
    assert (await hub.sync.status(hub.tenant)).paused
    assert await hub.sync.resume(hub.tenant) is None
    assert await hub.sync.forget(hub.tenant) is None
    assert not (await hub.sync.status(hub.tenant)).enrolled
    assert isinstance(await hub.sync.now(hub.tenant), Refused)
    await add(hub.home, "noah")
    await hub.enrol(street.cloud)
    await agree(street)
    assert "noah" in await members(street.cloud.home)


async def test_a_clock_that_is_set_back(street: Street) -> None:
    """When a hub tries again, and when it writes down how it stands, nobody's wall clock decides."""
    hub = await joined(street)
    running = hub.sync.runs.running[hub.tenant]
    street.clock.step(73 * 365 * DAY)
    hub.line.cut = True
    assert (await hub.meet()).trouble == "unreachable"
    waiting = asyncio.ensure_future(running.loop.pause(30_000))
    await asyncio.sleep(0)
    street.clock.step(-73 * 365 * DAY)
    status = await hub.sync.status(hub.tenant)
    assert status.retry_at == street.clock.wall + 30_000
    running.loop.now()
    await waiting
    hub.line.cut = False
    assert (await hub.meet()).trouble is None
    street.clock.advance(11 * MINUTE)
    await hub.meet()
    await hub.sync.runs.end()
    assert (await hub.sync.status(hub.tenant)).reached_at == street.clock.wall
