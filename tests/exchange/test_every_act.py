"""Whatever is done over HTTP on a hub that is enrolled, none of it is forgotten: rows and cells say the same."""

from collections.abc import AsyncIterator
from http import HTTPStatus
from pathlib import Path

import pytest

from rex_auth_edge.exchange.mirror import adopt, differences
from rex_auth_edge.exchange.stores.hub import SqlHub, enrol
from rex_auth_edge.exchange.stores.scribes import HubScribe
from rex_auth_edge.storage.store import Store
from rex_auth_edge.storage.tx import Tx
from rex_auth_edge.sync.me import HEADS, Me
from rex_auth_edge.sync.state import Cell
from tests.doubles import HandClock
from tests.exchange.everything import capture_all
from tests.household.cast import Cast, cast
from tests.hub import PASSWORD, Household, household
from tests.tenancy.routes import PLAIN, Route, filled

GONE = {HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT}
WORKING = 30
"""How many routes have to do what they are for, so that there is anything to capture."""


@pytest.fixture
async def they(sqlite_store: Store, clock: HandClock, tmp_path: Path) -> AsyncIterator[Cast]:
    """A household that Maya owns, enrolled with a cloud that nobody can reach."""
    home = await household(sqlite_store, clock, tmp_path / "data", RATE_LIMIT_ENABLED="false")
    async with cast(home) as made:
        await home.store.write(lambda tx: begin(tx, home))
        yield made
    await home.hub.close()


def begin(tx: Tx, home: Household) -> None:
    """Enrol, with all that is there."""
    parts, tenant_id = home.hub.parts, home.hub.parts.home
    enrol(tx, tenant_id, Me(tx.node.id.bytes, 1, 0, HEADS, b"nonce"), bytes(32), b"")
    hub = SqlHub(tx, tenant_id)
    adopt(tx, parts, tenant_id, hub.shown, capture_all(tx, parts, HubScribe(hub), tenant_id))
    hub.flush()


async def apart(home: Household) -> list[Cell]:
    """Which cells say something else than the rows."""
    parts, tenant_id = home.hub.parts, home.hub.parts.home
    return await home.store.write(lambda tx: differences(tx.conn, parts, tenant_id, SqlHub(tx, tenant_id).shown))


async def sent(they: Cast, route: Route, things: dict[str, str]) -> int:
    """Maya sends what the route takes, about one of these things: the status. She has her password again after it."""
    named = {"username": "new"} if route.path == "/household/members" else {}
    named |= {"registration": "open"} if "registration" in route.fields else {}
    path = filled(route, tuple(things.get(kind, "0") for kind in route.kinds))
    answer = await they.maya.client.request(route.method, path, json=route.body(**named))
    if "current_password" in route.fields and answer.status_code == HTTPStatus.OK:
        back = {"current_password": PLAIN["new_password"], "new_password": PASSWORD}
        assert not (await they.maya.client.post("/auth/password/change", json=back)).is_error
    return answer.status_code


async def test_every_act_is_captured(they: Cast) -> None:
    """After each route that changes something, whether it was refused or not; what stays at home comes last."""
    things, worked = await they.things(), 0
    acts = {route.handler: route for route in they.routes if route.method != "GET"}
    for route in sorted(acts.values(), key=lambda each: each.path == "/household/policy"):
        await they.renew()
        status = await sent(they, route, things)
        if status in GONE and route.kinds:
            things = await they.things()
            status = await sent(they, route, things)
        worked += status == HTTPStatus.OK
        assert await apart(they.home) == [], route
    assert worked >= WORKING
