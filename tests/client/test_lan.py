"""A device in a network of its own with the hub finds it again when its address has changed."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from rex_auth_edge import machine
from tests.client.doors import door
from tests.client.homes import DEVICE
from tests.mdns.lan import Lan, eventually, lan, missing

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
        said = f"These tests need {', '.join(lacking)}. On Debian: apt install avahi-daemon avahi-utils dbus iproute2"
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


def test_alone_and_together_again(net: Lan, tmp_path: Path) -> None:
    """A door is let in across the network, opens while the cable is cut, a restart included, and sees a revocation."""
    in_a, in_b = (("ip", "netns", "exec", f"{net.prefix}-{host}") for host in "ab")
    stand = [*in_a, sys.executable, "-m", "tests.client.standing", str(tmp_path), "10.77.0.1"]
    with subprocess.Popen(stand, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as hub:
        assert hub.stdin
        assert hub.stdout
        said = json.loads(hub.stdout.readline())
        with door(tmp_path, *in_b) as opened:
            assert DEVICE in opened.tell(said["uri"] + "\n")
            assert opened.tell(said["token"] + "\n") == f"opens for {DEVICE}"
            net.cut("a", "down")
            assert opened.tell(said["token"] + "\n") == f"opens for {DEVICE}"
        with door(tmp_path, *in_b) as opened:
            assert DEVICE in opened.tell("")
            assert opened.tell(said["token"] + "\n") == f"opens for {DEVICE}"
        hub.stdin.write("end\n")
        hub.stdin.flush()
        net.cut("a", "up")
        with door(tmp_path, *in_b) as opened:
            assert DEVICE in opened.tell("")
            eventually(lambda: opened.tell(said["token"] + "\n") == "stays shut: revoked", "told of it", 90)
        hub.stdin.close()
