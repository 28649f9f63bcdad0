"""What people do on a street of hubs and a cloud, and what must be so afterwards."""

from functools import partial
from typing import Any

import httpx

from rex_auth_edge.domain.refusals import Refused
from rex_auth_edge.storage import tenants, users
from tests.exchange.conftest import Street
from tests.exchange.street import Hub, bearer
from tests.hub import PASSWORD, Household, text_of


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


async def joined_beside(street: Street) -> Hub:
    """A second hub, enrolled beside the first, which has yet to hear of it."""
    hub = await street.hub("hub1", 1)
    await hub.enrol(street.cloud)
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


async def noticed(home: Household, name: str, password: str = PASSWORD) -> list[str]:
    """What the person is told there of a hub's word and lost addresses."""
    every = [each.id for each in await home.store.read(tenants.every)]
    known = {each: await home.store.read(partial(users.every, tenant_id=each)) for each in every}
    (tenant,) = [of for of, people in known.items() if name in {each.username for each in people}]
    body = {"username": name, "password": password, "tenant": str(tenant)}
    async with home.client("192.168.1.77") as client:
        tokens = (await client.post("/auth/login", json=body)).json()
    async with bearer(home, tokens) as client:
        told = [each["code"] for each in (await client.get("/auth/notices")).json()["notices"]]
    return [code for code in told if code.endswith("_by_hub") or code == "email_taken"]


async def letters(home: Household, address: str) -> list[str]:
    """What the cloud has written to the address about changes by a hub."""
    found = [each for each in await home.mail(address) if "changed at home" in str(each["Subject"])]
    return [" ".join(text_of(each).split()) for each in found]
