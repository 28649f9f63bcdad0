"""The hub is spoken to by its own name, with its household's CA and no other, wherever it is and whatever the time."""

import base64
import hashlib
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from rex_auth_edge import machine
from rex_auth_edge.client import Hub, NotTheHubError
from rex_auth_edge.client.line import Line, Pin
from rex_auth_edge.client.pin import Invitation
from tests.client.counter import open_counter, open_doorway
from tests.client.homes import DEVICE, TODAY, Body, Home
from tests.clock.machines import needs_libfaketime
from tests.tls.certificates import HOSTS, Authority
from tests.tls.secure import Secure, opened

YEAR_2099 = 4_070_908_800_000


def served(authority: Authority, folder: Path) -> ssl.SSLContext:
    """What a server with a certificate of an authority speaks TLS by."""
    authority.bundle(folder / "served.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "served.pem")
    return context


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secure]:
    """A real hub with TLS and its doorway, as its own process."""
    with ExitStack() as stack:
        doors = {name: stack.enter_context(socket.create_server(("127.0.0.1", 0))) for name in ("https", "http")}
        yield stack.enter_context(opened(tmp_path_factory.mktemp("hub") / "data", doors))


def invitation(hub: Secure, fingerprint: str) -> Invitation:
    """A QR code of the hub, with some fingerprint."""
    shown = base64.urlsafe_b64encode(bytes.fromhex(fingerprint)).decode().rstrip("=")
    return Invitation.read(f"rex://pair?h={hub.host}&p={hub.ports['https']}&a=127.0.0.1&f={shown}&c=secret")


def pinned(hub: Secure) -> Pin:
    """The hub as its QR code pins it."""
    return invitation(hub, hub.fingerprint.replace(":", "").lower()).pin(hub.ports["http"])


def test_pinned_by_its_qr_code(hub: Secure) -> None:
    """The CA that port 80 hands out is believed if it has the QR code's fingerprint; the hub's keys come by TLS."""
    answer = Line(pinned(hub), lambda: TODAY).get("/.well-known/jwks.json").good()
    assert answer.json()["keys"][0]["alg"] == "ES256"
    with pytest.raises(NotTheHubError, match="somebody may pose"):
        invitation(hub, "00" * 32).pin(hub.ports["http"])


@pytest.mark.parametrize("wrong", ["another authority", "another name", "an ended certificate"])
def test_nothing_is_said_to_others(hub: Secure, wrong: str) -> None:
    """Another CA, another name, or a certificate that ended at a time that has come: no request is sent."""
    pin, time = pinned(hub), TODAY
    if wrong == "another authority":
        pin = replace(pin, ca=ssl.DER_cert_to_PEM_cert(_other_authority()))
    elif wrong == "another name":
        pin = replace(pin, host="rex-aaaaaaaa.local")
    else:
        time = YEAR_2099
    with pytest.raises(NotTheHubError):
        Line(pin, lambda: time).get("/health/live")


def _other_authority() -> bytes:
    return Authority().root.certificate.public_bytes(Encoding.DER)


@pytest.mark.parametrize("year", ["1971-01-01", "2098-01-01"])
def test_a_device_that_lives_in_another_year(hub: Secure, year: str, tmp_path: Path) -> None:
    """The device's wall clock decides nothing about the hub's certificate: no contact is lost by it."""
    needs_libfaketime()
    (tmp_path / "ca.pem").write_text(pinned(hub).ca or "")
    code = (
        "import sys, time; from rex_auth_edge.client.line import Line, Pin\n"
        "pin = Pin(sys.argv[1], int(sys.argv[2]), ('127.0.0.1',), open(sys.argv[3]).read())\n"
        "print(time.gmtime().tm_year, Line(pin, lambda: 0).get('/health/live').status)"
    )
    (library,) = Path("/usr/lib").glob("*/faketime/libfaketime.so.1")
    env = dict(machine.environment()) | {"LD_PRELOAD": str(library), "FAKETIME": f"@{year} 00:00:00"}
    arguments = [hub.host, str(hub.ports["https"]), str(tmp_path / "ca.pem")]
    told = subprocess.run(
        [sys.executable, "-c", code, *arguments], env=env, capture_output=True, text=True, check=True
    ).stdout
    assert told.split() == [year[:4], "200"]


def test_let_in_over_tls(tmp_path: Path) -> None:
    """From the QR code on, everything goes to the hub by its name and CA; an impostor on its port learns nothing."""
    ours, thief = Authority(), Authority(48)
    der = ours.root.certificate.public_bytes(Encoding.DER)
    home = Home(Body())
    with open_doorway(der) as doorway, open_counter(home, 0, served(ours, tmp_path), host=HOSTS[0]) as counter:
        counter.codes["claim"] = []
        mark = base64.urlsafe_b64encode(hashlib.sha256(der).digest()).decode().rstrip("=")
        uri = f"rex://pair?h={HOSTS[0]}&p={counter.port}&a=127.0.0.1&f={mark}&c=claim"
        hub = Hub.pair(tmp_path / "device", uri, doorway=doorway)
        hub.refresh()
        assert hub.verifier().check(counter.token()).client == DEVICE
    with open_counter(home, counter.port, served(thief, tmp_path), host=HOSTS[0]) as posing:
        with pytest.raises(NotTheHubError):
            hub.refresh()
        assert posing.log == []
