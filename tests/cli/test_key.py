"""`key rotate` on a hub that runs, and on one that doesn't."""

import json
from pathlib import Path

import jwt

from tests.cli.test_serve import registered
from tests.processes import run, serving


def test_rotates_a_running_hub(tmp_path: Path) -> None:
    """A rotation takes effect at once: the new key is published, and with --now it signs; old tokens stay good."""
    with serving(tmp_path / "data") as hub:
        before = registered(hub, "maya@example.com")
        made = json.loads(run(tmp_path / "data", "key", "rotate", "--now", "--json").stdout)
        after = registered(hub, "noor@example.com")
        with hub.client() as client:
            published = {key["kid"] for key in client.get("/.well-known/jwks.json").json()["keys"]}
            bearer = {"authorization": f"Bearer {before['access_token']}"}
            assert client.get("/auth/token/validate", headers=bearer).status_code == 200
    kids = [jwt.get_unverified_header(one["access_token"])["kid"] for one in (before, after)]
    assert kids[1] == made["kid"] != kids[0]
    assert published == set(kids)


def test_rotates_a_stopped_hub(tmp_path: Path) -> None:
    """Where no hub runs, the command works on the database itself."""
    with serving(tmp_path / "data") as hub:
        hub.stop()
    done = run(tmp_path / "data", "key", "rotate")
    assert done.returncode == 0
    assert "New ES256 key" in done.stdout
    with serving(tmp_path / "data") as hub, hub.client() as client:
        assert len(client.get("/.well-known/jwks.json").json()["keys"]) == 2


def test_shared_secret_is_not_rotated(tmp_path: Path) -> None:
    """HS256 has no key pair: the command says what to change instead, and exits with 1."""
    done = run(tmp_path / "data", "key", "rotate", JWT_ALGORITHM="HS256", JWT_SECRET_KEY="0123456789" * 4)
    assert done.returncode == 1
    assert "JWT_SECRET_KEY" in done.stderr


def test_help_teaches(tmp_path: Path) -> None:
    """Every command's help has an example and its exit codes."""
    for command in (("serve",), ("key", "rotate")):
        shown = run(tmp_path, *command, "--help").stdout
        assert "Example:" in shown
        assert "Exit codes:" in shown
