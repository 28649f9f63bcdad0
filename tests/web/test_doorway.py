"""Port 80: the way to HTTPS, the household's CA and how to trust it, and nothing else."""

import plistlib
from hashlib import sha256
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from hypothesis import given
from hypothesis import strategies as st

from rex_auth_edge.keys.tls import spelled
from rex_auth_edge.web.doorway import Doorway
from rex_auth_edge.web.pages.trust import Household
from tests.tls.certificates import HOSTS, UNIT, Authority

ROOT = Authority().root.certificate
DER = ROOT.public_bytes(serialization.Encoding.DER)
FINGERPRINT = spelled(sha256(DER).hexdigest())
HOUSEHOLD = Household(DER, FINGERPRINT, f"rex-{UNIT}")
OFFERED = ("/ca.crt", "/ca.mobileconfig", "/trust")


def doorway(port: int = 443, household: Household | None = HOUSEHOLD) -> Doorway:
    """A hub's port 80, while the hub is called `-2`."""
    return Doorway((*HOSTS, "hub.example"), lambda: HOSTS[1], port, household)


async def ask(
    target: str, method: str = "GET", host: str = HOSTS[0], to: Doorway | None = None, **options: Any
) -> httpx.Response:
    """One request. The target goes out as it is."""
    transport = httpx.ASGITransport(to or doorway())
    async with httpx.AsyncClient(transport=transport, base_url="http://hub") as client:
        return await client.request(method, target, headers={"host": host, "cookie": "access_token=x"}, **options)


@pytest.mark.parametrize(
    ("host", "led_to"),
    [
        (HOSTS[0], HOSTS[0]),
        (HOSTS[0].upper(), HOSTS[0]),
        (f"{HOSTS[0]}:80", HOSTS[0]),
        ("hub.example", "hub.example"),
        ("192.168.1.5", "192.168.1.5"),
        ("192.168.1.5:80", "192.168.1.5"),
        ("[fd00::5]:80", "[fd00::5]"),
        ("evil.example", HOSTS[1]),
        ("8.8.8.8", HOSTS[1]),
        ("", HOSTS[1]),
        (f"{HOSTS[0]}@evil.example", HOSTS[1]),
        (f"evil.example/{HOSTS[0]}", HOSTS[1]),
    ],
)
async def test_leads_to_https(host: str, led_to: str) -> None:
    """By the name that the client uses if it is ours, else by the one that the hub has now; path and query stay."""
    for method in ("GET", "HEAD"):
        answer = await ask("/join?code=a%20b&x=%C3%A9", method, host)
        assert answer.status_code == 308
        assert answer.headers["location"] == f"https://{led_to}/join?code=a%20b&x=%C3%A9"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.content == b""


async def test_leads_to_the_real_port() -> None:
    """Where HTTPS isn't at 443."""
    answer = await ask("/", to=doorway(8443))
    assert answer.headers["location"] == f"https://{HOSTS[0]}:8443/"


async def raw(target: bytes, query: bytes = b"") -> dict[str, Any]:
    """The head of the answer to a request target as no well-behaved client sends it."""
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        raise AssertionError("nothing is read")

    scope = {"type": "http", "method": "GET", "path": "/x", "raw_path": target, "query_string": query}
    await doorway()({**scope, "headers": [(b"host", HOSTS[0].encode())]}, receive, send)
    return dict(sent[0])


@given(st.binary(max_size=60), st.binary(max_size=60))
async def test_no_target_leads_elsewhere(path: bytes, query: bytes) -> None:
    """Whatever a client puts into its request line, it is led to the hub, by a location that is a URL."""
    head = await raw(b"/" + path, query)
    location = dict(head["headers"])[b"location"]
    assert location.startswith(f"https://{HOSTS[0]}/".encode())
    assert all(0x21 <= byte < 0x7F for byte in location)
    assert httpx.URL(location.decode()).host == HOSTS[0]


async def test_the_certificate() -> None:
    """The root in DER, as a file."""
    answer = await ask("/ca.crt")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/x-x509-ca-cert"
    assert answer.headers["content-disposition"] == f'attachment; filename="rex-{UNIT}.crt"'
    assert x509.load_der_x509_certificate(answer.content) == ROOT


async def test_apples_profile() -> None:
    """One payload, the root; the same each time, so that installing it again replaces it."""
    first, second = await ask("/ca.mobileconfig"), await ask("/ca.mobileconfig")
    assert first.content == second.content
    assert first.headers["content-type"] == "application/x-apple-aspen-config"
    read = plistlib.loads(first.content)
    (payload,) = read["PayloadContent"]
    assert (read["PayloadType"], payload["PayloadType"]) == ("Configuration", "com.apple.security.root")
    assert payload["PayloadContent"] == DER
    assert read["PayloadUUID"] != payload["PayloadUUID"]
    assert FINGERPRINT in read["PayloadDescription"]


async def test_the_page() -> None:
    """It shows the fingerprint, asks to compare it, knows every system, and asks no other origin for anything."""
    page = (await ask("/trust")).text
    for line in range(0, 32, 8):
        assert " ".join(FINGERPRINT.split(":")[line : line + 8]) in page
    assert "Compare" in page
    for system in ("iPhone", "Android", "Windows", "macOS", "Linux", "Firefox"):
        assert system in page
    assert f'href="https://{HOSTS[1]}/"' in page
    assert "<script" not in page
    assert "src=" not in page
    assert "<form" not in page


@pytest.mark.parametrize("path", ["/", *OFFERED, "/auth/login", "/nothing"])
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"])
async def test_everything_else_is_not_found(path: str, method: str) -> None:
    """In the shape of every error: what is typed into the wrong address is answered without being read."""
    answer = await ask(path, method, json={"password": "x"})
    assert answer.status_code == 404
    assert answer.json()["code"] == "not_found"


@pytest.mark.parametrize("path", ["/", *OFFERED])
async def test_every_answer_is_guarded(path: str) -> None:
    """Never a cookie; no sniffing, framing, caching or referring; no HSTS, which plain HTTP can't say."""
    for answer in (await ask(path), await ask(path, "POST")):
        assert "set-cookie" not in answer.headers
        assert "strict-transport-security" not in answer.headers
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cache-control"] == "no-store"
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'")
        assert "unsafe" not in policy


@pytest.mark.parametrize("path", OFFERED)
async def test_without_a_household_ca(path: str) -> None:
    """A hub with a certificate of its owner's hands nothing out."""
    assert (await ask(path, to=doorway(household=None))).status_code == 404
    assert (await ask("/", to=doorway(household=None))).status_code == 308


async def test_what_is_no_path() -> None:
    """Proxy requests and endless ones lead nowhere."""
    for target in (b"http://evil.example/", b"*", b"", b"/" + b"a" * 3000):
        assert (await raw(target))["status"] == 404
