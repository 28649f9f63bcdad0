"""A cloud and hubs, whole programs in the test's own process, and between them a line that a test makes bad."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import sqlalchemy as sa

from rex_auth_edge.domain.clock import DAY
from rex_auth_edge.domain.refusals import Refused
from rex_auth_edge.exchange.hub.call import Reply
from rex_auth_edge.exchange.hub.synchronising import Synchronising
from rex_auth_edge.exchange.messages import TYPE
from rex_auth_edge.exchange.oversight.status import Status
from rex_auth_edge.exchange.trouble import LineError, Trouble
from rex_auth_edge.storage import users
from rex_auth_edge.storage.open import open_store
from rex_auth_edge.storage.store import Store
from tests import blank
from tests.cloud.settings import SETTINGS
from tests.doubles import HandClock, SeededEntropy
from tests.hub import PASSWORD, Household, chance, household

CLOUD = "https://cloud.example"


@dataclass
class LineInside:
    """What happens to requests on their way to the cloud and back.

    `cut`: nothing gets through; `hasty`: nothing that is to be kept waiting. Of the next `deaf` requests (after
    `heard`) what they ask is done, and the answer lost. `twice`: each arrives twice, the second answer goes to `again`.
    `damage` comes in place of any answer.
    `asked` are the paths of all, `sizes` the bytes of each with its answer, but for what the server adds to every one.
    """

    app: Any
    cut: bool = False
    hasty: bool = False
    deaf: int = 0
    heard: int = 0
    twice: bool = False
    damage: bytes | None = None
    again: list[httpx.Response] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)

    async def post(self, path: str, body: bytes, headers: Mapping[str, str], wait: float) -> Reply:
        """See `Line`."""
        self.asked.append(path)
        if self.cut or (self.hasty and wait):
            raise LineError(Trouble.UNREACHABLE)
        request = httpx.Request("POST", CLOUD + path, content=body, headers=headers)
        transport = httpx.ASGITransport(self.app, client=("203.0.113.9", 40_000))
        answer = await transport.handle_async_request(request)
        if self.twice:
            self.again.append(await transport.handle_async_request(request))
        await answer.aread()
        asked = _size(f"POST {path} HTTP/1.1", request.headers, body)
        self.sizes.append(asked + _size("", answer.headers, answer.content))
        self.heard -= 1
        if self.deaf and self.heard < 0:
            self.deaf -= 1
            raise LineError(Trouble.UNREACHABLE)
        if self.damage is not None:
            return Reply(200, {"content-type": TYPE}, self.damage)
        return Reply(
            answer.status_code, {name.lower(): value for name, value in answer.headers.items()}, answer.content
        )

    @staticmethod
    async def until(seen: Callable[[], Awaitable[bool]]) -> None:
        """Look again and again, with everybody else in between, until that is so."""
        async with asyncio.timeout(45):
            while not await seen():  # noqa: ASYNC110 - of many things, none of which has an event
                await asyncio.sleep(0.01)

    def close(self) -> None:
        """See `Line`."""


def _size(first: str, headers: httpx.Headers, body: bytes) -> int:
    """Bytes of a message on the line, as `http.client` and the server write it."""
    return len(first) + sum(len(name) + len(value) + 4 for name, value in headers.raw) + 4 + len(body)


@dataclass
class Cloud:
    """The cloud's side, with one household that Maya owns."""

    home: Household
    tenant: UUID

    @property
    def id(self) -> UUID:
        """By which it is known as a node."""
        return self.home.store.node.id

    async def owner(self) -> httpx.AsyncClient:
        """Maya, signed in anew."""
        body = {"username": "maya", "password": PASSWORD, "tenant": str(self.tenant)}
        async with self.home.client() as client:
            answer = await client.post("/auth/login", json=body)
        assert answer.status_code == 200, answer.text
        return bearer(self.home, answer.json())

    async def claim(self) -> str:
        """A claim code of hers."""
        async with await self.owner() as owner:
            answer = await owner.post("/household/hubs/claims")
        assert answer.status_code == 200, answer.text
        return str(answer.json()["code"])


@dataclass
class Hub:
    """A hub's side."""

    home: Household
    line: LineInside
    sync: Synchronising
    folder: Path

    @property
    def id(self) -> UUID:
        """By which it is known as a node."""
        return self.home.store.node.id

    @property
    def tenant(self) -> UUID:
        """Its household's id there."""
        return self.home.hub.parts.home

    async def enrol(self, cloud: Cloud, as_: str | None = None) -> Status:
        """Join the cloud's household; Maya, if she is here, is the one who is there."""
        maya = await self.home.store.read(lambda conn: users.by_username(conn, self.tenant, "maya"))
        said = await self.sync.enrol(self.tenant, CLOUD, await cloud.claim(), as_ or (maya and maya.username))
        assert not isinstance(said, Refused), said
        return said

    async def meet(self) -> Status:
        """A round."""
        said = await self.sync.now(self.tenant)
        assert not isinstance(said, Refused), said
        return said


async def sign_up(home: Household, client: httpx.AsyncClient, email: str, username: str, **more: str) -> dict[str, Any]:
    """Somebody joins by mail."""
    body = {"email": email, "password": PASSWORD, "username": username, **more}
    answer = await client.post("/auth/register/initiate", json=body)
    assert answer.status_code == 200, answer.text
    proof = {"email": email, "otp": await home.code(email), "temp_token": answer.json()["temp_token"]}
    answer = await client.post("/auth/register/verify", json=proof)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def bearer(home: Household, tokens: dict[str, Any], address: str = "192.168.1.30") -> httpx.AsyncClient:
    """A client with somebody's token."""
    client = home.client(address)
    client.headers["authorization"] = f"Bearer {tokens['access_token']}"
    return client


async def cloud_home(store: Store, clock: HandClock, folder: Path, **environ: str) -> Household:
    """The cloud role on this store; its register is complete for as long as any test lasts."""
    settings = SETTINGS | {"REX_PUBLIC_URL": CLOUD, "REX_REGISTRATION": "open", "REX_ALLOWED_HOSTS": "cloud.example"}
    home = await household(store, clock, folder, **(settings | environ))
    home.hub.parts.register.complete(clock.now().after(400 * DAY))
    return home


@asynccontextmanager
async def cloud(store: Store, clock: HandClock, folder: Path, **environ: str) -> AsyncIterator[Cloud]:
    """A cloud role on this store, in which Maya founds a household."""
    home = await cloud_home(store, clock, folder, **environ)
    async with home.client() as client:
        tokens = await sign_up(home, client, "maya@example.com", "maya")
    yield Cloud(home, UUID(tokens["tenant_id"]))
    await home.hub.close()


async def sqlite(stack: AsyncExitStack, folder: Path, clock: HandClock, seed: int) -> Store:
    """A database of its own, or what lies there already."""
    if not await asyncio.to_thread(folder.exists):
        await asyncio.to_thread(folder.mkdir)
        blank.put(folder / "hub.db")
    store = await open_store(sa.make_url(f"sqlite:///{folder}/hub.db"), folder, clock, SeededEntropy(seed))
    stack.push_async_callback(store.close)
    return store


async def hub(stack: AsyncExitStack, at: Cloud, folder: Path, clock: HandClock, seed: int, **way: bool) -> Hub:
    """A hub that knows the way to the cloud; it has its rounds when told to, or with `looping` by itself."""
    store = await sqlite(stack, folder, clock, seed)
    home = await chance(store, clock, folder / "data", SeededEntropy(1000 + seed))
    stack.push_async_callback(home.hub.close)
    await asyncio.to_thread((folder / "data").mkdir, exist_ok=True)
    line = LineInside(at.home.hub.app)
    made = Hub(home, line, Synchronising(home.hub.parts, folder / "data", home.hub.waking, lambda _: line), folder)
    await made.sync.runs.begin(**({"looping": False} | way))
    stack.push_async_callback(made.sync.runs.end)
    return made


def copied(source: Path, target: Path) -> None:
    """A disk, as it is at this moment: the database with its log, and the data directory."""
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target)
