"""A voice app's own program against a real hub, a door that wants to be sure, and a person with a phone."""

import json
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from rex_auth_edge.cli.device import _KINDS
from rex_auth_edge.client import Hub, HubRefusedError, Proof, Reason, TokenRefusedError, levels
from rex_auth_edge.client.verify import Holder, Verifier
from rex_auth_edge.domain.devices import Kind
from tests.hub import PASSWORD
from tests.processes import Process, run, serving

DOOR = "http://door.home/open"


def let_in(hub: Process, folder: Path, kind: str, *scopes: str) -> Hub:
    """A device that reads the QR code which the console shows."""
    wanted = [argument for scope in scopes for argument in ("--scope", scope)]
    added = run(hub.data_dir, "device", "add", kind, "--kind", kind, *wanted, "--json")
    assert added.returncode == 0, added.stderr
    return Hub.pair(folder, json.loads(added.stdout)["qr"])


def at_the_door(door: Verifier, visitor: Hub, token: str) -> Holder:
    """Whom the door, which asks nobody, finds behind a token: somebody who has confirmed."""
    headers = visitor.headers("POST", DOOR, nonce=door.challenge(), token=token)
    return door.check(token, scope="door.open", acr=levels.CONFIRMED, proof=Proof(headers["DPoP"], "POST", DOOR))


def answering(phone: httpx.Client, what: str, after: int) -> Callable[[float], None]:
    """A pause between polls, in which the person answers when they have been asked so often."""
    left = [after]

    def pause(seconds: float) -> None:
        assert seconds >= 5
        left[0] -= 1
        if left[0] == 0:
            (waiting,) = phone.get("/auth/confirmations").json()["confirmations"]
            assert phone.post(f"/auth/confirmations/{waiting['id']}/{what}").status_code == 200

    return pause


def test_a_voice_app_and_a_door(tmp_path: Path) -> None:
    """Who is only recognised stays outside; who confirms on their phone is let in; a refusal is spoken."""
    (tmp_path / "password").write_text(PASSWORD)
    with serving(tmp_path / "data") as hub, hub.client() as phone:
        run(hub.data_dir, "user", "add", "maya", "--role", "owner", "--password-file", str(tmp_path / "password"))
        tokens = phone.post("/auth/login", json={"username": "maya", "password": PASSWORD}).json()
        phone.cookies.clear()
        phone.headers["authorization"] = f"Bearer {tokens['access_token']}"
        voice = let_in(hub, tmp_path / "voice", "voice", "door.open", "hub.act")
        lock = let_in(hub, tmp_path / "lock", "lock")
        lock.refresh()
        door, said = lock.verifier(), list[str]()
        low = voice.act_for("maya", "door.open")
        assert voice.act_for("maya", "door.open") == low
        with pytest.raises(TokenRefusedError) as refused:
            at_the_door(door, voice, low)
        assert refused.value.reason is Reason.ACR
        with pytest.raises(HubRefusedError) as nobody:
            voice.act_for("nobody")
        assert (nobody.value.code, bool(nobody.value.say)) == ("cannot_act", True)
        voice._talk.metadata = {"token_endpoint": voice._talk.metadata["token_endpoint"], "issuer": voice._talk.issuer}
        high = voice.confirm("maya", "door.open", "Open up", told=said.append, pause=answering(phone, "approve", 2))
        found = at_the_door(door, voice, high)
        assert (found.subject, found.actor) == (tokens["user_id"], voice.device_id)
        assert "confirm that on your phone" in said[0]
        with pytest.raises(HubRefusedError) as denied:
            voice.confirm("maya", "door.open", pause=answering(phone, "deny", 1))
        assert (denied.value.code, denied.value.say) == (
            "access_denied", "That was refused on the phone, so I won't do it.",
        )  # fmt: skip
        with pytest.raises(HubRefusedError) as paused:
            voice.confirm("maya", "door.open")
        assert (paused.value.code, bool(paused.value.say)) == ("confirmation_paused", True)


def test_every_kind_can_be_added_at_the_console() -> None:
    """The console, which loads nothing of the hub's, knows the same kinds."""
    assert set(_KINDS) == set(Kind)
