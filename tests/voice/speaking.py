"""The voice app in the kitchen, and people of every role for whom it could act."""

from dataclasses import dataclass
from typing import Any

import httpx
import jwt

from rex_auth_edge.domain.roles import Role
from tests.devices.machines import Machine, joined
from tests.household.cast import Cast, Person

EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
CIBA = "urn:openid:params:grant-type:ciba"
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

    async def ask(self, who: str, **more: str) -> httpx.Response:
        """Ask somebody to confirm on their phone."""
        return await ask(self.voice, who, **more)

    async def asked(self, who: str, **more: str) -> str:
        """The `auth_req_id`."""
        answer = await self.ask(who, **more)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["auth_req_id"])

    async def poll(self, code: str, machine: Machine | None = None) -> httpx.Response:
        """What became of it."""
        form = {"grant_type": CIBA, "auth_req_id": code}
        return await (machine or self.voice).post("/oauth/token", form, know=True)

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


async def ask(machine: Machine, who: str, **more: str) -> httpx.Response:
    """A device's wish that somebody confirms."""
    return await machine.post("/oauth/backchannel_authentication", {"login_hint": who} | more, know=True)


async def waiting(person: Person) -> list[dict[str, Any]]:
    """What a person's phone shows."""
    answer = await person.client.get("/auth/confirmations")
    assert answer.status_code == 200, answer.text
    return list(answer.json()["confirmations"])


async def decide(person: Person, what: str = "approve") -> httpx.Response:
    """Answer the first of it."""
    first = (await waiting(person))[0]["id"]
    return await person.client.post(f"/auth/confirmations/{first}/{what}")


async def scene(cast: Cast, line: httpx.AsyncClient) -> Scene:
    """Both let in by Maya."""
    owner = cast.maya.client
    return Scene(cast, await joined(owner, line, **VOICE), await joined(owner, line, **KNOWING), line)


def claims(token: str) -> dict[str, Any]:
    """What it says, unchecked."""
    return dict(jwt.decode(token, options={"verify_signature": False}))
