"""A hub that runs by itself: what is done on one side is on the other at once, and a quiet one hardly says a word."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from rex_auth_edge.domain.clock import MINUTE, SECOND
from rex_auth_edge.exchange.hub import runs
from rex_auth_edge.exchange.trouble import LineError
from tests.exchange.conftest import Street
from tests.exchange.people import add, members, signed_in, validated
from tests.exchange.street import CLOUD, Hub, bearer
from tests.hub import Household


async def running(street: Street) -> Hub:
    """A hub with its loop, claimed by Maya, enrolled, and waiting for something to happen."""
    hub = await street.hub("running", 3, looping=True)
    async with hub.home.client() as client:
        await hub.home.own(client, "maya@example.com", "maya")
    await hub.enrol(street.cloud)

    async def quiet() -> bool:
        return (await hub.sync.status(hub.tenant)).agreed_at is not None and street.cloud.home.hub.cloud._waiting == 1  # type: ignore[union-attr]

    await hub.line.until(quiet)
    return hub


async def has(home: Household, username: str) -> bool:
    """Whether somebody is in."""
    return username in await members(home)


async def test_what_goes_on_is_not_begun_again(street: Street) -> None:
    """Looking for households that couldn't be taken up leaves all others as they are."""
    hub = await running(street)
    (before,) = hub.sync.runs.running.values()
    await hub.sync.runs.begin()
    assert list(hub.sync.runs.running.values()) == [before]


async def test_both_ways(street: Street) -> None:
    """The one side's change wakes the other: nobody waits for the next round."""
    hub = await running(street)
    cloud = street.cloud.home
    await add(hub.home, "noah")
    await hub.line.until(lambda: has(cloud, "noah"))
    await add(cloud, "kim")
    await hub.line.until(lambda: has(hub.home, "kim"))
    kim = (await signed_in(hub.home, "kim")).json()

    async def ended() -> bool:
        return await validated(hub.home, kim) == 401

    async with bearer(cloud, (await signed_in(cloud, "maya")).json()) as owner:
        assert (await owner.post(f"/household/members/{kim['user_id']}/disable")).status_code == 200
    await hub.line.until(ended)


async def test_a_disk_that_is_good_again(street: Street, monkeypatch: pytest.MonkeyPatch) -> None:
    """A household whose files couldn't be read when the hub began says so, and is taken up once they can: by itself."""
    hub = await running(street)
    await hub.sync.runs.end()
    copies = hub.folder / "data" / "sync"
    copies.rename(copies.with_suffix(".away"))
    copies.touch()
    monkeypatch.setattr(runs, "_AGAIN", 0.01)
    serving = asyncio.create_task(hub.sync.runs.run())

    async def said() -> str | None:
        return (await hub.sync.status(hub.tenant)).trouble

    await hub.line.until(lambda: _equals(said, "storage"))
    asked = await hub.sync.now(hub.tenant)
    assert getattr(asked, "trouble", None) == "storage"
    copies.unlink()
    copies.with_suffix(".away").rename(copies)
    await add(street.cloud.home, "noah")
    await hub.line.until(lambda: has(hub.home, "noah"))
    assert await said() is None
    await hub.sync.runs.end()
    serving.cancel()
    await asyncio.gather(serving, return_exceptions=True)


async def _equals(asked: Callable[[], Awaitable[str | None]], wanted: str) -> bool:
    return await asked() == wanted


async def test_from_hub_to_hub(street: Street) -> None:
    """What one hub sends wakes another that waits at the cloud."""
    hub = await running(street)
    second = await street.hub("second", 4, looping=True)
    await second.enrol(street.cloud)
    desk = street.cloud.home.hub.cloud
    assert desk is not None

    async def both_wait() -> bool:
        return desk._waiting == 2

    await hub.line.until(both_wait)
    await add(hub.home, "noah")
    await second.line.until(lambda: has(second.home, "noah"))


async def test_a_quiet_hour(street: Street) -> None:
    """A hub with nothing to say, which asks again every 55 seconds, moves 64 KiB an hour at most."""
    hub = await running(street)
    desk = street.cloud.home.hub.cloud
    assert desk is not None
    for _ in range(3):
        count = len(hub.line.sizes)
        street.clock.advance(55_000)
        street.cloud.home.hub.waking.everybody()

        async def again(count: int = count) -> bool:
            return len(hub.line.sizes) > count and desk._waiting == 1

        await hub.line.until(again)
    assert hub.line.asked[-4:] == ["/sync/pull"] * 4
    date = len("date: Sun, 29 Nov 2026 14:00:00 GMT\r\n") + len("HTTP/1.1 200 OK\r\n")
    host, tls = len("Host: cloud.example\r\n"), 4 * 22
    asked = 3600 / 55 * (max(hub.line.sizes[-3:]) + date + host + tls)
    assert asked <= 64 * 1024, asked
    assert CLOUD == "https://cloud.example"


async def test_a_line_that_keeps_nobody_waiting(street: Street) -> None:
    """Where all other requests get through, rounds come ever more seldom, yet at least each minute."""
    hub = await street.hub("hasty", 5)
    async with hub.home.client() as client:
        await hub.home.own(client, "maya@example.com", "maya")
    await hub.enrol(street.cloud)
    hub.line.hasty = True
    run, waits = hub.sync.runs.running[hub.tenant], []
    for _ in range(16):
        await run.rounds.whole()
        with pytest.raises(LineError) as error:
            await run.rounds.wait()
        waits.append(run.loop._after(error.value))
    assert max(waits[:3]) <= 2 * SECOND
    assert 20 * SECOND < max(waits[8:]) <= MINUTE


async def test_a_pause(street: Street) -> None:
    """While it is paused nothing goes on, nor goes out; then what has waited does."""
    before = asyncio.all_tasks()
    hub = await running(street)
    assert await hub.sync.pause(hub.tenant) is None
    assert asyncio.all_tasks() == before
    asked = len(hub.line.asked)
    await add(hub.home, "noah")
    said = await hub.sync.status(hub.tenant)
    assert (said.paused, sum(said.waiting) > 0, len(hub.line.asked)) == (True, True, asked)
    assert await hub.sync.resume(hub.tenant) is None
    await hub.line.until(lambda: has(street.cloud.home, "noah"))


async def test_changing_ones_mind(street: Street) -> None:
    """However pauses and their ends follow on each other, nothing goes on once all has ended."""
    before = asyncio.all_tasks()
    hub = await running(street)
    await asyncio.gather(*(act(hub.tenant) for act in (hub.sync.pause, hub.sync.resume, hub.sync.resume) * 2))
    await asyncio.gather(hub.sync.resume(hub.tenant), hub.sync.runs.end())
    assert asyncio.all_tasks() == before
