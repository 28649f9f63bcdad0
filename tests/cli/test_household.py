"""A household run from the console of a real hub whose line is down, and commands on a real terminal."""

import os
import pty
import select
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from tests.cli.consoles import Console
from tests.hub import PASSWORD
from tests.processes import environment, serving

OPEN = {"REX_REGISTRATION": "invite", "REX_HOST": "127.0.0.1"}


def registered(client: httpx.Client, email: str, code_of: Callable[[], str], **right: str) -> str:
    """Register with an invitation or the setup code; the access token."""
    begun = client.post("/auth/register/initiate", json={"email": email, "password": PASSWORD} | right)
    assert begun.status_code == 200, begun.text
    proof = {"email": email, "otp": code_of(), "temp_token": begun.json()["temp_token"]}
    answer = client.post("/auth/register/verify", json=proof)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["access_token"])


def good(client: httpx.Client, token: str) -> bool:
    """Whether the token is let in."""
    client.cookies.clear()
    return client.get("/auth/token/validate", headers={"authorization": f"Bearer {token}"}).status_code == 200


def test_a_household_from_the_console(tmp_path: Path) -> None:
    """Claimed, joined with a code handed over, disabled with effect at once; enabled while the hub is off."""
    console = Console(tmp_path / "data")
    with serving(console.data_dir, "--json", **OPEN) as hub, hub.client() as client:
        code = console.done("setup-code")["setup_code"]
        registered(client, "maya@example.com", lambda: str(code), setup_code=code)
        invitation = console.done("invite", "create", "--email", "noor@example.com")
        handed = ("household", "hand-over", "noor@example.com")
        token = registered(
            client, "noor@example.com", lambda: str(console.done(*handed)["code"]), invite=invitation["code"]
        )
        assert good(client, token)
        assert {each["username"]: each["role"] for each in console.done("user", "list")} == {
            "maya": "owner",
            "noor": "adult",
        }
        assert console.done("session", "list", "--user", "noor")
        console.done("user", "disable", "noor@example.com", "--yes")
        assert not good(client, token)
        assert console.done("audit", "verify")["ok"]
        assert hub.stop() == 0
        assert console.done("user", "enable", "noor")["status"] == "active"
    with serving(console.data_dir, "--json", **OPEN) as hub, hub.client() as client:
        signed_in = client.post("/auth/login", json={"email": "noor@example.com", "password": PASSWORD})
        assert signed_in.status_code == 200
        assert not good(client, token)


def typing(data_dir: Path, *arguments: str, typed: str = "") -> tuple[int, str]:
    """A command on a terminal of its own: `typed` is entered a line at a time, whenever it asks."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "rex_auth_edge", *arguments]
    settings = environment(data_dir, TERM="xterm", COLUMNS="80", **OPEN)
    process = subprocess.Popen(
        command, env=settings, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
    )
    os.close(theirs)
    shown, lines = "", typed.splitlines(keepends=True)
    while select.select([ours], [], [], 30)[0]:
        try:
            part = os.read(ours, 4096).decode()
        except OSError:
            break
        if not part:
            break
        shown += part
        if shown.endswith(": ") and lines:
            os.write(ours, lines.pop(0).encode())
    os.close(ours)
    return process.wait(30), shown


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory where a hub has been."""
    data_dir = tmp_path_factory.mktemp("home") / "data"
    with serving(data_dir, "--json", **OPEN) as hub:
        assert hub.stop() == 0
    return data_dir


def test_on_a_terminal(home: Path) -> None:
    """Passwords are asked for twice and not shown, what destroys asks, an invitation's link is a QR code as well."""
    code, shown = typing(home, "user", "add", "noor", typed=f"{PASSWORD}\n{PASSWORD}\n")
    assert (code, PASSWORD in shown) == (0, False), shown
    code, shown = typing(home, "user", "remove", "noor", typed="n\n")
    assert code == 1
    assert "Nothing was done." in shown
    code, shown = typing(home, "invite", "create")
    assert code == 0
    assert "\u2588" in shown
