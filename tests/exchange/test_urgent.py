"""What closes doors on a hub goes ahead of whatever it is reading just then, however much that is."""

from collections.abc import Mapping

from rex_auth_edge.exchange.hub.call import Reply
from rex_auth_edge.exchange.messages import PULL, PUSH
from rex_auth_edge.sync.bodies import Pull
from rex_auth_edge.sync.order import Lane
from rex_auth_edge.sync.wire import decode
from tests.exchange.conftest import Street
from tests.exchange.people import add, agree, joined, signed_in, validated
from tests.exchange.street import bearer


async def test_an_end_in_the_middle_of_reading(street: Street) -> None:
    """A session that is ended while the hub reads one lane is ended in the cloud before the next lane is read."""
    hub = await joined(street)
    home, cloud, straight = hub.home, street.cloud.home, hub.line.post
    maya = (await signed_in(cloud, "maya")).json()
    await agree(street)
    await add(cloud, "kim")
    asked: list[str] = []

    async def post(path: str, body: bytes, headers: Mapping[str, str], wait: float) -> Reply:
        asked.append(decode(body, Pull).lane.name if path == PULL else path)
        reply = await straight(path, body, headers, wait)
        if asked.count(Lane.IDENTITY.name) == 1 and asked[-1] == Lane.IDENTITY.name:
            async with bearer(home, (await signed_in(home, "maya")).json()) as owner:
                assert (await owner.post("/auth/logout-others")).status_code == 200
        if asked.count(PUSH) == 1 and asked[-1] == PUSH:
            assert await validated(cloud, maya) == 401
        return reply

    hub.line.post = post  # type: ignore[method-assign]
    await hub.meet()
    assert asked.index(PUSH) < asked.index(Lane.AUDIT.name)
