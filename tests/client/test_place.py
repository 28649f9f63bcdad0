"""Which hub a device means, and what it believes of it."""

import hashlib

import pytest

from rex_auth_edge.client.place import at
from rex_auth_edge.client.reasons import HubError, HubUnreachableError, NotTheHubError
from tests.client.counter import open_doorway

CA = b"a certificate in DER"


@pytest.mark.parametrize("given", ["127.0.0.1", "127.0.0.1:8443", "https://127.0.0.1:8443"])
def test_an_address_and_a_fingerprint(given: str) -> None:
    """The CA of that fingerprint is pinned; one that shows another is not the hub."""
    with open_doorway(CA) as doorway:
        pin = at(given, hashlib.sha256(CA).digest(), doorway)
        assert (pin.host, pin.addresses) == ("127.0.0.1", ("127.0.0.1",))
        assert pin.port == (8443 if "8443" in given else 443)
        assert pin.ca
        assert at(given, None, doorway) == pin
        with pytest.raises(NotTheHubError):
            at(given, bytes(32), doorway)


def test_a_hub_under_development() -> None:
    """In the clear, without a CA; the line itself speaks so on this same machine alone."""
    pin = at("http://localhost:8000", None)
    assert (pin.host, pin.port, pin.ca) == ("127.0.0.1", 8000, None)


@pytest.mark.parametrize("given", ["", "https://", "ftp://hub", "hub:port", "http://[::1", "hub:99999"])
def test_no_address(given: str) -> None:
    """A sentence says what an address is."""
    with pytest.raises(HubError, match="no address of a hub"):
        at(given, None)


def test_nobody_there() -> None:
    """Nothing answers at the doorway."""
    with open_doorway(CA) as doorway:
        pass
    with pytest.raises(HubUnreachableError):
        at("127.0.0.1", None, doorway)
