"""A household's CA in a directory, on a LAN whose addresses the test sets."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from cryptography import x509

from rex_auth_edge.domain.hub_names import host_of
from rex_auth_edge.keys.tls import HouseholdCa
from rex_auth_edge.keys.tls.issue import Issued
from tests.doubles import HandClock, SeededEntropy

UNIT = "abcd2345"
HOST = host_of(UNIT)


class Lan:
    """The machine's addresses, as the test sets them."""

    def __init__(self, *addresses: str) -> None:
        self.addresses = frozenset(addresses)

    def __call__(self) -> frozenset[str]:
        """What the machine says."""
        return self.addresses


def ca_in(directory: Path, clock: HandClock, addresses: Callable[[], frozenset[str]]) -> HouseholdCa:
    """The CA as a start of the hub opens it."""
    made = HouseholdCa(directory, UNIT, clock, SeededEntropy(), addresses)
    made.open()
    return made


def own(ca: HouseholdCa) -> x509.Certificate:
    """What the hub presents now."""
    return Issued.from_pem(ca.bundle.read_bytes()).certificate


def life(certificate: x509.Certificate) -> timedelta:
    """From its first to its last second."""
    return certificate.not_valid_after_utc - certificate.not_valid_before_utc
