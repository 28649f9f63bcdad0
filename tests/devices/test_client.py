"""A device's own program against a real hub: let in, good without the hub, and told of an end when the hub is back."""

import json
from pathlib import Path

import pytest

from rex_auth_edge.client import Hub, NotPairedError, Proof, Reason, TokenRefusedError
from rex_auth_edge.client.verify import Verifier
from tests.processes import Process, run, serving

DOOR = "http://door.home/open"


def let_in(hub: Process, folder: Path, name: str, kind: str) -> Hub:
    """A device that reads the QR code which the console shows."""
    wanted = ("device", "add", name, "--kind", kind, "--scope", "door.open", "--json")
    return Hub.pair(folder, json.loads(run(hub.data_dir, *wanted).stdout)["qr"])


def opened(door: Verifier, visitor: Hub) -> str:
    """Who is let in by the door, which asks nobody."""
    headers = visitor.headers("POST", DOOR, nonce=door.challenge())
    proof = Proof(headers["DPoP"], "POST", DOOR)
    return door.check(headers["Authorization"].removeprefix("DPoP "), scope="door.open", proof=proof).subject


def test_a_door_and_a_tablet(tmp_path: Path) -> None:
    """The door opens for the tablet with the hub gone; once the hub is back and the tablet removed, it stays shut."""
    with serving(tmp_path / "data") as hub:
        lock, tablet = (let_in(hub, tmp_path / kind, kind, kind) for kind in ("lock", "tablet"))
        lock.refresh()
        port = hub.url.rpartition(":")[2]
    door = lock.verifier()
    assert opened(door, tablet) == tablet.device_id
    with serving(tmp_path / "data", REX_PORT=port) as hub:
        run(hub.data_dir, "device", "remove", tablet.device_id, "--yes")
        lock.refresh()
        with pytest.raises(TokenRefusedError) as refused:
            opened(door, tablet)
        assert refused.value.reason is Reason.REVOKED
        with pytest.raises(NotPairedError):
            tablet._tokens.renew(None)
        assert lock.token()
