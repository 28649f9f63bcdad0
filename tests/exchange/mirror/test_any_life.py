"""Whatever a family does on hubs that meet the cloud now and then: in the end all nodes have the same of it."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from itertools import count
from pathlib import Path
from types import MappingProxyType
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from rex_auth_edge.domain.roles import Role
from rex_auth_edge.storage import users
from rex_auth_edge.storage.tables import audit
from tests.devices.machines import joined
from tests.exchange.mirror.family import MAYA, alike, everything, signed_in
from tests.exchange.mirror.nodes import Node, World, enrol, world
from tests.hub import PASSWORD

ROLES = list(Role)


class Life:
    """A family's acts, each on a node, about somebody or something that is picked by a number."""

    def __init__(self, made: World) -> None:
        self.made = made
        self.names = count()
        self.owners: dict[int, httpx.AsyncClient] = {}

    async def ask(self, node: Node, method: str, path: str, body: dict[str, Any] | None = None) -> httpx.Response:
        """What Maya asks on a node; she signs in where she has to."""
        here = self.owners.get(id(node))
        if here is None or (await here.get("/auth/validate")).is_error:
            here = self.owners[id(node)] = await signed_in(node)
        return await here.request(method, path, json=body)

    async def somebody(self, node: Node, number: int) -> Any:
        """One of the others, as this node has them."""
        rows = await node.home.store.read(lambda conn: users.every(conn, node.tenant))
        others = [row for row in rows if row.email_key != MAYA]
        return others[number % len(others)] if others else None

    async def add(self, node: Node, number: int) -> None:
        """Somebody new, perhaps with a name that another node gives away as well."""
        name = f"kin{number % 5}" if number % 2 else f"new{next(self.names)}"
        body = {"username": name, "password": PASSWORD, "role": ROLES[number % 4], "first_name": f"N{number}"}
        await self.ask(node, "POST", "/household/members", body)

    async def about(self, node: Node, number: int, method: str, tail: str, body: dict[str, Any] | None = None) -> None:
        """Something is done to somebody."""
        if (row := await self.somebody(node, number)) is not None:
            await self.ask(node, method, f"/household/members/{row.id}{tail}", body)

    async def sign_in(self, node: Node, number: int) -> None:
        """Somebody comes, and perhaps changes something of their own before they go or stay."""
        if (row := await self.somebody(node, number)) is None:
            return
        client = node.home.client()
        answer = await node.home.login(client, row.username, PASSWORD if number % 4 else "wrong")
        if answer.is_error:
            return
        client.cookies.clear()
        client.headers["authorization"] = f"Bearer {answer.json()['access_token']}"
        if number % 3 == 0:
            await client.put("/auth/profile", json={"username": f"kin{number % 7}", "phone_number": f"0{number}"})
        elif number % 3 == 1:
            await client.delete("/auth/sessions")

    async def let_in(self, node: Node, number: int) -> None:
        """A device, or somebody's invitation."""
        if number % 2:
            await joined(await self.signed(node), node.home.client(), name=f"Lamp {number}")
        else:
            await self.ask(node, "POST", "/household/invites", {"role": "adult", "name": f"N{number}"})

    async def signed(self, node: Node) -> httpx.AsyncClient:
        """Maya's own client there."""
        await self.ask(node, "GET", "/household")
        return self.owners[id(node)]

    async def put_out(self, node: Node, number: int) -> None:
        """A device that is here is suspended, goes on or is removed, or an invitation is revoked."""
        kind = "devices" if number % 2 else "invites"
        answer = (await self.ask(node, "GET", f"/household/{kind}")).json()
        found = next(each for each in answer.values() if isinstance(each, list))
        if found:
            one = found[number % len(found)]["id"]
            tail = ("/suspend", "/resume", "")[number % 3] if kind == "devices" else ""
            await self.ask(node, "POST" if tail else "DELETE", f"/household/{kind}/{one}{tail}")

    async def rule(self, node: Node, number: int) -> None:
        """Another policy, or another name."""
        wanted = ({"session_life": f"{number + 1}d"}, {"voice": ("on", "off")[number % 2]}, None)[number % 3]
        path = "/household" if wanted is None else "/household/policy"
        await self.ask(node, "PATCH", path, wanted or {"name": f"House {number}"})

    async def reset(self, node: Node, _number: int) -> None:
        """Maya has forgotten her password, and takes the old one again."""
        token = await node.home.reset_token(node.home.client(), MAYA)
        body = {"reset_token": token, "new_password": PASSWORD}
        assert not (await node.home.client().post("/auth/password/reset", json=body)).is_error

    async def meet(self, node: Node, _number: int) -> None:
        """This hub reaches the cloud."""
        await self.made.meet(node)


Act = Callable[[Life, Node, int], Awaitable[None]]


def done(method: str, tail: str, body: Callable[[int], dict[str, Any] | None] = lambda _: None) -> Act:
    """An act of Maya's about somebody."""
    return lambda life, node, number: life.about(node, number, method, tail, body(number))


ACTS: Mapping[str, Act] = MappingProxyType({
    "add": Life.add,
    "role": done("PATCH", "", lambda number: {"role": ROLES[number % 4]}),
    "disable": done("POST", "/disable"),
    "enable": done("POST", "/enable"),
    "pardon": done("POST", "/lift-ban"),
    "remove": done("DELETE", ""),
    "sign out": done("DELETE", "/sessions"),
    "sign in": Life.sign_in,
    "let in": Life.let_in,
    "put out": Life.put_out,
    "rule": Life.rule,
    "reset": Life.reset,
    "meet": Life.meet,
})  # fmt: skip
WEIGHED = [*ACTS, "add", "add", "sign in", "sign in", "meet"]
steps = st.tuples(st.integers(0, 1), st.sampled_from(WEIGHED), st.integers(0, 20))


async def on_record(node: Node) -> set[Any]:
    """Which rows of the log are here."""
    columns = (audit.c.node_id, audit.c.incarnation, audit.c.seq, audit.c.event, audit.c.hash)
    rows = await node.home.store.read(lambda conn: conn.execute(sa.select(*columns)).all())
    return {tuple(row) for row in rows}


async def lived(folder: Path, acts: list[tuple[int, str, int]]) -> None:
    """The acts, and then everybody meets."""
    async with world(folder) as made:
        await made.hubs[0].home.own(made.hubs[0].home.client(), MAYA, "maya")
        await enrol(made)
        life = Life(made)
        for where, name, number in acts:
            node = made.hubs[where]
            await ACTS[name](life, node, number)
            assert await node.differences() == [], (name, number)
        await alike(made)
        found = [await everything(node) for node in (made.cloud, *made.hubs)]
        assert found[1:] == [found[0]] * 2
        logs = [await on_record(node) for node in (made.cloud, *made.hubs)]
        assert logs[1:] == [logs[0]] * 2
        for node in (made.cloud, *made.hubs):
            node.written = []
            await node.adopt(node.cells())
            assert (await everything(node), node.written) == (found[0], [])


@settings(
    max_examples=3, derandomize=True, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck)
)
@given(acts=st.lists(steps, min_size=15, max_size=25))
def test_any_life_ends_alike(acts: list[tuple[int, str, int]], tmp_path_factory: pytest.TempPathFactory) -> None:
    """Any acts on two hubs, with meetings in between: no act is forgotten, and all rows are the same in the end.

    Adopting all of it once more changes nothing, and is captured by nobody.
    """
    asyncio.run(lived(tmp_path_factory.mktemp("life"), acts))
