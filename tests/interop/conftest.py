"""One hub for all of them, with Maya, who owns it, and things of hers."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import httpx
import pytest

from tests.devices.machines import DEVICE_CODE
from tests.hub import PASSWORD
from tests.processes import Process, run, serving


@dataclass
class Home:
    """`maya` is signed in by cookie; her access token is `token`."""

    hub: Process
    maya: httpx.Client
    token: str
    things: dict[str, dict[str, str]] = field(default_factory=dict)

    def thing(self, name: str, scopes: str, kind: str = "other") -> dict[str, str]:
        """A device that can't sign, let in: the hub's answer with its tokens and its secret."""
        if name not in self.things:
            wish = {"name": name, "kind": kind, "scopes": scopes}
            code = self.maya.post("/household/devices", json=wish, headers=self.bearer).json()["code"]
            said = {"grant_type": DEVICE_CODE, "device_code": code}
            self.things[name] = httpx.post(f"{self.hub.url}/oauth/token", data=said).json()
        return self.things[name]

    def remove(self, name: str) -> None:
        """Remove it."""
        path = f"/household/devices/{self.things.pop(name)['client_id']}"
        assert self.maya.delete(path, headers=self.bearer).status_code == 200

    @property
    def bearer(self) -> dict[str, str]:
        """Maya's token in a header."""
        return {"authorization": f"Bearer {self.token}"}


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """A hub as its own process, which believes proxies on this machine."""
    with serving(tmp_path_factory.mktemp("hub") / "data", REX_TRUSTED_PROXIES="127.0.0.1") as hub, hub.client() as maya:
        code = run(hub.data_dir, "setup-code").stdout.split()[-1]
        body = {"email": "maya@example.com", "username": "maya", "password": PASSWORD, "setup_code": code}
        begun = maya.post("/auth/register/initiate", json=body).json()
        proof = {"email": "maya@example.com", "otp": code, "temp_token": begun["temp_token"]}
        answer = maya.post("/auth/register/verify", json=proof)
        assert answer.status_code == 200, answer.text
        yield Home(hub, maya, answer.json()["access_token"])
