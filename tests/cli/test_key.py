"""`key` on a hub that runs, and on one that doesn't."""

import json
from pathlib import Path

import jwt

from tests.cli.consoles import Console
from tests.cli.test_serve import registered
from tests.processes import serving


def test_rotates_a_running_hub(tmp_path: Path) -> None:
    """A rotation takes effect at once: the new key is published, and with --now it signs; old tokens stay good."""
    console = Console(tmp_path / "data")
    with serving(console.data_dir) as hub:
        before = registered(hub, "maya@example.com")
        made = console.done("key", "rotate", "--now")
        after = registered(hub, "noor@example.com")
        with hub.client() as client:
            published = {key["kid"] for key in client.get("/.well-known/jwks.json").json()["keys"]}
            bearer = {"authorization": f"Bearer {before['access_token']}"}
            assert client.get("/auth/token/validate", headers=bearer).status_code == 200
    kids = [jwt.get_unverified_header(one["access_token"])["kid"] for one in (before, after)]
    assert kids[1] == made["kid"] != kids[0]
    assert published == set(kids)


def test_states(console: Console) -> None:
    """One signs, one is to come, and those that have signed verify until their last token has died."""
    coming = console.done("key", "rotate")
    assert {key["kid"]: key["state"] for key in console.done("key", "list")}[coming["kid"]] == "coming"
    console.done("key", "rotate", "--now")
    assert sorted(key["state"] for key in console.done("key", "list")) == ["coming", "signing", "verifying"]
    console.done("key", "rotate", "--leaked")
    assert [key["state"] for key in console.done("key", "list")] == ["signing"]
    assert "New ES256 key" in console.said("key", "rotate", "--now")
    assert "signing" in console.said("key", "list")
    assert {row["device"] for row in console.done("audit", "list", "--event", "key")} == {"console"}


def test_shared_secret_is_not_rotated(stopped: Console) -> None:
    """HS256 has no key pair: the command says what to change instead, and exits with 1."""
    shared = {"JWT_ALGORITHM": "HS256", "JWT_SECRET_KEY": "0123456789" * 4}
    refused = stopped.run("key", "rotate", **shared)
    assert refused.exit_code == 1
    assert "JWT_SECRET_KEY" in refused.stderr
    listed = stopped.run("key", "list", "--json", **shared)
    assert {key["kid"]: key["state"] for key in json.loads(listed.stdout)}["shared"] == "signing"
    assert "coming" not in listed.stdout
