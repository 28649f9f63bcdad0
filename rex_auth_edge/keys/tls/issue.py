"""Making certificates (RFC 5280): a root, an intermediate and the hub's own, all EC P-256.

Both authorities are name-constrained to the hub's names and private networks, and good for TLS servers only: what
trusts the household's CA trusts it for this hub, and for nothing else in the world.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from ipaddress import ip_address

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from rex_auth_edge.domain.entropy import Entropy
from rex_auth_edge.domain.hub_names import PRIVATE
from rex_auth_edge.keys.tls.spans import Span, moment

_SERIAL_BYTES = 16
_PEM = serialization.Encoding.PEM


@dataclass(frozen=True, slots=True)
class Issued:
    """A certificate with its private key; `above` are the certificates that lead to the root, without it."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey = field(repr=False)
    above: tuple[x509.Certificate, ...] = ()

    def pem(self) -> bytes:
        """Key, certificate and chain in one text, so that no two of them can ever lie apart."""
        pkcs8, none = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        chain = (self.certificate, *self.above)
        return self.key.private_bytes(_PEM, pkcs8, none) + b"".join(each.public_bytes(_PEM) for each in chain)

    @classmethod
    def from_pem(cls, content: bytes) -> "Issued":
        """What `pem` gave. Raises ValueError for anything else."""
        key = serialization.load_pem_private_key(content, None)
        certificate, *above = x509.load_pem_x509_certificates(content)
        if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != certificate.public_key():
            raise ValueError("the key is another's")
        return cls(certificate, key, tuple(above))

    def issued_by(self, issuer: "Issued") -> bool:
        """Whether `issuer` has signed this."""
        try:
            self.certificate.verify_directly_issued_by(issuer.certificate)
        except (ValueError, TypeError, InvalidSignature):
            return False
        return True


def root(hosts: Iterable[str], title: str, span: Span, entropy: Entropy) -> Issued:
    """A new root for these names."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name(f"REX household CA {title}")
    builder = _authority(name, name, key, span, entropy, hosts, below=1)
    return Issued(builder.sign(key, hashes.SHA256()), key)


def intermediate(issuer: Issued, hosts: Iterable[str], title: str, span: Span, entropy: Entropy) -> Issued:
    """An authority below the root, which signs the hub's certificates and no further authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name(f"REX hub CA {title}")
    builder = _authority(name, issuer.certificate.subject, key, span, entropy, hosts, below=0)
    builder = builder.add_extension(_issuer_id(issuer), critical=False)
    signed = builder.sign(issuer.key, hashes.SHA256())
    return Issued(signed, key, (signed,))


def own(issuer: Issued, hosts: Iterable[str], addresses: Iterable[str], span: Span, entropy: Entropy) -> Issued:
    """The hub's certificate for these names and addresses (RFC 9525 section 3: in subjectAltName alone)."""
    key = ec.generate_private_key(ec.SECP256R1())
    first, *others = hosts
    names = [x509.DNSName(host) for host in (first, *others)]
    numbers = [x509.IPAddress(ip_address(address)) for address in sorted(addresses)]
    builder = _certificate(_name(first), issuer.certificate.subject, key, span, entropy)
    builder = (
        builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.SubjectAlternativeName([*names, *numbers]), critical=False)
        .add_extension(_issuer_id(issuer), critical=False)
    )
    return Issued(builder.sign(issuer.key, hashes.SHA256()), key, (issuer.certificate,))


def constrained_to(certificate: x509.Certificate) -> frozenset[str]:
    """The host names that an authority is constrained to; empty for one that isn't."""
    try:
        found = certificate.extensions.get_extension_for_class(x509.NameConstraints).value.permitted_subtrees
    except x509.ExtensionNotFound:
        return frozenset()
    return frozenset(each.value for each in found or () if isinstance(each, x509.DNSName))


def named(certificate: x509.Certificate) -> frozenset[str]:
    """The names and addresses that a certificate is for."""
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return frozenset()
    numbers = found.get_values_for_type(x509.IPAddress)
    return frozenset({*found.get_values_for_type(x509.DNSName), *map(str, numbers)})


def _authority(
    name: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    span: Span,
    entropy: Entropy,
    hosts: Iterable[str],
    *,
    below: int,
) -> x509.CertificateBuilder:
    permitted = [*(x509.DNSName(host) for host in hosts), *(x509.IPAddress(network) for network in PRIVATE)]
    return (
        _certificate(name, issuer, key, span, entropy)
        .add_extension(x509.BasicConstraints(ca=True, path_length=below), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(x509.NameConstraints(permitted, None), critical=True)
    )


def _certificate(
    name: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, span: Span, entropy: Entropy
) -> x509.CertificateBuilder:
    """What all three have. The serial number is random (RFC 5280 section 4.1.2.2) and never zero."""
    return (
        x509.CertificateBuilder(issuer, name, key.public_key())
        .serial_number(int.from_bytes(b"\x01" + entropy.token_bytes(_SERIAL_BYTES)))
        .not_valid_before(moment(span.begin))
        .not_valid_after(moment(span.end))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _issuer_id(issuer: Issued) -> x509.AuthorityKeyIdentifier:
    return x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key())


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])
