"""Requests that are kept waiting at the cloud: for how long, how many of them, and what ends them."""

import asyncio
from collections.abc import Awaitable

import pytest

from rex_auth_edge.domain.clock import SECOND
from rex_auth_edge.exchange.cloud import desk as module
from rex_auth_edge.exchange.cloud.desk import CloudDesk
from rex_auth_edge.exchange.messages import PULL
from rex_auth_edge.sync.order import Lane
from tests.exchange.conftest import Street
from tests.exchange.people import add
from tests.exchange.street import Hub

HOUR = 3600


async def enrolled(street: Street, number: int = 0) -> Hub:
    """A hub that has nothing more to hear."""
    hub = street.hubs[number]
    await hub.enrol(street.cloud)
    for each in 2 * street.hubs[: number + 1]:
        await each.meet()
    return hub


def desk(street: Street) -> CloudDesk:
    """The cloud's."""
    found = street.cloud.home.hub.cloud
    assert found is not None
    return found


async def asks(hub: Hub) -> Awaitable[bytes]:
    """It asks for news, and would wait an hour for any; a test does so for a shorter time."""
    run = hub.sync.runs.running[hub.tenant]
    request = await run.household.question(Lane.SECURITY)
    return asyncio.ensure_future(asyncio.wait_for(run.rounds._kept.ask(PULL, request, HOUR), 30))


async def waiting(street: Street, count: int) -> None:
    """Until so many are kept waiting."""

    async def so() -> bool:
        return desk(street)._waiting == count

    await street.hubs[0].line.until(so)


async def test_nobody_waits_for_longer_than_55_seconds(street: Street) -> None:
    """Whatever they ask for: proxies and routers forget a connection on which nothing moves."""
    answer = await asks(await enrolled(street))
    await waiting(street, 1)
    street.clock.advance(54 * SECOND)
    desk(street).waking.everybody()
    await asyncio.sleep(0.1)
    await waiting(street, 1)
    street.clock.advance(1 * SECOND)
    desk(street).waking.everybody()
    assert await answer
    await waiting(street, 0)


async def test_a_hub_waits_once(street: Street) -> None:
    """Who asks anew has given up the former request, whose connection may have been cut: it is answered at once."""
    hub = await enrolled(street)
    former = await asks(hub)
    await waiting(street, 1)
    hub.sync.runs.running[hub.tenant].rounds._kept._one = asyncio.Lock()  # as over another connection
    later = await asks(hub)
    assert await former
    await waiting(street, 1)
    await add(street.cloud.home, "noah")
    assert await later
    await waiting(street, 0)


async def test_where_too_many_wait(street: Street, monkeypatch: pytest.MonkeyPatch) -> None:
    """Further ones are answered at once, though there is nothing to tell, and those who wait go on waiting."""
    monkeypatch.setattr(module, "MOST_WAITING", 1)
    await street.hub("second", 2)
    first, second = await enrolled(street), await enrolled(street, 1)
    patient = await asks(first)
    await waiting(street, 1)
    assert await asks_at_once(second)
    await waiting(street, 1)
    await add(street.cloud.home, "noah")
    assert await patient


async def asks_at_once(hub: Hub) -> bytes:
    """It asks, and has its answer without anything happening."""
    return await (await asks(hub))


async def test_a_cloud_that_stops_keeps_nobody(street: Street) -> None:
    """Those who wait have their answers, and nobody who asks then waits any more."""
    hub = await enrolled(street)
    answer = await asks(hub)
    await waiting(street, 1)
    desk(street).stop()
    assert await answer
    assert await asks_at_once(hub)


async def test_where_other_processes_are_not_heard(street: Street, monkeypatch: pytest.MonkeyPatch) -> None:
    """What they have done is seen all the same: by looks at the database, one a second."""
    monkeypatch.setattr(module, "_LOOK", 0.01)
    answer = await asks(await enrolled(street))
    await waiting(street, 1)
    monkeypatch.setattr(desk(street), "hears", lambda: False)
    desk(street).waking.everybody()
    monkeypatch.setattr(desk(street).waking, "heard", lambda _: None)
    await add(street.cloud.home, "noah")
    assert await answer
