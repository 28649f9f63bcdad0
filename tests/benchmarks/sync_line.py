"""A hub and two processes of its cloud, all real, over HTTP on this machine: how soon an end counts on both sides."""

import asyncio
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import jwt
import msgspec

from rex_auth_edge.assembly import core
from rex_auth_edge.control import call, socket_in
from rex_auth_edge.domain.caller import Caller
from rex_auth_edge.flows import timekeeping
from rex_auth_edge.machine import ServerClock, SystemClock, SystemEntropy
from rex_auth_edge.settings import NodeRole, Settings, load
from rex_auth_edge.storage.audit import Event, record
from rex_auth_edge.storage.open import open_current, open_store
from rex_auth_edge.storage.tx import Tx
from tests import mariadb, redis_server
from tests.cloud.pair import PASSWORD, Pair, two
from tests.exchange.bad_line import BadLine, bad_line
from tests.processes import Process, environment, run, started

AT_ONCE = 500
_QUICK = {"RATE_LIMIT_ENABLED": "false", "REX_LOG_LEVEL": "error", "ACCESS_TOKEN_EXPIRES_MINUTES": "720"}
_LOOK = 0.002
"""Seconds between two looks at whether somebody is refused."""
_PATIENCE = 600
_IDLE = 2.0
"""Seconds after which a connection may have been closed at its other end."""
_SETTLED = 5.0
"""Seconds of silence after which nothing follows what has moved."""
HOUR = 3600
_OK, _REFUSED = 200, 401


def installed() -> bool:
    """Whether the cloud has what it stands on."""
    return mariadb.installed() and redis_server.installed()


@dataclass
class Door:
    """A process, asked over one connection."""

    process: Process
    _line: HTTPConnection | None = field(default=None, init=False)
    _used: float = field(default=0.0, init=False)

    def ask(self, method: str, path: str, token: str = "", body: Any = None) -> tuple[int, Any]:
        """The status and what was said."""
        headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
        content = None if body is None else msgspec.json.encode(body)
        if self._line is None or time.monotonic() - self._used > _IDLE:
            self._line = HTTPConnection("127.0.0.1", urlsplit(self.process.url).port, timeout=_PATIENCE)
        self._line.request(method, path, content, headers)
        answer = self._line.getresponse()
        self._used = time.monotonic()
        return answer.status, msgspec.json.decode(answer.read() or b"null")

    def done(self, method: str, path: str, token: str = "", body: Any = None) -> Any:
        """What was said by who does it. Raises AssertionError where it was refused."""
        status, said = self.ask(method, path, token, body)
        assert status == _OK, (path, said)
        return said

    def refuses(self, token: str) -> bool:
        """Whether nobody goes in by this access token."""
        return self.ask("GET", "/auth/token/validate", token)[0] == _REFUSED

    def sign_in(self, tenant: str) -> str:
        """An access token of a new session of Maya's."""
        body = {"username": "maya", "password": PASSWORD, "tenant": tenant}
        return str(self.done("POST", "/auth/login", body=body)["access_token"])

    def end(self, token: str, ended: str) -> None:
        """Maya ends one of her sessions by the token of another."""
        session = jwt.decode(ended, options={"verify_signature": False})["session_id"]
        self.done("DELETE", f"/auth/sessions/{session}", token)

    def sessions(self, token: str) -> int:
        """How many are known here."""
        return len(self.done("GET", "/auth/sessions", token)["sessions"])


class Household:
    """Maya's, on a hub and in the cloud; the hub talks to the one process, people in the cloud to the other."""

    def __init__(self, pair: Pair, folder: Path, line: BadLine, stack: ExitStack) -> None:
        self._pair, self.folder, self.line, self._stack = pair, folder, line, stack
        self.one, self.cloud = Door(pair.one), Door(pair.other)
        self.start()
        code = self.control("setup.show")["setup_code"]
        claiming = {"email": "maya@example.com", "password": PASSWORD, "username": "maya", "setup_code": code}
        begun = self.hub.done("POST", "/auth/register/initiate", body=claiming)
        proof = {"email": "maya@example.com", "otp": code, "temp_token": begun["temp_token"]}
        self.hub.done("POST", "/auth/register/verify", body=proof)
        founder = pair.join(pair.one, "maya@example.com", "maya")
        self.tenant = founder["tenant_id"]
        claim = self.one.done("POST", "/household/hubs/claims", founder["access_token"])["code"]
        done = run(folder, "sync", "enroll", address(line), "--owner", "maya", "--yes", typed=claim + "\n")
        assert done.returncode == 0, done.stderr
        self.here = self.hub.sign_in("home")
        until(self.agreed)
        self.here, self.there = self.hub.sign_in("home"), self.cloud.sign_in(self.tenant)

    def start(self) -> None:
        """Let the hub run."""
        self.hub = Door(self._stack.enter_context(started(self.folder, **_QUICK)))

    def control(self, verb: str, **arguments: Any) -> Any:
        """What the hub's console asks."""
        return call(socket_in(self.folder), verb, arguments, timeout=_PATIENCE)

    def waiting(self) -> int:
        """Changes that the cloud has yet to take."""
        return sum(self.hub.done("GET", "/household/sync", self.here)["waiting"].values())

    def agreed(self) -> bool:
        """Whether nothing waits, and both ends are known to have the same."""
        said = self.hub.done("GET", "/household/sync", self.here)
        return bool(said["agreed_at"]) and not any(said["waiting"].values())

    def begin(self, count: int) -> tuple[list[str], list[str]]:
        """So many sessions on either side, of which the other has heard."""
        before = self.hub.sessions(self.here)
        here, there = [], []
        for _ in range(count):
            here.append(self.hub.sign_in("home"))
            there.append(self.cloud.sign_in(self.tenant))
        wanted = before + 2 * count
        until(lambda: self.hub.sessions(self.here) >= wanted <= self.cloud.sessions(self.there))
        return here, there

    def in_force(self, token: str, *doors: Door) -> float:
        """Seconds until all of these have refused it."""
        began = time.perf_counter()
        for door in doors:
            until(lambda door=door: door.refuses(token), every=_LOOK)  # type: ignore[misc]  # bound at once
        return time.perf_counter() - began

    def ended_there(self, token: str) -> float:
        """Seconds from the end of a hub's session in the cloud until the hub refuses it."""
        self.cloud.end(self.there, token)
        return self.in_force(token, self.hub)

    def ended_here(self, token: str) -> float:
        """Seconds from the end of a session of the cloud's on the hub until both processes of the cloud refuse it."""
        self.hub.end(self.here, token)
        return self.in_force(token, self.one, self.cloud)

    def apart(self, count: int) -> None:
        """Let so many records be made on either side, while neither hears of the other."""
        self.control("sync.pause", pause=True)
        self.hub.process.stop()
        hub = load(environment(self.folder, **_QUICK), development=True)
        cloud = load(environment(Path("/nonexistent"), **self._pair.settings), development=False)
        asyncio.run(recorded(cloud, UUID(self.tenant), count))
        asyncio.run(recorded(hub, None, count))
        self.start()


def address(line: BadLine) -> str:
    """Of the cloud, as the hub reaches it."""
    return f"http://127.0.0.1:{line.port}"


@contextmanager
def household() -> Iterator[Household]:
    """It, and all it stands on."""
    with ExitStack() as stack:
        maria, redis = stack.enter_context(mariadb.running()), stack.enter_context(redis_server.running())
        line = stack.enter_context(bad_line())
        hub, cloud = (Path(stack.enter_context(tempfile.TemporaryDirectory())) for _ in range(2))
        pair = stack.enter_context(two(maria, redis, cloud, **_QUICK, REX_PUBLIC_URL=address(line)))
        line.target = int(pair.one.url.rpartition(":")[2])
        yield Household(pair, hub, line, stack)


async def recorded(settings: Settings, tenant_id: UUID | None, count: int) -> None:
    """Put so much on the household's record, the hub's own where none is named, 500 rows to a transaction."""
    entropy, in_cloud = SystemEntropy(), settings.role is NodeRole.CLOUD
    clock = ServerClock() if in_cloud else SystemClock()
    database = (settings.database, clock, entropy)
    store = await (open_current(*database) if in_cloud else open_store(database[0], settings.data_dir, *database[1:]))
    if not in_cloud:
        await timekeeping.begin(store, clock)
    inside = await core(settings, store, clock, entropy, None)
    whose, caller = tenant_id or inside.parts.home, Caller(ip_address="192.168.1.20", user_agent="Tablet")

    def some(tx: Tx) -> None:
        for _ in range(AT_ONCE):
            record(tx, whose, Event("login", "failure", subject_id=uuid4(), session_id=uuid4(), caller=caller))

    for _ in range(count // AT_ONCE):
        await store.write(some)
    await inside.close()
    await store.close()


def until(seen: Callable[[], bool], *, every: float = 0.1) -> None:
    """Look again and again."""
    end = time.monotonic() + _PATIENCE
    while not seen():
        assert time.monotonic() < end, "It never came to that."
        time.sleep(every)


def online(home: Household, count: int) -> tuple[list[float], list[float]]:
    """Seconds for so many ends on either side: those in the cloud until the hub refuses, and the other way round."""
    here, there = home.begin(count)
    cloud, hub = [], []
    for ours, theirs in zip(here, there, strict=True):
        cloud.append(home.ended_there(ours))
        time.sleep(random.uniform(0, 0.1))  # noqa: S311 - so that they meet both ends at whatever they are doing
        hub.append(home.ended_here(theirs))
        time.sleep(random.uniform(0, 0.1))  # noqa: S311
    return cloud, hub


def quiet(home: Household, count: int) -> float:
    """Bytes an hour that a hub moves to which nothing happens: over `count` requests that were kept waiting."""
    _answered(home.line)
    began = ended = _answered(home.line)
    before = home.line.carried
    for _ in range(count):
        ended = _answered(home.line)
    return (home.line.carried - before) * HOUR / (ended - began)


def _answered(line: BadLine) -> float:
    """Wait until something moves, and then nothing: what was kept waiting is answered, and the next has gone out.

    When it began to move, by the clock of `time.monotonic`.
    """
    before = line.carried
    until(lambda: line.carried > before)
    moved = time.monotonic()
    while before != line.carried:
        before = line.carried
        time.sleep(_SETTLED)
    return moved


def connecting(home: Household, count: int, meanwhile: int) -> tuple[float, int, list[float]]:
    """After `count` records on either side: seconds from being connected until an end on either is one on both.

    And how many changes waited then; and the seconds of `meanwhile` further ends on either side, all else under way.
    """
    here, there = home.begin(1 + meanwhile)
    home.apart(count)
    home.hub.end(home.here, there[0])
    home.cloud.end(home.there, here[0])
    home.control("sync.pause", pause=False)
    took = home.in_force(here[0], home.hub) + home.in_force(there[0], home.one, home.cloud)
    left, further = home.waiting(), []
    for ours, theirs in zip(here[1:], there[1:], strict=True):
        further += [home.ended_there(ours), home.ended_here(theirs)]
        time.sleep(random.uniform(0, 1))  # noqa: S311 - see above
    return took, left, further
