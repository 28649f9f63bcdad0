"""A household in which there is somebody of every role, and something for everybody to be done to."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from itertools import count
from typing import Any
from uuid import UUID

import httpx

from rex_auth_edge.domain.roles import Role
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
        """A member with a session, an invitation and a waiting code, all new; by the kinds that paths name.

        The household is shared with a cloud only where there is no `route`, or one of what comes from there.
        """
        member = await self.join(Role.ADULT)
        session = (await member.client.get("/auth/sessions")).json()["sessions"][0]["session_id"]
        invited = await self._made("POST", "/household/invites", {"role": "guest"})
        body = {"email": f"wait{next(self._numbers)}@example.com", "password": PASSWORD}
        assert (await member.client.post("/auth/register/initiate", json=body)).status_code == 200
        member.client.cookies.clear()
        waiting = (await self._made("GET", "/household/codes"))["codes"][-1]
        things = {"member": member.user_id, "session": session, "invitation": invited["id"]}
        device = await simple(self.maya.client, member.client)
        visit = {"name": "Ada", "scopes": "door.open", "ends": "8h"}
        things["pass"] = (await self._made("POST", "/household/passes", visit))["id"]
        if route is None or OF_CLOUDS & set(route.kinds) or route.path.endswith("/policy"):
            things |= await held(self.home, self.home.hub.parts.home, UUID(member.user_id))
        else:
            await alone(self.home, self.home.hub.parts.home)
        await recovering(self.home)
        things |= await asking(self.maya.client, member.client)
        await self._made("DELETE", "/household/devices/window")
        await self._made("POST", "/household/devices/window", {})
        async with self.home.client(f"192.168.2.{next(self._numbers) % 250 + 1}") as newcomer:
            things["user code"] = (await asked(newcomer))["user_code"]
        things["ask"] = (await self._made("GET", "/household/devices/asks"))["asks"][0]["id"]
        # Whoever isn't asked to confirm something can't name it, so that any id will do here.
        return things | {"code": str(waiting["id"]), "device": device["client_id"], "confirmation": member.user_id}

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
        yield Cast(home, maya, await routes(home), stack)
