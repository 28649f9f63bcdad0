"""A family on two hubs and in the cloud, and whether all three have the same of it."""

from collections.abc import Callable
from typing import Any

import httpx
import sqlalchemy as sa

from rex_auth_edge.storage import attempts_elsewhere, devices, invitations, sessions, tenants, users
from rex_auth_edge.sync.pen import Pen
from rex_auth_edge.sync.state import Cell, State
from tests.exchange.mirror.nodes import Node, World
from tests.hub import PASSWORD
from tests.sync.simulation.machines import CloudMachine
from tests.sync.simulation.places import AtCloud

MAYA = "maya@example.com"
LOCAL = {"tenant_id", "sign_outs", "last_login_at", "password_changed_at", "created_at"}


async def rows(node: Node) -> list[dict[str, Any]]:
    """Everybody's row, but for what is the node's own."""
    found = await node.home.store.read(lambda conn: users.every(conn, node.tenant))
    return [{name: value for name, value in row._asdict().items() if name not in LOCAL} for row in found]


async def open_sessions(node: Node) -> set[Any]:
    """The sessions that haven't ended here."""
    return {row.id for row in await node.home.store.read(lambda conn: sessions.every_open(conn, node.tenant))}


def _household(conn: sa.Connection, node: Node) -> dict[str, Any]:
    """All else that the nodes have in common: what came and went before others heard isn't."""
    parts, tenant, house = node.home.hub.parts, node.tenant, tenants.get(conn, node.tenant)
    names = {parts.account(tenant, row.id): row.username for row in users.every(conn, tenant)}
    failing = [row for row in attempts_elsewhere.of_people(conn, tenant) if bytes(row.account) in names]
    let_in = devices.every(conn, tenant)
    invited = [row for row in invitations.every(conn, tenant) if row.revoked_at is None]
    return {
        "policy": [house.name, house.password_rule, house.session_life, house.shares, bool(house.voice)],
        "devices": [(row.id, row.name, row.room, row.kind, row.scopes, row.state, row.public_key) for row in let_in],
        "invitations": [(row.id, row.name, row.role, row.used_by) for row in invited],
        "failures": sorted((names[bytes(row.account)], row.node_id, row.attempt_count) for row in failing),
    }


async def everything(node: Node) -> dict[str, Any]:
    """What all nodes have in common."""
    found = await node.home.store.read(lambda conn: _household(conn, node))
    return found | {"people": await rows(node), "sessions": await open_sessions(node)}


async def alike(made: World) -> None:
    """Everybody has met, nobody's rows differ from the cells, and none from anybody else's."""
    await made.meet()
    nodes = [made.cloud, *made.hubs]
    assert [await node.differences() for node in nodes] == [[]] * len(nodes)
    cloud = await everything(made.cloud)
    for hub in made.hubs:
        found = await everything(hub)
        apart = {name: (found[name], cloud[name]) for name in found if found[name] != cloud[name]}
        assert apart == {}, apart


async def signed_in(node: Node, name: str = MAYA, password: str = PASSWORD) -> httpx.AsyncClient:
    """A new client with a session here."""
    client = node.home.client()
    answer = await node.home.login(client, name, password)
    assert answer.status_code == 200, answer.text
    client.cookies.clear()
    client.headers["authorization"] = f"Bearer {answer.json()['access_token']}"
    client.headers["x-refresh"] = answer.json()["refresh_token"]
    return client


async def refused(client: httpx.AsyncClient) -> bool:
    """Whether neither the access token nor the refresh token is good any more."""
    seen = await client.get("/auth/validate")
    renewed = await client.post("/auth/token/refresh", json={"refresh_token": client.headers["x-refresh"]})
    return (seen.status_code, renewed.status_code) == (401, 401)


async def member(maya: httpx.AsyncClient, username: str, role: str = "adult") -> str:
    """Somebody whom Maya adds."""
    body = {"username": username, "password": PASSWORD, "role": role}
    answer = await maya.post("/household/members", json=body)
    assert answer.status_code in {200, 201}, answer.text
    return str(answer.json()["user_id"])


async def decided(family: World, cell: Cell, make: Callable[[Pen], State]) -> None:
    """The cloud decides something by itself."""
    assert isinstance(family.cloud.machine, CloudMachine)
    place = AtCloud(family.cloud.machine)
    place.write(cell, make(place.pen()), None)
    await family.cloud.adopt([cell])
