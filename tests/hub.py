"""A whole hub in the test's own process: a real database, a clock advanced by hand, a mailbox that can be read."""

import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import httpx

from rex_auth_edge.appliance import Hub, assemble
from rex_auth_edge.flows import upkeep
from rex_auth_edge.keys.options import Argon2Options
from rex_auth_edge.mail.carrier import Delivered, Outcome
from rex_auth_edge.metrics import Metrics
from rex_auth_edge.settings import Settings, load
from rex_auth_edge.storage.store import Store
from tests.doubles import HandClock, SeededEntropy

PASSWORD = "Zebra-River-42!"
CHEAP = Argon2Options(memory_kib=8, passes=1, lanes=1, workers=2, queue=64)
BASE = "http://127.0.0.1:8000"


@dataclass
class Mailbox:
    """A carrier that keeps what it is given."""

    letters: list[EmailMessage] = field(default_factory=list)

    async def deliver(self, messages: Sequence[EmailMessage]) -> AsyncIterator[Outcome]:
        """Take letters as an SMTP server would."""
        for message in messages:
            self.letters.append(message)
            yield Delivered()


def settings_for(data_dir: Path, **environ: str) -> Settings:
    """Settings as `make run` has them, with hashing as cheap as it gets."""
    loaded = load({"REX_DATA_DIR": str(data_dir), "REX_PORT": "8000"} | environ, development=True)
    return replace(loaded, keys=replace(loaded.keys, argon2=CHEAP))


@dataclass
class Household:
    """A hub with its clock and its mailbox, and clients to it."""

    hub: Hub
    store: Store
    clock: HandClock
    mailbox: Mailbox

    def client(self, address: str = "192.168.1.20", **headers: str) -> httpx.AsyncClient:
        """A client that keeps cookies, at `address` on the LAN."""
        transport = httpx.ASGITransport(self.hub.app, client=(address, 40_000))
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return httpx.AsyncClient(transport=transport, base_url=BASE, headers={"user-agent": "Tablet"} | named)

    async def mail(self, address: str = "") -> list[EmailMessage]:
        """Every letter delivered so far (to `address`), after the outbox has been drained."""
        while await self.hub.drain.once():
            pass
        return [letter for letter in self.mailbox.letters if not address or letter["To"] == address]

    async def code(self, address: str) -> str:
        """The one-time code of the latest letter to `address`."""
        found = re.search(r"(?<!\d)\d{6}(?!\d)", text_of((await self.mail(address))[-1]))
        assert found
        return found.group()

    async def begin(self, client: httpx.AsyncClient, email: str, username: str | None = None) -> str:
        """Initiate a registration; its temp_token."""
        body = {"email": email, "password": PASSWORD} | ({"username": username} if username else {})
        answer = await client.post("/auth/register/initiate", json=body)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["temp_token"])

    async def join(self, client: httpx.AsyncClient, email: str, username: str | None = None) -> dict[str, Any]:
        """Register and verify; the answer with the tokens."""
        token = await self.begin(client, email, username)
        proof = {"email": email, "otp": await self.code(email), "temp_token": token}
        answer = await client.post("/auth/register/verify", json=proof)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def own(self, client: httpx.AsyncClient, email: str, username: str | None = None) -> dict[str, Any]:
        """Claim the household with its setup code; the answer with the tokens."""
        code = self.hub.parts.setup.shown()[self.hub.parts.home]
        body = {"email": email, "password": PASSWORD, "setup_code": code} | ({"username": username} if username else {})
        answer = await client.post("/auth/register/initiate", json=body)
        assert answer.status_code == 200, answer.text
        proof = {"email": email, "otp": code, "temp_token": answer.json()["temp_token"]}
        answer = await client.post("/auth/register/verify", json=proof)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def login(self, client: httpx.AsyncClient, email: str, password: str = PASSWORD) -> httpx.Response:
        """Try to sign in."""
        return await client.post("/auth/login", json={"email": email, "password": password})

    async def reset_token(self, client: httpx.AsyncClient, email: str) -> str:
        """Ask for a reset; the token of the letter that came."""
        answer = await client.post("/auth/password/forgot", json={"email": email})
        assert answer.status_code == 200, answer.text
        found = re.search(r"token=([\w-]+)", text_of((await self.mail(email))[-1]))
        assert found
        return found.group(1)

    async def keep_up(self) -> None:
        """What the hub does by itself every few seconds and every hour."""
        await upkeep.erase(self.hub.parts)
        await upkeep.purge(self.hub.parts, self.hub.authenticator)


def text_of(letter: EmailMessage) -> str:
    """A letter's text part."""
    body = letter.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


async def household(store: Store, clock: HandClock, data_dir: Path, **environ: str) -> Household:
    """A hub on `store`."""
    return await chance(store, clock, data_dir, SeededEntropy(), **environ)


async def chance(store: Store, clock: HandClock, data_dir: Path, entropy: SeededEntropy, **environ: str) -> Household:
    """The same with other chance: two hubs that meet must not make the same keys."""
    mailbox = Mailbox()
    hub = await assemble(settings_for(data_dir, **environ), store, clock, entropy, Metrics(), mailbox)
    await hub.parts.setup.load(store)
    return Household(hub, store, clock, mailbox)
