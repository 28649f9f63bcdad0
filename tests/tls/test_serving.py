"""`serve` with TLS as a real process: the household's CA, its doors, its restarts, and certificates of one's own."""

import signal
import socket
import ssl
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

import httpx
import pytest

from rex_auth_edge.domain.hub_names import UNIT_ID
from rex_auth_edge.keys.tls import fingerprint, spelled
from tests.hub import PASSWORD
from tests.processes import run, serving
from tests.tls.certificates import Authority
from tests.tls.secure import Secure, opened


def test_https_by_the_households_ca(hub: Secure, tmp_path: Path) -> None:
    """A client that trusts what port 80 hands out reaches the hub by name and address; its log tells the same CA."""
    assert UNIT_ID.fullmatch(hub.host.removeprefix("rex-").removesuffix(".local"))
    der = hub.certificate()
    assert hub.fingerprint == spelled(sha256(der).hexdigest()) == spelled(fingerprint(tmp_path / "data") or "")
    with hub.client() as client:
        by_name = hub.get(client)
        by_address = client.get("/health/live")
    assert by_name.json() == by_address.json() == {"status": "ok"}
    assert by_name.headers["strict-transport-security"] == "max-age=86400"


def test_who_does_not_trust_it_is_not_served(hub: Secure) -> None:
    """The world's CAs don't know it, it isn't another name's, and another household's CA doesn't do."""
    other = Authority().trusting()
    for verify in (ssl.create_default_context(), other):
        with hub.client(verify) as client, pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
            hub.get(client)
    with hub.client() as client, pytest.raises(httpx.ConnectError, match="Hostname mismatch"):
        client.get("/health/live", extensions={"sni_hostname": "rex-other234.local"})


def test_cookies_are_for_https(hub: Secure) -> None:
    """Somebody registers over TLS: each of their cookies is Secure, and a foreign Host isn't served."""
    with hub.client() as client:
        begun = client.post("/auth/register/initiate", json={"email": "maya@example.com", "password": PASSWORD})
        code = hub.process.read_until(r"code is (\d{6})")
        proof = {"email": "maya@example.com", "otp": code, "temp_token": begun.json()["temp_token"]}
        joined = client.post("/auth/register/verify", json=proof)
        assert joined.status_code == 200
        cookies = joined.headers.get_list("set-cookie")
        assert len(cookies) >= 3
        assert all("; Secure" in cookie for cookie in cookies)
        assert client.get("/health/live", headers={"host": "rex-other234.local"}).status_code == 400
        assert client.get("/health/live", headers={"host": hub.host.replace(".local", "-2.local")}).status_code == 200


def test_port_80(hub: Secure) -> None:
    """Leads to HTTPS; knows no API."""
    with hub.plain("http") as client:
        led = client.get("/auth/sessions?x=1", headers={"host": hub.host})
        refused = client.post("/auth/login", json={"email": "maya@example.com", "password": PASSWORD})
        page = client.get("/trust")
    assert led.status_code == 308
    assert led.headers["location"] == f"https://{hub.host}:{hub.ports['https']}/auth/sessions?x=1"
    assert refused.status_code == 404
    assert hub.fingerprint[:23].replace(":", " ") in page.text


def test_the_gateways_door(hub: Secure) -> None:
    """The whole API without TLS, for this machine; no HSTS there."""
    with hub.plain("gateway") as client:
        live = client.get("/health/live")
        assert client.get("/.well-known/jwks.json").json()["keys"]
    assert live.json() == {"status": "ok"}
    assert "strict-transport-security" not in live.headers


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_restart_changes_no_trust(tmp_path: Path, listening: dict[str, socket.socket], number: int) -> None:
    """Name and CA stay, by whatever the hub was ended; who called meanwhile at systemd's sockets is served."""
    with opened(tmp_path / "data", listening) as first:
        trusted = first.trusting()
        first.process.stop(number)
    raw = socket.create_connection(("127.0.0.1", first.ports["https"]))
    with opened(tmp_path / "data", listening) as second:
        assert (second.host, second.fingerprint) == (first.host, first.fingerprint)
        with second.client(trusted) as client:
            assert second.get(client).status_code == 200
        with trusted.wrap_socket(raw, server_hostname=second.host) as waited:
            waited.sendall(b"GET /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            assert waited.recv(65536).startswith(b"HTTP/1.1 200 ")


def put(authority: Authority, certificate: Path, key: Path) -> None:
    """A new certificate and its key in two files, as certbot and its like leave them."""
    private, head, chain = authority.make().pem().partition(b"-----BEGIN CERTIFICATE")
    certificate.write_bytes(head + chain)
    key.write_bytes(private)


def test_a_certificate_of_ones_own(tmp_path: Path) -> None:
    """From files, changed ones without a restart: a kept connection goes on, a broken pair is logged."""
    authority, certificate, key = Authority(), tmp_path / "cert.pem", tmp_path / "key.pem"
    put(authority, certificate, key)
    with serving(tmp_path / "data", REX_TLS=f"{certificate},{key}") as hub, asking(hub.url, authority):
        kept = httpx.Limits(keepalive_expiry=None)
        with httpx.Client(base_url=hub.url, verify=authority.trusting(), trust_env=False, limits=kept) as client:
            assert client.get("/health/live").headers["strict-transport-security"]
            certificate.write_text("junk")
            hub.read_until("(Going on with the old certificate)")
            before = shown(hub.url, authority)
            put(authority, certificate, key)
            hub.read_until("(New connections get the changed certificate)")
            assert client.get("/health/live").status_code == 200
        assert shown(hub.url, authority) != before
    assert not (tmp_path / "data" / "tls").exists()


_PAUSE = 0.05
"""Seconds from one of a client's connections to its next: a hub needs no storm to be asked while it changes."""


@contextmanager
def asking(url: str, authority: Authority) -> Iterator[None]:
    """Four clients meanwhile, on new connections and kept ones; each of their requests has to be answered."""
    done = threading.Event()

    def ask() -> int:
        asked = 0
        while not done.wait(_PAUSE):
            with httpx.Client(base_url=url, verify=authority.trusting(), trust_env=False) as client:
                for _ in range(3):
                    assert client.get("/health/live").status_code == 200
                    asked += 1
        return asked

    with ThreadPoolExecutor(4) as pool:
        running = [pool.submit(ask) for _ in range(4)]
        try:
            yield
        finally:
            done.set()
        assert all(each.result() for each in running)


def shown(url: str, authority: Authority) -> str:
    """The serial number of the certificate that the hub presents now."""
    host, _, port = url.removeprefix("https://").partition(":")
    with (
        socket.create_connection((host, int(port))) as raw,
        authority.trusting().wrap_socket(raw, server_hostname=host) as secure,
    ):
        found = secure.getpeercert()
    assert found is not None
    return str(found["serialNumber"])


def test_a_damaged_ca_is_a_sentence(tmp_path: Path) -> None:
    """The hub doesn't start with another CA than the one that every device trusts."""
    with serving(tmp_path / "data", REX_TLS="auto") as hub:
        hub.stop()
    (tmp_path / "data" / "tls" / "root.pem").write_text("junk")
    failed = run(tmp_path / "data", "serve", "--development", REX_TLS="auto")
    assert failed.returncode == 3
    assert "backup" in failed.stderr
    assert "Traceback" not in failed.stderr
