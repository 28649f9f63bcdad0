"""A household in which there is somebody of every role, and something for everybody to be done to."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from itertools import count
from typing import Any
from uuid import UUID

import httpx
import sqlalchemy as sa

from rex_auth_edge.domain.roles import Role
from rex_auth_edge.storage.tables import users
from tests.devices.machines import asked, simple
from tests.exchange.held import OF_CLOUDS, alone, held
from tests.household.locked_out import recovering
from tests.household.young import asking
from tests.hub import PASSWORD, Household
from tests.tenancy.routes import Route, routes

MAYA = "maya@example.com"


@dataclass
class Person:
    """One of the household, signed in by Bearer token at a device of their own."""

    client: httpx.AsyncClient
    user_id: str
    access_token: str
    refresh_token: str

    async def refresh(self) -> None:
        """Go on with the session's next tokens."""
        self._take(await self.client.post("/auth/token/refresh", json={"refresh_token": self.refresh_token}))

    def _take(self, answer: httpx.Response) -> None:
        assert answer.status_code == 200, answer.text
        self.access_token, self.refresh_token = answer.json()["access_token"], answer.json()["refresh_token"]
        self.client.cookies.clear()
        self.client.headers["authorization"] = f"Bearer {self.access_token}"

    async def sign_in(self, name: str) -> None:
        """Begin another session."""
        self._take(await self.client.post("/auth/login", json={"username": name, "password": PASSWORD}))

    async def reauthenticate(self) -> None:
        """Prove again who they are."""
        answer = await self.client.post("/auth/reauthenticate", json={"password": PASSWORD})
        assert answer.status_code == 200, answer.text

    async def csrf_token(self) -> str:
        """One that is good for this session."""
        token = (await self.client.get("/auth/csrf")).json()["csrf_token"]
        self.client.cookies.clear()
        return str(token)


class Cast:
    """Maya owns the household, does nothing that is looked at, and makes what the others need."""

    def __init__(self, home: Household, maya: Person, all_routes: list[Route], stack: AsyncExitStack) -> None:
        self.home = home
        self.routes = all_routes
        self.maya = maya
        self._stack = stack
        self._numbers = count()

    async def renew(self) -> None:
        """Maya signs in again."""
        await self.maya.sign_in("maya")

    async def join(self, role: Role) -> Person:
        """Somebody new."""
        name = f"{role}{next(self._numbers)}"
        body = {"username": name, "password": PASSWORD, "role": role}
        added = await self._made("POST", "/household/members", body)
        client = await self._stack.enter_async_context(self.home.client("192.168.1.30"))
        person = Person(client, added["user_id"], "", "")
        await person.sign_in(name)
        return person

    async def things(self, route: Route | None = None) -> dict[str, str]:
        """A member, and something new of every kind that paths name, by these kinds; for a `route` what is its place's.

        The household is shared with a cloud only where there is no `route`, or one of what comes from there.
        """
        member = await self.join(Role.ADULT)
        # Whoever isn't asked to confirm something can't name it, so that any id will do here.
        things = {"member": member.user_id, "confirmation": member.user_id}
        for place, make in {
            "/sessions": self._session,
            "/household/invites": self._invitation,
            "/household/codes": self._waiting,
            "/household/devices": self._device,
            "/household/passes": self._pass,
            "/household/children": self._child,
            "/household/devices/": self._ask,
        }.items():
            if route is None or place in route.path:
                things |= await make(member)
        if route is None or _of_clouds(route):
            things |= await held(self.home, self.home.hub.parts.home, UUID(member.user_id))
        else:
            await alone(self.home, self.home.hub.parts.home)
        if route is None or "/recovery" in route.path:
            await recovering(self.home)
        return things

    async def _session(self, member: Person) -> dict[str, str]:
        return {"session": (await member.client.get("/auth/sessions")).json()["sessions"][0]["session_id"]}

    async def _invitation(self, _: Person) -> dict[str, str]:
        return {"invitation": (await self._made("POST", "/household/invites", {"role": "guest"}))["id"]}

    async def _waiting(self, member: Person) -> dict[str, str]:
        body = {"email": f"wait{next(self._numbers)}@example.com", "password": PASSWORD}
        assert (await member.client.post("/auth/register/initiate", json=body)).status_code == 200
        member.client.cookies.clear()
        return {"code": str((await self._made("GET", "/household/codes"))["codes"][-1]["id"])}

    async def _device(self, member: Person) -> dict[str, str]:
        return {"device": (await simple(self.maya.client, member.client))["client_id"]}

    async def _pass(self, _: Person) -> dict[str, str]:
        visit = {"name": "Ada", "scopes": "door.open", "ends": "8h"}
        return {"pass": (await self._made("POST", "/household/passes", visit))["id"]}

    async def _child(self, member: Person) -> dict[str, str]:
        return await asking(self.maya.client, member.client)

    async def _ask(self, _: Person) -> dict[str, str]:
        await self._made("DELETE", "/household/devices/window")
        await self._made("POST", "/household/devices/window", {})
        async with self.home.client(f"192.168.2.{next(self._numbers) % 250 + 1}") as newcomer:
            code = (await asked(newcomer))["user_code"]
        return {"user code": code, "ask": (await self._made("GET", "/household/devices/asks"))["asks"][0]["id"]}

    async def end(self, person: Person, how: str) -> None:
        """Disabled, removed, or demoted to an adult."""
        path = f"/household/members/{person.user_id}"
        method, tail = {"disabled": ("POST", "/disable"), "removed": ("DELETE", ""), "demoted": ("PATCH", "")}[how]
        await self._made(method, path + tail, {"role": "adult"} if how == "demoted" else None)

    async def log(self) -> list[dict[str, Any]]:
        """The newest entries of the audit log."""
        return list((await self._made("GET", "/household/audit"))["events"])

    async def members(self) -> list[dict[str, Any]]:
        """Everybody, as Maya sees them."""
        return list((await self._made("GET", "/household/members"))["members"])

    async def roles(self) -> dict[str, str]:
        """Everybody's role by their id, from the database: it doesn't take longer with each who joins."""
        found = await self.home.store.read(lambda conn: conn.execute(sa.select(users.c.id, users.c.role)).all())
        return {str(user_id): role for user_id, role in found}

    async def _made(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        answer = await self.maya.client.request(method, path, json=body)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())


@asynccontextmanager
async def cast(home: Household) -> AsyncIterator[Cast]:
    """Maya claims the household; everybody leaves when it is over."""
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(home.client())
        tokens = await home.own(client, MAYA, "maya")
        maya = Person(client, tokens["user_id"], tokens["access_token"], tokens["refresh_token"])
        client.cookies.clear()
        client.headers["authorization"] = f"Bearer {maya.access_token}"
        # Sharing a household is quickest while there are few in it.
        yield Cast(home, maya, sorted(await routes(home), key=_of_clouds, reverse=True), stack)


def _of_clouds(route: Route) -> bool:
    return bool(OF_CLOUDS & set(route.kinds)) or route.path.endswith("/policy")
