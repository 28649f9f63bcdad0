"""The household's CA can vouch for the hub's own names and private addresses, and for nothing else."""

import subprocess
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError
from hypothesis import assume, given
from hypothesis import strategies as st

from rex_auth_edge.domain.clock import DAY
from rex_auth_edge.domain.hub_names import PRIVATE, hosts_of, is_private
from rex_auth_edge.keys.tls import issue, spans
from rex_auth_edge.keys.tls.issue import Issued
from rex_auth_edge.keys.tls.spans import Span
from tests.doubles import START, HandClock, SeededEntropy
from tests.tls.programs import needed

UNIT = "abcd2345"
HOSTS = hosts_of(UNIT)
NOW = HandClock().now()
SPAN = Span(START - DAY, START + DAY)
ENTROPY = SeededEntropy()
ROOT = issue.root(HOSTS, UNIT, spans.authority(NOW, spans.ROOT_LIFE), ENTROPY)
BELOW = issue.intermediate(ROOT, HOSTS, UNIT, spans.authority(NOW, spans.INTERMEDIATE_LIFE), ENTROPY)

labels = st.from_regex(r"[a-z]([a-z0-9]{0,8})", fullmatch=True)
foreign_names = st.lists(labels, min_size=2, max_size=4).map(".".join)
inside = st.sampled_from(PRIVATE).flatmap(lambda network: st.ip_addresses(network=network))
addresses = st.one_of(st.ip_addresses(), inside)
OWN = [*HOSTS, "10.1.2.3", "192.168.0.7", "172.31.9.9", "169.254.3.4", "fd12::9", "fe80::1", "::1"]
FOREIGN = [
    *("example.com", "local", "rex-abcd2346.local", f"x{HOSTS[0]}", "rex-abcd2345-10.local"),
    *("8.8.8.8", "172.32.0.1", "2001:db8::1"),
]
PEM = serialization.Encoding.PEM


def leaf(*names: str, issuer: Issued = BELOW) -> Issued:
    """A certificate for these names and addresses, as the stolen key of an authority could make it."""
    literal = [name for name in names if ":" in name or name[0].isdigit()]
    return issue.own(issuer, [name for name in names if name not in literal] or [HOSTS[0]], literal, SPAN, ENTROPY)


def holds(made: Issued, name: str, *between: x509.Certificate) -> bool:
    """Whether a client that trusts the household's root believes that `made` is `name`."""
    policy = PolicyBuilder().store(Store([ROOT.certificate])).time(spans.moment(START))
    try:
        subject = x509.IPAddress(ip_address(name)) if name[0].isdigit() or ":" in name else x509.DNSName(name)
        policy.build_server_verifier(subject).verify(made.certificate, list(between or [BELOW.certificate]))
    except VerificationError:
        return False
    return True


def openssl(tmp_path: Path, made: Issued, *arguments: str, between: Issued = BELOW) -> str:
    """What `openssl verify` says to it."""
    needed(openssl="openssl")
    for name, certificate in (("root", ROOT), ("below", between), ("leaf", made)):
        (tmp_path / name).write_bytes(certificate.certificate.public_bytes(PEM))
    command = ["openssl", "verify", "-x509_strict", "-attime", str(START // 1000), *arguments]
    command += ["-CAfile", str(tmp_path / "root"), "-untrusted", str(tmp_path / "below"), str(tmp_path / "leaf")]
    said = subprocess.run(command, capture_output=True, text=True, check=False)
    return said.stdout + said.stderr


@pytest.mark.parametrize("name", FOREIGN)
def test_other_names_are_refused(tmp_path: Path, name: str) -> None:
    """Whoever steals the intermediate's key can't be a bank, nor another hub; nor with the root's key."""
    assert not holds(leaf(name), name)
    assert not holds(leaf(HOSTS[0], name), HOSTS[0]), "nor hide it beside a good one"
    assert "permitted subtree violation" in openssl(tmp_path, leaf(name))
    assert not holds(leaf(name, issuer=ROOT), name)
    assert "permitted subtree violation" in openssl(tmp_path, leaf(name, issuer=ROOT))


@given(foreign_names)
def test_no_foreign_name_holds(name: str) -> None:
    """Of all names only the hub's."""
    assume(not any(name == host or name.endswith("." + host) for host in HOSTS))
    assert not holds(leaf(name), name)


@given(addresses)
def test_an_address_holds_if_it_is_private(address: object) -> None:
    """Of all addresses only the private ones."""
    found = ip_address(str(address))
    assert holds(leaf(str(found)), str(found)) is is_private(found)


def test_no_authority_below_the_intermediate(tmp_path: Path) -> None:
    """The path ends there: its key makes no further authorities."""
    another = issue.intermediate(BELOW, HOSTS, "x", SPAN, ENTROPY)
    made = issue.own(another, HOSTS[:1], [], SPAN, ENTROPY)
    assert not holds(made, HOSTS[0], another.certificate, BELOW.certificate)
    chained = tmp_path / "both"
    chained.write_bytes(BELOW.certificate.public_bytes(PEM))
    assert "path length" in openssl(tmp_path, made, "-untrusted", str(chained), between=another)


def for_maya(usage: x509.ObjectIdentifier) -> Issued:
    """A certificate for a person, from the intermediate's stolen key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "maya")])
    builder = x509.CertificateBuilder(BELOW.certificate.subject, name, key.public_key(), 7)
    builder = builder.not_valid_before(spans.moment(SPAN.begin)).not_valid_after(spans.moment(SPAN.end))
    for extension in (
        x509.ExtendedKeyUsage([usage]),
        x509.SubjectAlternativeName([x509.RFC822Name("maya@example.com")]),
        x509.AuthorityKeyIdentifier.from_issuer_public_key(BELOW.key.public_key()),
        x509.SubjectKeyIdentifier.from_public_key(key.public_key()),
    ):
        builder = builder.add_extension(extension, critical=False)
    return Issued(builder.sign(BELOW.key, hashes.SHA256()), key)


@pytest.mark.parametrize(
    ("usage", "purpose"),
    [
        (ExtendedKeyUsageOID.CLIENT_AUTH, "sslclient"),
        (ExtendedKeyUsageOID.EMAIL_PROTECTION, "smimesign"),
    ],
)
def test_for_servers_only(tmp_path: Path, usage: x509.ObjectIdentifier, purpose: str) -> None:
    """It vouches for no client and no letter: names of those kinds aren't constrained, so the use is."""
    made = for_maya(usage)
    said = openssl(tmp_path, made, "-purpose", purpose)
    assert ": OK" not in said
    assert "purpose" in said


def test_shape() -> None:
    """EC P-256, constraints critical, path lengths 1 and 0."""
    for made, below in ((ROOT, 1), (BELOW, 0)):
        found = made.certificate.extensions
        assert found.get_extension_for_class(x509.NameConstraints).critical
        assert found.get_extension_for_class(x509.BasicConstraints).value.path_length == below
        assert issue.constrained_to(made.certificate) == set(HOSTS)
        assert isinstance(made.key.curve, ec.SECP256R1)


def test_a_bundle_comes_back_whole() -> None:
    """Key and chain survive their file; a key that isn't the certificate's is refused."""
    made = leaf(HOSTS[0])
    again = Issued.from_pem(made.pem())
    assert (again.certificate, again.above) == (made.certificate, made.above)
    assert again.issued_by(BELOW)
    assert not again.issued_by(ROOT)
    assert "PRIVATE" not in repr(made)
    strange = leaf(HOSTS[0]).pem().partition(b"-----BEGIN CERT")[0] + made.certificate.public_bytes(PEM)
    with pytest.raises(ValueError, match="another's"):
        Issued.from_pem(strange)
