"""The README's door is a program that runs."""

import re
from pathlib import Path

from rex_auth_edge import machine
from rex_auth_edge.client.reasons import Reason
from tests.client.counter import open_counter
from tests.client.doors import door, section
from tests.client.homes import DEVICE, Body, Home
from tests.mdns.lan import eventually


def test_the_door(tmp_path: Path) -> None:
    """It is let in, opens, goes on without the hub, and stays shut for who was sent away while it was alone."""
    home = Home(Body(machine.wall_milliseconds()))
    named = f"This door is device {DEVICE}."
    with open_counter(home, codes={"claim": []}) as counter:
        token, lamps = counter.token(), counter.token(scope="lights")
        with door(tmp_path) as opened:
            assert opened.tell(counter.invitation("claim") + "\n") == named
            assert opened.tell(f"{token}\n") == f"opens for {DEVICE}"
            assert opened.tell(f"{lamps}\n") == "stays shut: missing_scope"
    with door(tmp_path) as opened:
        assert opened.tell("") == named
        assert opened.tell(f"{token}\n") == f"opens for {DEVICE}"
    home.ended, home.version = {7}, 2
    with open_counter(home, counter.port, keys=counter.keys), door(tmp_path) as opened:
        assert opened.tell("") == named
        eventually(lambda: opened.tell(f"{token}\n") == "stays shut: revoked", "told of the revocation")


def test_every_reason_is_named() -> None:
    """The reasons that a program can switch on are all in the README."""
    named = set(re.findall(r"`([a-z_]+)`", section()))
    assert {reason.value for reason in Reason} <= named
