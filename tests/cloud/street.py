"""A hub and the cloud's two processes, all real, and between them a line that a test makes bad."""

import json
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from tests.cloud.pair import PASSWORD, Pair, bearer
from tests.exchange.bad_line import BadLine
from tests.processes import Process, run, serving

PATIENCE = 20
"""Seconds until something must have happened."""


class Street:
    """`line` leads from the hub to the cloud's first process."""

    def __init__(self, pair: Pair, line: BadLine, folder: Path) -> None:
        self.pair, self.line, self.folder = pair, line, folder
        self.hub: Process

    @contextmanager
    def serving(self) -> Iterator[Process]:
        """The hub runs."""
        with serving(self.folder, RATE_LIMIT_ENABLED="false") as self.hub:
            yield self.hub

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
        with self.pair.one.client() as client:
            made = client.post("/household/hubs/claims", headers=bearer(owner))
        assert made.status_code == 200, made.text
        return self.console("sync", "enroll", f"http://127.0.0.1:{self.line.port}", typed=made.json()["code"] + "\n")


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


def until(seen: Callable[[], Any]) -> Any:
    """Look again and again; what was seen at last."""
    end = time.monotonic() + PATIENCE
    while not (found := seen()):
        assert time.monotonic() < end, "It never came to that."
        time.sleep(0.05)
    return found


def letter(hub: Process, subject: str) -> str:
    """The text of a letter that a hub under development has shown."""
    hub.read_until(f"Subject: ({re.escape(subject)})")
    return "".join(hub.output)
