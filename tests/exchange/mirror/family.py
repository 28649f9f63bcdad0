"""A family on two hubs and in the cloud, and whether all three have the same of it."""

from typing import Any

import httpx

from rex_auth_edge.storage import sessions, users
from tests.exchange.mirror.nodes import Node, World
from tests.hub import PASSWORD

MAYA = "maya@example.com"
LOCAL = {"tenant_id", "last_login_at", "password_changed_at", "created_at"}


async def rows(node: Node) -> list[dict[str, Any]]:
    """Everybody's row, but for what is the node's own."""
    found = await node.home.store.read(lambda conn: users.every(conn, node.tenant))
    return [{name: value for name, value in row._asdict().items() if name not in LOCAL} for row in found]


async def open_sessions(node: Node) -> set[Any]:
    """The sessions that haven't ended here."""
    return {row.id for row in await node.home.store.read(lambda conn: sessions.every_open(conn, node.tenant))}


async def alike(made: World) -> None:
    """Everybody has met, nobody's rows differ from the cells, and none from anybody else's."""
    await made.meet()
    nodes = [made.cloud, *made.hubs]
    assert [await node.differences() for node in nodes] == [[]] * len(nodes)
    assert [await rows(node) for node in nodes[1:]] == [await rows(made.cloud)] * len(made.hubs)
    assert [await open_sessions(node) for node in nodes[1:]] == [await open_sessions(made.cloud)] * len(made.hubs)


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
