"""What Maya does in the cloud as an owner, and what she finds there."""

from typing import Any
from uuid import UUID

import httpx

from rex_auth_edge.storage import attempts_elsewhere, users
from tests.exchange.conftest import Street
from tests.exchange.consoles import cloud
from tests.exchange.people import signed_in
from tests.exchange.street import bearer
from tests.hub import PASSWORD, Household


async def removed(street: Street, hub: UUID, **asked: str) -> httpx.Response:
    """Maya removes it in the cloud."""
    async with await street.cloud.owner() as owner:
        await owner.post("/auth/reauthenticate", json={"password": PASSWORD})
        return await owner.delete(f"/household/hubs/{hub}", params=asked)


async def sets(home: Household, **wanted: str) -> None:
    """Maya sets the household's policy there."""
    async with bearer(home, (await signed_in(home, "maya")).json()) as owner:
        answer = await owner.patch("/household/policy", json=wanted)
    assert answer.status_code == 200, answer.text


async def policy(street: Street) -> dict[str, Any]:
    """What holds in the cloud."""
    return dict(await cloud(street).do("household.policy", household=str(street.cloud.tenant)))


async def person(street: Street, name: str) -> bytes:
    """Somebody's id."""
    found = await street.cloud.home.store.read(lambda conn: users.by_username(conn, street.cloud.tenant, name))
    return bytes(found.id.bytes)


async def roles(street: Street) -> dict[str, str]:
    """Whom the cloud knows, and their roles."""
    tenant = street.cloud.tenant
    return {each.username: each.role for each in await street.cloud.home.store.read(lambda c: users.every(c, tenant))}


def said(answer: Any) -> dict[str, list[str]]:
    """The sentences of a removal's answer, by their codes."""
    assert answer.status_code == 200, answer.text
    found: dict[str, list[str]] = {}
    for each in answer.json()["notices"]:
        found.setdefault(each["code"], []).append(each["says"])
    return found


async def barred(street: Street, name: str) -> tuple[bool, bool]:
    """Whether somebody is disabled in the cloud, and whether they are banned there."""
    row = await street.cloud.home.store.read(lambda conn: users.by_username(conn, street.cloud.tenant, name))
    account = street.cloud.home.hub.parts.account(street.cloud.tenant, row.id)
    counters = await street.cloud.home.store.read(
        lambda conn: attempts_elsewhere.of_account(conn, street.cloud.tenant, account)
    )
    return bool(row.disabled), any(each.permanent for each in counters)
