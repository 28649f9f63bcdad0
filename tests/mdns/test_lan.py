"""A hub is found on the LAN by what others run there, under its own name or the next free one, and says goodbye."""

import hashlib
import json
import re
import ssl
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from rex_auth_edge import machine
from tests.mdns.lan import Lan, eventually, lan, missing

UNIT = "rex-k7qf2m9x"
HOST, PORT, ADDRESS, TXT = 6, 8, 7, 9
"""Fields of avahi-browse's lines."""


@pytest.fixture
def net(tmp_path: Path) -> Iterator[Lan]:
    """Three hosts on a switch."""
    if lacking := missing():
        said = f"These tests need {', '.join(lacking)}. On Debian: apt install avahi-daemon avahi-utils dbus iproute2"
        pytest.fail(said) if machine.environment().get("CI") == "true" else pytest.skip(said)
    with lan(tmp_path) as made:
        yield made


def test_found_and_followed(net: Lan) -> None:
    """Both services are resolved with port, address and facts; changes of facts and addresses are followed."""
    net.avahi("tablet")
    hub = net.announce("a", UNIT, id="k7qf2m9x", state="unclaimed")
    for kind in ("_rex-auth._tcp", "_https._tcp"):
        eventually(lambda kind=kind: net.browse(kind), f"found as {kind}")
        (found,) = net.browse(kind)
        assert (found[HOST], found[ADDRESS], found[PORT]) == (f"{UNIT}.local", "10.77.0.1", "443")
        assert '"state=unclaimed"' in found[TXT]
    assert net.resolve(f"{UNIT}.local") == "10.77.0.1"
    hub.say(id="k7qf2m9x", state="claimed")
    eventually(lambda: '"state=claimed"' in net.browse()[0][TXT], "said to be claimed")
    net.readdress("a", "10.77.0.101")
    eventually(lambda: [found[ADDRESS] for found in net.browse()] == ["10.77.0.101"], "found at the new address")
    assert hub.labels[-1] == UNIT


def test_discover(net: Lan, tmp_path: Path) -> None:
    """The console on another host finds a real hub, and says that its TLS holds and which fingerprint to compare."""
    root = tmp_path / "data" / "tls" / "root.pem"
    net.hub("a", root.parent.parent)
    (found,) = json.loads(net.on("b", sys.executable, "-m", "rex_auth_edge", "discover", "--json"))
    assert (found["addresses"], found["problem"], found["state"]) == (["10.77.0.1"], None, "unclaimed")
    (certificate,) = re.findall(r"-----BEGIN CERT.*?CERTIFICATE-----\n", root.read_text(), re.DOTALL)
    assert found["fingerprint"] == hashlib.sha256(ssl.PEM_cert_to_DER_cert(certificate)).hexdigest()


def test_discover_without_ipv4(net: Lan, tmp_path: Path) -> None:
    """A house that has only IPv6 finds its hub just as well."""
    for number, host in enumerate("ab", 1):
        net.readdress_six(host, f"fd77::{number}")
    net.hub("a", tmp_path / "data")
    (found,) = json.loads(net.on("b", sys.executable, "-m", "rex_auth_edge", "discover", "--json"))
    assert (found["addresses"], found["problem"]) == (["fd77::1"], None)


def test_announced_is_what_is_listened_at(net: Lan, tmp_path: Path) -> None:
    """A hub that listens with IPv4 alone sends nobody to its other addresses."""
    net.on("a", "ip", "addr", "add", "fd77::1/64", "dev", "eth0", "nodad")
    net.hub("a", tmp_path / "data", "0.0.0.0")  # noqa: S104  in a network of the test's own
    (found,) = json.loads(net.on("b", sys.executable, "-m", "rex_auth_edge", "discover", "--json"))
    assert (found["addresses"], found["problem"]) == (["10.77.0.1"], None)


def test_goodbye(net: Lan) -> None:
    """A hub that stops is gone at once, and not only when its records expire."""
    net.avahi("tablet")
    hub = net.announce("a", UNIT)
    eventually(net.browse, "found")
    hub.stop()
    eventually(lambda: not net.browse(), "gone", 5)
    assert hub.process.returncode == 0


def test_an_interface_that_goes_and_comes(net: Lan) -> None:
    """Without a network nothing fails for good; with it the hub is there again."""
    net.avahi("tablet")
    hub = net.announce("a", UNIT)
    net.unplug("a")
    eventually(lambda: "there is no network" in hub.log.read_text(), "withdrawn")
    net.plug("a", "10.77.0.1")
    eventually(lambda: len(hub.labels) > 1, "announced again")
    eventually(lambda: net.resolve(f"{UNIT}.local") == "10.77.0.1", "found again")
    assert hub.process.poll() is None


def test_a_name_that_another_kind_of_host_has(net: Lan) -> None:
    """Where the name is taken, by whatever, the hub takes the next, and its owner is left in peace."""
    net.avahi(UNIT)
    hub = net.announce("a", UNIT)
    assert hub.labels == [f"{UNIT}-2"]
    eventually(lambda: [found[HOST] for found in net.browse()] == [f"{UNIT}-2.local"], "found as -2")
    assert net.resolve(f"{UNIT}.local") == "10.77.0.2"


def test_two_hubs_of_one_name(net: Lan) -> None:
    """Of two hubs of one name, as after a swap of hardware, the second takes the next name, the first keeps its own."""
    net.avahi("tablet")
    first, second = net.announce("a", UNIT), net.announce("c", UNIT)
    assert (first.labels, second.labels) == ([UNIT], [f"{UNIT}-2"])
    eventually(lambda: len(net.browse()) == 2, "both found")
    assert {found[HOST]: found[ADDRESS] for found in net.browse()} == {
        f"{UNIT}.local": "10.77.0.1",
        f"{UNIT}-2.local": "10.77.0.3",
    }


def test_two_hubs_that_meet_later(net: Lan) -> None:
    """Two that took one name apart from each other part again once they can hear each other."""
    net.avahi("tablet")
    net.cut("c", "down")
    first, second = net.announce("a", UNIT), net.announce("c", UNIT)
    assert first.labels == second.labels == [UNIT]
    net.cut("c", "up")
    eventually(lambda: {first.labels[-1], second.labels[-1]} == {UNIT, f"{UNIT}-2"}, "of two names")
