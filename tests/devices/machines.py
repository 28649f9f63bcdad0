"""Devices as tests have them: with a key, or with a secret, speaking to the hub over HTTP."""

from dataclasses import dataclass, field
from typing import Any

import httpx
from cryptography.hazmat.primitives.asymmetric import ec

from rex_auth_edge.client.keys import DeviceKey

DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
ASSERTED = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ISSUER = "http://127.0.0.1:8000"
LOCK = {"name": "Front door", "kind": "lock", "room": "Hall", "scopes": "door.open hub.introspect"}


@dataclass
class Machine:
    """A device that signs. `clock` is what it takes the time to be, in seconds since 1970."""

    client: httpx.AsyncClient
    key: DeviceKey = field(default_factory=lambda: DeviceKey(ec.generate_private_key(ec.SECP256R1())))
    id: str = ""
    token: str = ""
    nonce: str | None = None
    clock: int = 0

    async def post(self, path: str, form: dict[str, str], *, prove: bool = True, know: bool = False) -> httpx.Response:
        """Ask an endpoint; once more where it wants its nonce used. `know` says who asks."""
        answer = await self._once(path, form, prove=prove, know=know)
        if answer.status_code == 400 and answer.json()["error"] == "use_dpop_nonce":
            answer = await self._once(path, form, prove=prove, know=know)
        return answer

    async def _once(self, path: str, form: dict[str, str], *, prove: bool, know: bool) -> httpx.Response:
        headers = {"dpop": self.proof(path)} if prove else {}
        said = form | (self.known() if know else {})
        answer = await self.client.post(path, data=said, headers=headers)
        self.nonce = answer.headers.get("dpop-nonce", self.nonce)
        return answer

    def proof(self, path: str, method: str = "POST") -> str:
        """A DPoP proof for one request."""
        return self.key.dpop(method, ISSUER + path, self.clock, self.nonce)

    def known(self) -> dict[str, str]:
        """Who it is, signed."""
        said = self.key.assertion(self.id, ISSUER, self.clock, self.nonce)
        return {"client_assertion_type": ASSERTED, "client_assertion": said}

    async def redeem(self, code: str) -> httpx.Response:
        """Be let in by a code."""
        answer = await self.post("/oauth/token", {"grant_type": DEVICE_CODE, "device_code": code})
        if answer.status_code == 200:
            self.id, self.token = answer.json()["client_id"], answer.json()["access_token"]
        return answer

    async def renew(self, **more: str) -> httpx.Response:
        """Another token, by its key alone."""
        answer = await self.post("/oauth/token", {"grant_type": "client_credentials"} | more, know=True)
        if answer.status_code == 200:
            self.token = answer.json()["access_token"]
        return answer


async def added(owner: httpx.AsyncClient, **more: Any) -> dict[str, Any]:
    """What an owner gets who adds a device."""
    answer = await owner.post("/household/devices", json=LOCK | more)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def asked(client: httpx.AsyncClient, **said: str) -> dict[str, Any]:
    """What a device that can't sign is told when it asks to be let in."""
    form = {"client_id": "rex-device", "name": "Kitchen", "kind": "speaker", "scope": "lights door.open"}
    answer = await client.post("/oauth/device_authorization", data=form | said)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def joined(owner: httpx.AsyncClient, client: httpx.AsyncClient, **more: Any) -> Machine:
    """A device that an owner has let in."""
    machine = Machine(client)
    answer = await machine.redeem((await added(owner, **more))["code"])
    assert answer.status_code == 200, answer.text
    return machine


async def simple(owner: httpx.AsyncClient, client: httpx.AsyncClient) -> dict[str, Any]:
    """A device that can't sign: what it is given."""
    code = (await added(owner))["code"]
    answer = await client.post("/oauth/token", data={"grant_type": DEVICE_CODE, "device_code": code})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())
