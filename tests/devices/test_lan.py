"""The voice app in a network with the hub: found while pairing is open, pinned, let in over TLS."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from rex_auth_edge import machine
from tests.cli.consoles import Console
from tests.mdns.lan import Lan, eventually, lan, missing

TXT = 9


@pytest.fixture
def net(tmp_path: Path) -> Iterator[Lan]:
    """Three hosts on a switch."""
    if lacking := missing():
        said = f"These tests need {', '.join(lacking)}. On Debian: apt install avahi-daemon avahi-utils dbus iproute2"
        pytest.fail(said) if machine.environment().get("CI") == "true" else pytest.skip(said)
    with lan(tmp_path) as made:
        made.avahi("wohnzimmer")
        yield made


def test_the_voice_app_finds_the_hub(net: Lan, tmp_path: Path) -> None:
    """Announced as open, the hub is found without an address; the words that are said let the app in, for minutes."""
    data = tmp_path / "data"
    net.hub("a", data)
    console = Console(data)
    fingerprint = console.done("welcome")["fingerprint"]
    assert "pairing" not in str(net.browse()[0][TXT])
    assert console.done("device", "window", "--for", "3m")["open"]
    eventually(lambda: '"pairing=open"' in net.browse()[0][TXT], "said to be open")
    pair = [sys.executable, "-m", "rex_auth_edge", "device", "pair", "--voice", "--fingerprint", fingerprint, "--json"]
    command = ["ip", "netns", "exec", f"{net.prefix}-b", *pair, "--folder", str(tmp_path / "voice")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as voice:
        assert voice.stderr
        words = next(found for line in voice.stderr if (found := re.match(r"words +([a-z ]+)$", line)))[1]
        (asks,) = console.done("device", "asks")
        assert (asks["name"], asks["asked_from"], asks["at_home"]) == ("Voice", "10.77.0.2", True)
        console.done("device", "approve", *words.split(), "--yes")
        answer, trouble = voice.communicate(timeout=60)
    assert voice.returncode == 0, trouble
    (device,) = console.done("device", "list")["devices"]
    assert device["id"] == json.loads(answer)["device"]
    console.done("device", "window", "--close")
    eventually(lambda: "pairing" not in str(net.browse()[0][TXT]), "said to be closed")
