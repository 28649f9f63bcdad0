"""People at a real hub: signing up with the code off its console, signing in, refreshing."""

from dataclasses import dataclass

import httpx

from tests.hub import PASSWORD
from tests.processes import Process


@dataclass(frozen=True)
class Session:
    """A session's tokens."""

    access_token: str
    refresh_token: str
    password: str = PASSWORD

    @property
    def bearer(self) -> dict[str, str]:
        """The header that authenticates."""
        return {"authorization": f"Bearer {self.access_token}"}

    def valid(self, client: httpx.Client) -> bool:
        """Whether the hub takes the access token."""
        return client.get("/auth/token/validate", headers=self.bearer).status_code == 200

    def refreshed(self, client: httpx.Client) -> "Session":
        """The session with its next tokens."""
        answer = client.post("/auth/token/refresh", json={"refresh_token": self.refresh_token})
        return session_of(answer)


def session_of(answer: httpx.Response) -> Session:
    """The tokens of an answer."""
    assert answer.status_code == 200, answer.text
    return Session(answer.json()["access_token"], answer.json()["refresh_token"])


def signed_up(hub: Process, client: httpx.Client, email: str) -> Session:
    """A new person."""
    begun = client.post("/auth/register/initiate", json={"email": email, "password": PASSWORD})
    assert begun.status_code == 200, begun.text
    proof = {"email": email, "otp": hub.read_until(r"code is (\d{6})"), "temp_token": begun.json()["temp_token"]}
    answer = client.post("/auth/register/verify", json=proof)
    client.cookies.clear()
    return session_of(answer)


def sign_in(client: httpx.Client, email: str, password: str = PASSWORD) -> Session:
    """Another session of a person's."""
    answer = client.post("/auth/login", json={"email": email, "password": password})
    client.cookies.clear()
    return session_of(answer)
