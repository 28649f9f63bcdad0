"""An outbox, and an authority of the tests' own for servers that speak TLS."""

import datetime as dt
import ipaddress
import ssl
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from rex_auth_edge.storage.store import Store
from tests.doubles import START, HandClock, SeededEntropy
from tests.mail.posting import PostOffice

_DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class Authority:
    """A CA that nobody knows: `certificate` is its own, `leaf` and `key` a server's on 127.0.0.1."""

    certificate: Path
    leaf: Path
    key: Path

    @property
    def server(self) -> ssl.SSLContext:
        """What a server with that certificate needs."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self.leaf, self.key)
        return context


def _builder(name: str, issuer: str, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    now = dt.datetime.fromtimestamp(START / 1000, dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - 3650 * _DAY)
        .not_valid_after(now + 3650 * _DAY)
    )


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Made once for all tests."""
    folder = tmp_path_factory.mktemp("authority")
    made = Authority(folder / "ca.pem", folder / "leaf.pem", folder / "leaf.key")
    ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    ca = _builder("tests", "tests", ca_key).add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    leaf = _builder("mail.test", "tests", key).add_extension(names, critical=False)
    pem = serialization.Encoding.PEM
    made.certificate.write_bytes(ca.sign(ca_key, hashes.SHA256()).public_bytes(pem))
    made.leaf.write_bytes(leaf.sign(ca_key, hashes.SHA256()).public_bytes(pem))
    plain = serialization.NoEncryption()
    made.key.write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain))
    return made


@pytest.fixture
def trusted(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> Authority:
    """The authority, trusted by way of SSL_CERT_FILE."""
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.certificate))
    return authority


@pytest.fixture
async def office(sqlite_store: Store, clock: HandClock, entropy: SeededEntropy) -> PostOffice:
    """An empty outbox without a mail server."""
    return PostOffice(sqlite_store, clock, entropy)
