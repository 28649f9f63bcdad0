"""The voice app in the kitchen, and people of every role for whom it could act."""

from dataclasses import dataclass
from typing import Any

import httpx
import jwt

from rex_auth_edge.domain.roles import Role
from tests.devices.machines import Machine, joined
from tests.household.cast import Cast, Person

EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
RECOGNISED = "urn:rex:token-type:recognised"
VOICE = {"name": "Kitchen voice", "kind": "voice", "room": "Kitchen", "scopes": "lights door.open hub.act"}
KNOWING = {"name": "Door", "kind": "lock", "scopes": "hub.introspect"}


@dataclass
class Scene:
    """`voice` acts for people, `door` asks the hub about tokens."""

    cast: Cast
    voice: Machine
    door: Machine
    line: httpx.AsyncClient

    async def act(self, who: str, **more: str) -> httpx.Response:
        """Ask for a token for somebody whom it has recognised."""
        return await act(self.voice, who, **more)

    async def token(self, who: str, **more: str) -> str:
        """That token."""
        answer = await self.act(who, **more)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])

    async def about(self, token: str) -> dict[str, Any]:
        """What the hub tells the door of a token."""
        answer = await self.door.post("/oauth/introspect", {"token": token}, know=True)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def join(self, role: Role = Role.ADULT) -> tuple[Person, str]:
        """Somebody new, and their username."""
        person = await self.cast.join(role)
        return person, (await person.client.get("/auth/token/validate")).json()["username"]

    async def device(self, **more: Any) -> Machine:
        """Another device."""
        return await joined(self.cast.maya.client, self.line, **(VOICE | more))


async def act(machine: Machine, who: str, **more: str) -> httpx.Response:
    """A device's wish to act for somebody."""
    form = {"grant_type": EXCHANGE, "subject_token": who, "subject_token_type": RECOGNISED}
    return await machine.post("/oauth/token", form | more, know=True)


async def scene(cast: Cast, line: httpx.AsyncClient) -> Scene:
    """Both let in by Maya."""
    owner = cast.maya.client
    return Scene(cast, await joined(owner, line, **VOICE), await joined(owner, line, **KNOWING), line)


def claims(token: str) -> dict[str, Any]:
    """What it says, unchecked."""
    return dict(jwt.decode(token, options={"verify_signature": False}))
