"""Signed texts (JWS, RFC 7515) by ES256 and EdDSA, and nothing else: keys as JWKs (RFC 7517), named by thumbprint."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rex_auth_edge.client.reasons import Reason, TokenRefusedError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

ALGORITHMS = frozenset({"ES256", "EdDSA"})
LONGEST = 8_192
_HALF = 32


@dataclass(frozen=True, slots=True)
class Parsed:
    """A JWS taken apart and not yet believed."""

    header: Mapping[str, Any]
    claims: Mapping[str, Any] = field(repr=False)
    signed: bytes = field(repr=False)
    signature: bytes = field(repr=False)


def text(content: bytes) -> str:
    """Base64url without padding (RFC 7515 section 2)."""
    return urlsafe_b64encode(content).decode().rstrip("=")


def unbase64(segment: str) -> bytes:
    """The bytes of a base64url text in its one canonical form. Raises ValueError."""
    raw = urlsafe_b64decode(segment.encode("ascii") + b"=" * (-len(segment) % 4))
    if text(raw) != segment:
        raise ValueError
    return raw


def parse(token: str, longest: int = LONGEST) -> Parsed:
    """Take a compact JWS apart. Raises TokenRefusedError (malformed)."""
    if len(token) > longest:
        raise TokenRefusedError(Reason.MALFORMED)
    try:
        header, payload, signature = token.split(".")
        parsed = Parsed(_object(header), _object(payload), f"{header}.{payload}".encode("ascii"), unbase64(signature))
    except (ValueError, RecursionError) as error:
        raise TokenRefusedError(Reason.MALFORMED) from error
    if "crit" in parsed.header:
        raise TokenRefusedError(Reason.MALFORMED)
    return parsed


def _object(segment: str) -> Mapping[str, Any]:
    found = json.loads(unbase64(segment))
    if not isinstance(found, dict):
        raise ValueError  # noqa: TRY004 - whatever is wrong with a segment is one thing to the caller
    return found


def authenticate(parsed: Parsed, typ: str, keys: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Any]:
    """The claims, if one of these JWKs (by `kid`) has signed them as this type. Raises TokenRefusedError.

    Type and algorithm are compared with what is expected, the key is one that is held already: nothing in a header
    (`jku`, `jwk`, `x5u`) chooses or fetches another.
    """
    _check_head(parsed, typ)
    kid = parsed.header.get("kid")
    key = keys.get(kid) if isinstance(kid, str) else None
    if key is None or key.get("alg") != parsed.header["alg"]:
        raise TokenRefusedError(Reason.KEY)
    if not verified(parsed, key):
        raise TokenRefusedError(Reason.SIGNATURE)
    return parsed.claims


def accepted(algorithm: object) -> bool:
    """Whether this names an algorithm that is accepted."""
    return isinstance(algorithm, str) and algorithm in ALGORITHMS


def _check_head(parsed: Parsed, typ: str) -> None:
    said = parsed.header.get("typ")
    if not isinstance(said, str) or said.lower().removeprefix("application/") != typ:
        raise TokenRefusedError(Reason.TYPE)
    if not accepted(parsed.header.get("alg")):
        raise TokenRefusedError(Reason.ALGORITHM)


def verified(parsed: Parsed, jwk: Mapping[str, Any]) -> bool:
    """Whether this JWK's private key has made the signature, by the algorithm that belongs to the key."""
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 - only who verifies pays for it

    try:
        if jwk["kty"] == "EC" and parsed.header["alg"] == "ES256":
            _verify_es256(parsed, jwk)
        elif jwk["kty"] == "OKP" and parsed.header["alg"] == "EdDSA":
            _verify_eddsa(parsed, jwk)
        else:
            return False
    except (InvalidSignature, ValueError, KeyError, TypeError, AttributeError):
        return False
    return True


def _verify_es256(parsed: Parsed, jwk: Mapping[str, Any]) -> None:
    from cryptography.hazmat.primitives import hashes  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import ec, utils  # noqa: PLC0415

    if jwk["crv"] != "P-256" or len(parsed.signature) != 2 * _HALF:
        raise ValueError
    x, y = (int.from_bytes(unbase64(jwk[name])) for name in ("x", "y"))
    r, s = int.from_bytes(parsed.signature[:_HALF]), int.from_bytes(parsed.signature[_HALF:])
    public = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
    public.verify(utils.encode_dss_signature(r, s), parsed.signed, ec.ECDSA(hashes.SHA256()))


def _verify_eddsa(parsed: Parsed, jwk: Mapping[str, Any]) -> None:
    from cryptography.hazmat.primitives.asymmetric import ed25519  # noqa: PLC0415

    if jwk["crv"] != "Ed25519":
        raise ValueError
    ed25519.Ed25519PublicKey.from_public_bytes(unbase64(jwk["x"])).verify(parsed.signature, parsed.signed)


def sign(header: Mapping[str, Any], claims: Mapping[str, Any], private: "EllipticCurvePrivateKey") -> str:
    """A compact JWS by ES256."""
    from cryptography.hazmat.primitives import hashes  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import ec, utils  # noqa: PLC0415

    signed = f"{_segment(header)}.{_segment(claims)}"
    r, s = utils.decode_dss_signature(private.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
    return f"{signed}.{text(r.to_bytes(_HALF) + s.to_bytes(_HALF))}"


def _segment(value: Mapping[str, Any]) -> str:
    return text(json.dumps(value, separators=(",", ":")).encode())


def thumbprint(jwk: Mapping[str, Any]) -> str:
    """A JWK's thumbprint (RFC 7638): SHA-256 in base64url. Raises KeyError for a JWK that lacks something."""
    import hashlib  # noqa: PLC0415 - as what it serves

    names = ("crv", "kty", "x", "y") if jwk["kty"] == "EC" else ("crv", "kty", "x")
    needed = json.dumps({name: jwk[name] for name in names}, separators=(",", ":"))
    return text(hashlib.sha256(needed.encode()).digest())
