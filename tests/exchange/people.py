"""What people do on a street of hubs and a cloud, and what must be so afterwards."""

from typing import Any

import httpx

from rex_auth_edge.domain.refusals import Refused
from rex_auth_edge.storage import tenants, users
from tests.exchange.conftest import Street
from tests.exchange.street import Hub, bearer
from tests.hub import PASSWORD, Household


async def agree(street: Street) -> None:
    """Everybody meets until nobody has anything new; then cells and tables say the same everywhere."""
    hubs = [hub for hub in street.hubs if hub.sync.runs.running]
    for hub in (*hubs, *hubs):
        said = await hub.meet()
        assert said.trouble is None, said
    for hub in hubs:
        found = await hub.sync.verify(hub.tenant)
        assert not isinstance(found, Refused), found
        assert found.differing == (), found
        assert found.repaired == 0


async def joined(street: Street) -> Hub:
    """The first hub, claimed by Maya and enrolled."""
    hub = street.hubs[0]
    async with hub.home.client() as client:
        await hub.home.own(client, "maya@example.com", "maya")
    await hub.enrol(street.cloud)
    await agree(street)
    return hub


async def signed_in(home: Household, name: str, password: str = PASSWORD) -> httpx.Response:
    """Sign in by username; the cloud has to be told where."""
    known = await home.store.read(tenants.every)
    body = {"username": name, "password": password, "tenant": str(known[-1].id)}
    async with home.client("192.168.1.77") as client:
        return await client.post("/auth/login", json=body)


async def validated(home: Household, tokens: dict[str, Any]) -> int:
    """What the node says of an access token."""
    async with bearer(home, tokens) as client:
        return (await client.get("/auth/token/validate")).status_code


async def add(home: Household, username: str, role: str = "adult") -> None:
    """Maya adds somebody."""
    async with bearer(home, (await signed_in(home, "maya")).json()) as owner:
        body = {"username": username, "password": PASSWORD, "role": role}
        answer = await owner.post("/household/members", json=body)
    assert answer.status_code == 200, answer.text


async def members(home: Household) -> set[str]:
    """Who is in."""
    known = await home.store.read(tenants.every)
    return {row.username for row in await home.store.read(lambda conn: users.every(conn, known[-1].id))}
