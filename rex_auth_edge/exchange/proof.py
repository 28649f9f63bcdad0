"""What a hub shows with each request: a signature (JWS, RFC 7515, EdDSA) over method, URL, body, a nonce and an id.

The nonce is the cloud's, since a hub's clock may be in 1970; the id is good once. Who signs is named by the household
and the hub, or, by one that is to be let in, by the key itself.
"""

import hashlib
import json
from dataclasses import dataclass
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from rex_auth_edge.client import jose
from rex_auth_edge.client.reasons import TokenRefusedError
from rex_auth_edge.domain.entropy import Entropy

SCHEME = "RexSync"
"""Of the Authorization header."""
NONCE = "rex-nonce"
"""The header of each answer with the nonce to use next."""
LONGEST = 2048
"""Characters of a proof."""
KEY_BYTES = 32
_TYPE = "rex-sync+jwt"
_ID = 16
_LONGEST_JTI = 64
_OLDEST = 1 << 40


@dataclass(frozen=True, slots=True)
class HubKey:
    """A private key that doesn't print itself."""

    _seed: bytes

    @classmethod
    def make(cls, entropy: Entropy) -> "HubKey":
        """A new one."""
        return cls(entropy.token_bytes(KEY_BYTES))

    def __repr__(self) -> str:
        return "HubKey(***)"

    @property
    def seed(self) -> bytes:
        """What it is made of: to be sealed, and never shown."""
        return self._seed

    @property
    def public(self) -> bytes:
        """Its public half, 32 bytes."""
        return self._private.public_key().public_bytes_raw()

    @property
    def _private(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self._seed)

    def sign(self, text: str) -> bytes:
        """Its signature."""
        return self._private.sign(text.encode())


@dataclass(frozen=True, slots=True)
class Signer:
    """Who signs: a hub that is let in by its name, one that is to be by its key alone."""

    key: HubKey
    name: str | None = None

    def proof(self, method: str, url: str, body: bytes, nonce: str, entropy: Entropy, age: int = 0) -> str:
        """For one request, whose body was made `age` milliseconds ago."""
        who = {"jwk": jwk_of(self.key.public)} if self.name is None else {"kid": self.name}
        jti = jose.text(entropy.token_bytes(12))
        claims = {"htm": method, "htu": url, "bh": digest(body), "nonce": nonce, "jti": jti}
        told = claims | ({"age": age} if age else {})
        signed = f"{_segment({'typ': _TYPE, 'alg': 'EdDSA', **who})}.{_segment(told)}"
        return f"{signed}.{jose.text(self.key.sign(signed))}"


@dataclass(frozen=True, slots=True)
class Proof:
    """A proof that is for this very request, and not yet believed. `key` is the public key that it names itself.

    `age` is how long ago the body was made, in milliseconds by its maker's running time.
    """

    parsed: jose.Parsed
    nonce: str
    jti: str
    hub: tuple[UUID, bytes] | None
    key: bytes | None
    age: int = 0

    def by(self, public: bytes) -> bool:
        """Whether this key's holder has made it."""
        return jose.verified(self.parsed, jwk_of(public))


def shown(proof: str, method: str, url: str, body: bytes) -> Proof | None:
    """The proof taken apart; None where it is none, or one for another request."""
    try:
        parsed = jose.parse(proof, LONGEST)
    except TokenRefusedError:
        return None
    header, claims = parsed.header, parsed.claims
    if (header.get("typ"), header.get("alg")) != (_TYPE, "EdDSA"):
        return None
    if (claims.get("htm"), claims.get("htu"), claims.get("bh")) != (method, url, digest(body)):
        return None
    nonce, jti = claims.get("nonce"), claims.get("jti")
    if not isinstance(nonce, str) or not isinstance(jti, str) or not 0 < len(jti) <= _LONGEST_JTI:
        return None
    hub, key = _hub_of(header.get("kid")), _key_of(header.get("jwk"))
    if (hub is None) == (key is None):
        return None
    age = claims.get("age")
    return Proof(parsed, nonce, jti, hub, key, age if isinstance(age, int) and 0 < age < _OLDEST else 0)


def meant_for(proof: str) -> str | None:
    """To which URL the proof says that it was sent, whoever made it; None where it says nothing."""
    try:
        found = jose.parse(proof, LONGEST).claims.get("htu")
    except TokenRefusedError:
        return None
    return found if isinstance(found, str) else None


def hub_name(household: UUID, hub: bytes) -> str:
    """How a household's hub names itself in its proofs."""
    return jose.text(household.bytes + hub)


def jwk_of(public: bytes) -> dict[str, str]:
    """The public key as a JWK (RFC 8037)."""
    return {"kty": "OKP", "crv": "Ed25519", "x": jose.text(public)}


def digest(body: bytes) -> str:
    """What a proof says of the body: its SHA-256."""
    return jose.text(hashlib.sha256(body).digest())


def _hub_of(kid: object) -> tuple[UUID, bytes] | None:
    raw = _bytes_of(kid, 2 * _ID)
    return None if raw is None else (UUID(bytes=raw[:_ID]), raw[_ID:])


def _key_of(jwk: object) -> bytes | None:
    if not isinstance(jwk, dict) or set(jwk) != {"kty", "crv", "x"}:
        return None
    key = _bytes_of(jwk["x"], KEY_BYTES)
    return key if key is not None and jwk == jwk_of(key) else None


def _bytes_of(text: object, count: int) -> bytes | None:
    if not isinstance(text, str) or len(text) > 2 * count:
        return None
    try:
        raw = jose.unbase64(text)
    except ValueError:
        return None
    return raw if len(raw) == count else None


def _segment(value: object) -> str:
    return jose.text(json.dumps(value, separators=(",", ":")).encode())
