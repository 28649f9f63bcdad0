"""Public keys that check tokens: their names, their tokens' first segment, and how another node's is read."""

import base64
import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from rex_auth_edge.keys.options import Algorithm

_SPKI = serialization.PublicFormat.SubjectPublicKeyInfo


@dataclass(frozen=True, slots=True)
class PublicKey:
    """Another node's. Its kind of key decides the algorithm, and so the one `header` that its tokens begin with."""

    kid: str
    algorithm: Algorithm
    public: Any = field(repr=False)
    header: str = field(repr=False)


def read(algorithm: object, content: object) -> PublicKey | None:
    """A key in DER (RFC 5280's SubjectPublicKeyInfo), if it is of the kind that this algorithm wants."""
    try:
        public = serialization.load_der_public_key(content) if isinstance(content, bytes) else None
    except (ValueError, UnsupportedAlgorithm):
        return None
    if isinstance(public, ec.EllipticCurvePublicKey) and isinstance(public.curve, ec.SECP256R1):
        meant = Algorithm.ES256
    elif isinstance(public, ed25519.Ed25519PublicKey):
        meant = Algorithm.EDDSA
    else:
        return None
    if algorithm != meant:
        return None
    kid = thumbprint(public, meant)
    return PublicKey(kid, meant, public, header(meant, kid))


def written(pem: str) -> bytes:
    """A key that is kept as PEM, for other nodes to read."""
    public = serialization.load_pem_public_key(pem.encode())
    return public.public_bytes(serialization.Encoding.DER, _SPKI)


def pem_of(public: Any) -> str:
    """A public key as gateways take it."""
    return str(public.public_bytes(serialization.Encoding.PEM, _SPKI).decode())


def jwk(public: Any, algorithm: Algorithm) -> dict[str, str]:
    """The members of RFC 7517 that make the key."""
    text = jwt.get_algorithm_by_name(algorithm.value).to_jwk(public)
    found = json.loads(text)
    return {name: found[name] for name in ("kty", "crv", "x", "y") if name in found}


def thumbprint(public: Any, algorithm: Algorithm) -> str:
    """RFC 7638: SHA-256 over the required members in lexicographic order."""
    canonical = json.dumps(jwk(public, algorithm), sort_keys=True, separators=(",", ":"))
    return _text(hashlib.sha256(canonical.encode()).digest())


def header(algorithm: Algorithm, kid: str) -> str:
    """The first segment of an access token by this key (RFC 9068 section 2.1)."""
    said = {"alg": algorithm.value, "kid": kid, "typ": "at+jwt"}
    return _text(json.dumps(said, separators=(",", ":")).encode())


def _text(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")
