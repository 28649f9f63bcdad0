"""A device in a network of its own with the hub finds it again when its address has changed."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rex_auth_edge import machine
from tests.client.doors import door
from tests.devices.machines import DEVICE_CODE
from tests.mdns.lan import Lan, eventually, lan, missing
from tests.processes import run

FIND = """
import asyncio, json, sys
from rex_auth_edge.client import find, pin
(found,) = asyncio.run(find.browse(3))
print(json.dumps(pin.for_now(found).facts()))
"""
ASK = """
import json, sys
from pathlib import Path
from rex_auth_edge.client.line import Line, Pin
line = Line(Pin.of(json.loads(Path(sys.argv[1]).read_text())), lambda: 0)
print(line.get("/.well-known/jwks.json").status, *line.pin.addresses)
"""


@pytest.fixture
def net(tmp_path: Path) -> Iterator[Lan]:
    """Three hosts on a switch."""
    if lacking := missing():
        said = (
            f"These tests need {', '.join(lacking)}. On Debian: apt install avahi-daemon avahi-utils curl dbus iproute2"
        )
        pytest.fail(said) if machine.environment().get("CI") == "true" else pytest.skip(said)
    with lan(tmp_path) as made:
        yield made


def test_found_pinned_and_followed(net: Lan, tmp_path: Path) -> None:
    """A hub that a device has pinned is reached by the same name and CA at the address that it has now."""
    net.hub("a", tmp_path / "data")
    kept = tmp_path / "pin.json"
    kept.write_text(net.on("b", sys.executable, "-c", FIND))
    assert json.loads(kept.read_text())["addresses"] == ["10.77.0.1"]
    assert net.on("b", sys.executable, "-c", ASK, str(kept)).split() == ["200", "10.77.0.1"]
    net.readdress("a", "10.77.0.101")

    def followed() -> bool:
        try:
            return net.on("b", sys.executable, "-c", ASK, str(kept)).split()[:2] == ["200", "10.77.0.101"]
        except AssertionError:
            return False

    eventually(followed, "reached at the new address", 60)


def posted(net: Lan, host: str, path: str, **fields: str) -> dict[str, Any]:
    """What the hub answers to a form that a host sends it."""
    form = [part for name, value in fields.items() for part in ("-d", f"{name}={value}")]
    return dict(json.loads(net.on(host, "curl", "-sk", f"https://10.77.0.1{path}", *form)))


def maya(net: Lan, data: Path) -> str:
    """The household's owner, who signs in from b: her access token."""
    code = json.loads(run(data, "setup-code", "--json").stdout)["setup_code"]
    who = {"email": "maya@example.com", "password": "Zebra-River-42!", "setup_code": code}
    begun = posted(net, "b", "/auth/register/initiate", **who)
    proof = {"email": "maya@example.com", "otp": code, "temp_token": begun["temp_token"]}
    return str(posted(net, "b", "/auth/register/verify", **proof)["access_token"])


def let_in(data: Path, name: str, kind: str) -> dict[str, str]:
    """What the console says of a device that is to come."""
    return dict(json.loads(run(data, "device", "add", name, "--kind", kind, "--scope", "door.open", "--json").stdout))


def test_alone_and_together_again(net: Lan, tmp_path: Path) -> None:
    """A door is let in across the network, decides with the cable cut, for as long as it may, and sees what has ended.

    The hub is on a, the door on b, and on c is a remote control, whose token the door is shown, and Maya's.
    """
    data = tmp_path / "data"
    net.hub("a", data)
    person = maya(net, data)
    uri = let_in(data, "Door", "lock")["qr"]
    code = let_in(data, "Remote", "other")["code"]
    remote = posted(net, "c", "/oauth/token", grant_type=DEVICE_CODE, device_code=code)
    opens, known = f"opens for {remote['client_id']}", "stays shut: missing_scope"
    on_b = ("ip", "netns", "exec", f"{net.prefix}-b")
    with door(tmp_path, *on_b) as shut:
        assert "This door is device" in shut.tell(uri + "\n")
        eventually(lambda: shut.tell(remote["access_token"] + "\n") == opens, "opened", 30)
        net.cut("a", "down")
        run(data, "device", "remove", remote["client_id"], "--yes")
        run(data, "session", "end-all", "--yes")
        assert [shut.tell(token + "\n") for token in (remote["access_token"], person)] == [opens, known]
    with door(tmp_path, *on_b) as shut:
        assert "This door is device" in shut.tell("")
        assert [shut.tell(token + "\n") for token in (remote["access_token"], person)] == [opens, known]
    two_hours_later = ("unshare", "-T", "--boottime", "7200")
    if not subprocess.run([*two_hours_later, "true"], check=False, capture_output=True).returncode:
        shutil.copytree(tmp_path / "door", tmp_path / "later" / "door")
        with door(tmp_path / "later", *on_b, *two_hours_later) as shut:
            assert "This door is device" in shut.tell("")
            assert shut.tell(remote["access_token"] + "\n") == "stays shut: too_long_offline"
    net.cut("a", "up")
    with door(tmp_path, *on_b) as shut:
        assert "This door is device" in shut.tell("")
        for token in (remote["access_token"], person):
            eventually(lambda told=token: shut.tell(told + "\n") == "stays shut: revoked", "told of it", 90)
