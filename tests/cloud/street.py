"""A hub and the cloud's two processes, all real, and between them a line that a test makes bad."""

import json
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import jwt

from tests.cloud.certificates import Authority, Front, front
from tests.cloud.pair import PASSWORD, Pair, bearer
from tests.exchange.bad_line import BadLine, bad_line
from tests.processes import Process, run, serving

PATIENCE = 60
"""Seconds until something must have happened."""


@dataclass
class Way:
    """From hubs to the cloud: a line that is made bad, then TLS, whose certificate `authority` has vouched for."""

    line: BadLine
    front: Front
    authority: Authority
    folder: Path

    @property
    def url(self) -> str:
        """What the cloud calls itself."""
        return f"https://127.0.0.1:{self.line.port}"

    def shows(self, context: ssl.SSLContext) -> ssl.SSLContext:
        """Another certificate from now on, also to whom the line is open; the one before."""
        before, self.front.context = self.front.context, context
        self.line.break_off()
        self.line.mend()
        return before


@contextmanager
def way(folder: Path) -> Iterator[Way]:
    """A good one, to nowhere yet."""
    authority = Authority()
    (folder / "authority.pem").write_bytes(authority.pem)
    with front(authority.context(folder)) as ended, bad_line() as line:
        line.target = ended.port
        yield Way(line, ended, authority, folder)


class Street:
    """`way` leads from the hub to the cloud's first process; `tenant` is what the cloud calls the household."""

    def __init__(self, pair: Pair, way: Way, folder: Path, stack: ExitStack) -> None:
        self.pair, self.way, self.folder, self._stack = pair, way, folder, stack
        self.line = way.line
        self.tenant = ""
        self.start_hub()

    def start_hub(self, **settings: str) -> None:
        """The hub runs, until the last test of the street."""
        self.hub = self.start(self.folder, **settings)

    def start(self, folder: Path, **settings: str) -> Process:
        """A hub on this disk, that believes the cloud's authority. Nobody reads what it logs."""
        authority = str(self.way.folder / "authority.pem")
        own = {"RATE_LIMIT_ENABLED": "false", "REX_LOG_LEVEL": "error", "REX_SYNC_CA": authority}
        return self._stack.enter_context(serving(folder, **own, **settings))

    def start_cloud(self, **settings: str) -> None:
        """Another first process of the cloud takes the place of the one that was."""
        settings = self.pair.settings | settings
        self.pair.one = self._stack.enter_context(serving(Path("/nonexistent"), "--json", **settings))
        self.way.front.target = int(self.pair.one.url.rpartition(":")[2])

    def agreed(self, owner: dict[str, Any], patience: float = PATIENCE) -> None:
        """Wait until nothing waits, and both ends are known to have the same; `owner` is signed in at the hub."""
        until(lambda: (said := self.stands(owner))["agreed_at"] and not any(said["waiting"].values()), patience)

    def stands(self, owner: dict[str, Any]) -> dict[str, Any]:
        """How synchronisation stands at the hub."""
        with self.hub.client() as client:
            return dict(client.get("/household/sync", headers=bearer(owner)).json())

    def console(self, *arguments: str, typed: str = "", succeeds: bool = True) -> Any:
        """A command at the hub's console, as a program reads it."""
        done = run(self.folder, *arguments, "--json", typed=typed)
        assert done.returncode == 0 or not succeeds, done.stdout + done.stderr
        return json.loads(done.stdout or done.stderr)

    def claim(self, username: str, password: str) -> dict[str, Any]:
        """Somebody makes the hub theirs by its setup code."""
        code = self.console("setup-code")["setup_code"]
        email = f"{username}@example.com"
        body = {"email": email, "password": password, "username": username, "setup_code": code}
        with self.hub.client() as client:
            begun = client.post("/auth/register/initiate", json=body).json()
            proof = {"email": email, "otp": code, "temp_token": begun["temp_token"]}
            answer = client.post("/auth/register/verify", json=proof)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def enrol(self, owner: dict[str, Any]) -> Any:
        """An owner of the cloud makes a code, and it is typed at the hub."""
        self.tenant = owner["tenant_id"]
        with self.pair.one.client() as client:
            made = client.post("/household/hubs/claims", headers=bearer(owner))
        assert made.status_code == 200, made.text
        typed = made.json()["code"] + "\n"
        return self.console("sync", "enroll", self.way.url, "--owner", "maya", "--yes", typed=typed)


def sign_in(process: Process, name: str, password: str = PASSWORD, tenant: str = "") -> httpx.Response:
    """Somebody signs in with what they know."""
    named = {"email": name} if "@" in name else {"username": name}
    with process.client() as client:
        return client.post("/auth/login", json=named | {"password": password} | ({"tenant": tenant} if tenant else {}))


def tokens(process: Process, name: str, password: str = PASSWORD, tenant: str = "") -> dict[str, Any]:
    """The same, who succeeds."""
    answer = sign_in(process, name, password, tenant)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def until(seen: Callable[[], Any], patience: float = PATIENCE) -> Any:
    """Look again and again, for so many seconds; what was seen at last."""
    end = time.monotonic() + patience
    while not (found := seen()):
        assert time.monotonic() < end, "It never came to that."
        time.sleep(0.05)
    return found


def waits(street: Street, owner: dict[str, Any], code: str) -> str:
    """What the hub says once it waits because of that, until it tries again."""

    def said() -> str:
        found = street.stands(owner)
        told = " ".join(found["sentences"])
        return told if found["trouble"] == code and "next attempt" in told else ""

    return str(until(said))


def members(process: Process, owner: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Everybody there as an owner sees them, by username."""
    with process.client() as client:
        found = client.get("/household/members", headers=bearer(owner))
    return {each["username"]: each for each in found.json()["members"]}


def add(process: Process, owner: dict[str, Any], name: str, role: str) -> bool:
    """An owner makes an account for somebody: whether that was confirmed."""
    body = {"username": name, "password": PASSWORD, "role": role}
    with process.client() as client:
        return client.post("/household/members", json=body, headers=bearer(owner)).status_code == 200


def session_of(who: dict[str, Any]) -> str:
    """Which session a token is of."""
    return str(jwt.decode(who["access_token"], options={"verify_signature": False})["sid"])


def act(process: Process, owner: dict[str, Any], password: str, path: str) -> None:
    """An owner does something for which they prove who they are."""
    with process.client() as client:
        proven = client.post("/auth/reauthenticate", json={"password": password}, headers=bearer(owner))
        assert proven.status_code == 200, proven.text
        done = client.post(path, headers=bearer(owner))
    assert done.status_code == 200, done.text


def change_password(process: Process, who: dict[str, Any], former: str, wanted: str) -> None:
    """Somebody chooses another password."""
    body = {"current_password": former, "new_password": wanted}
    with process.client() as client:
        done = client.post("/auth/password/change", json=body, headers=bearer(who))
    assert done.status_code == 200, done.text
