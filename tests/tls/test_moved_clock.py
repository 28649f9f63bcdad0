"""A real hub on a wrong clock, and clients on the right one."""

import ssl
from contextlib import suppress

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from rex_auth_edge.domain.clock import DAY
from tests.clock.machines import Moved
from tests.processes import Process

_2099 = 4_070_908_800_000
_TAKEN = r"(New connections get the changed certificate)"


@pytest.fixture
def moved(tmp_path_factory: pytest.TempPathFactory) -> Moved:
    """The real time, to be moved."""
    return Moved(tmp_path_factory.mktemp("moved"))


def client(hub: Process) -> httpx.Client:
    """One that trusts the household's CA and knows the time."""
    root = x509.load_pem_x509_certificate((hub.data_dir / "tls" / "root.pem").read_bytes())
    trusted = ssl.create_default_context(cadata=root.public_bytes(Encoding.DER))
    kept = httpx.Limits(keepalive_expiry=None)
    return httpx.Client(base_url=hub.url, verify=trusted, trust_env=False, limits=kept)


def accepted(hub: Process) -> bool:
    """Whether the present certificate is good today."""
    with client(hub) as phone, suppress(httpx.ConnectError):
        return phone.get("/health/live").status_code == 200
    return False


def soon(hub: Process, *, good: bool) -> bool:
    """Whether one of the next certificates is (or isn't): this machine's addresses may change meanwhile, too."""
    for _ in range(5):
        hub.read_until(_TAKEN)
        if accepted(hub) is good:
            return True
    return False


def test_first_started_in_1970(moved: Moved) -> None:
    """A phone that knows the time accepts the certificate at once, and after NTP has set the clock."""
    moved.set(0)
    with moved.hub(REX_TLS="auto", REX_MDNS="off") as hub:
        with client(hub) as phone:
            assert phone.get("/health/live").status_code == 200
        moved.shift(0)
        moved.ntp(synced=True)
        with client(hub) as phone:
            assert phone.get("/health/live").status_code == 200


def test_first_started_in_2099(moved: Moved) -> None:
    """The certificate isn't valid yet; as soon as NTP has set the clock there is one that is, under the same root."""
    moved.set(_2099)
    with moved.hub(REX_TLS="auto", REX_MDNS="off") as hub:
        with client(hub) as phone, pytest.raises(httpx.ConnectError, match="not yet valid"):
            phone.get("/health/live")
        moved.shift(0)
        moved.ntp(synced=True)
        assert soon(hub, good=True)


def test_two_months_later(moved: Moved) -> None:
    """Renewed while it serves: a kept connection goes on, and the clock that was set back finds a good one, too."""
    moved.ntp(synced=True)
    with moved.hub(REX_TLS="auto", REX_MDNS="off") as hub, client(hub) as kept:
        assert kept.get("/health/live").status_code == 200
        moved.shift(61 * DAY // 1000)
        assert soon(hub, good=False), "it begins in the future"
        assert kept.get("/health/live").status_code == 200
        moved.shift(0)
        assert soon(hub, good=True)
        assert kept.get("/health/live").status_code == 200
