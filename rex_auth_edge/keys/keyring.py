"""The keys that sign access tokens: which signs, which verify, which are published, and when each goes."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from rex_auth_edge.domain.clock import DAY, MINUTE, Moment
from rex_auth_edge.domain.refusals import Code, Refused, RefusedError
from rex_auth_edge.keys.options import Algorithm, KeyOptions
from rex_auth_edge.keys.public_keys import header, jwk, pem_of, thumbprint

OVERLAP = 5 * MINUTE
"""How long a new key is published before it signs: as long as verifiers may keep the JWKS."""
ROTATION = 90 * DAY
"""How long a key signs."""

_SHARED_KID = "shared"
_NOT_ROTATED = Refused(
    Code.BAD_REQUEST, "HS256 signs with JWT_SECRET_KEY: to rotate, change that setting here and at every gateway"
)


@dataclass(frozen=True, slots=True)
class SigningKey:
    """One key. `header` is the first segment of every token that it signs.

    `created_at` is in milliseconds since 1970, for people; `signs_from_at` is running time, which decides: a key must
    neither come early nor die early because somebody has set the wall clock.
    """

    kid: str
    algorithm: Algorithm
    created_at: int
    signs_from_at: int
    public_pem: str
    private: Any = field(repr=False)
    public: Any = field(repr=False)
    header: str = field(repr=False, default="")

    @classmethod
    def of(cls, private: Any, algorithm: Algorithm, created_at: int, signs_from_at: int) -> "SigningKey":
        """A key pair, named by its thumbprint (RFC 7638)."""
        public = private.public_key()
        kid = thumbprint(public, algorithm)
        head = header(algorithm, kid)
        return cls(kid, algorithm, created_at, signs_from_at, pem_of(public), private, public, head)

    @classmethod
    def shared(cls, secret: bytes) -> "SigningKey":
        """The secret of HS256, which gateways have too."""
        head = header(Algorithm.HS256, _SHARED_KID)
        return cls(_SHARED_KID, Algorithm.HS256, 0, 0, "", secret, secret, head)

    @classmethod
    def from_private_bytes(
        cls, private: bytes, *, algorithm: Algorithm, created_at: int, signs_from_at: int
    ) -> "SigningKey":
        """What `to_private_bytes` gave."""
        return cls.of(serialization.load_der_private_key(private, None), algorithm, created_at, signs_from_at)

    def to_private_bytes(self) -> bytes:
        """The private key as PKCS #8 in DER (RFC 5208), to be sealed."""
        pkcs8, none = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        return bytes(self.private.private_bytes(serialization.Encoding.DER, pkcs8, none))

    def jwk(self) -> dict[str, str]:
        """The public key as a JWK (RFC 7517 section 4)."""
        return jwk(self.public, self.algorithm) | {"kid": self.kid, "alg": self.algorithm.value, "use": "sig"}


class Keyring:
    """The keys of the configured algorithm, and those of another that still have tokens alive.

    `longest_life` is the longest that a signed token lives, in milliseconds. `told` is called once a change of the keys
    is committed: for what remembers verified tokens, and where other processes have the keys too.
    """

    def __init__(self, options: KeyOptions, longest_life: int) -> None:
        self._algorithm = options.algorithm
        self._grace = longest_life + MINUTE
        self.told: Callable[[], None] = lambda: None
        self._keys: list[SigningKey] = []
        self._by_header: dict[str, SigningKey] = {}
        self._shared: list[SigningKey] = []
        if options.algorithm is Algorithm.HS256 and options.jwt_secret is not None:
            self._shared = [SigningKey.shared(options.jwt_secret.reveal().encode())]
        self.replace([])

    def replace(self, keys: Iterable[SigningKey]) -> None:
        """Adopt this set of key pairs."""
        self._keys = sorted([*self._shared, *keys], key=lambda key: key.signs_from_at)
        self._by_header = {key.header: key for key in self._keys}

    @property
    def kids(self) -> frozenset[str]:
        """The key pairs that it has."""
        return frozenset(key.kid for key in self._keys) - {_SHARED_KID}

    def signing(self, now: Moment) -> SigningKey:
        """The newest key that may sign; the oldest where the clock says that none may yet."""
        mine = [key for key in self._keys if key.algorithm is self._algorithm]
        return next((key for key in reversed(mine) if key.signs_from_at <= now.running), mine[0])

    def by_header(self, header: str, now: Moment) -> SigningKey | None:
        """The key whose tokens begin with exactly this segment, unless its last token has died."""
        key = self._by_header.get(header)
        return key if key is not None and not self._is_dead(key, now) else None

    def signs(self, header: str) -> bool:
        """Whether tokens that begin like this are this node's own, alive or not."""
        return header in self._by_header

    def published(self, now: Moment) -> list[SigningKey]:
        """Keys to come, the one that signs, and those whose last token may be alive."""
        return [key for key in self._keys if key.algorithm is not Algorithm.HS256 and not self._is_dead(key, now)]

    def jwks(self, now: Moment) -> dict[str, list[dict[str, str]]]:
        """The published keys as a JWK Set (RFC 7517 section 5)."""
        return {"keys": [key.jwk() for key in self.published(now)]}

    @property
    def rotates(self) -> bool:
        """Whether there are key pairs, and no secret that gateways have."""
        return self._algorithm is not Algorithm.HS256

    def missing(self) -> bool:
        """Whether there is no key of the configured algorithm."""
        return not any(key.algorithm is self._algorithm for key in self._keys)

    def due(self, now: Moment) -> bool:
        """Whether the newest key has signed for 90 days."""
        mine = [key for key in self._keys if key.algorithm is self._algorithm]
        return self.rotates and now.running - mine[-1].signs_from_at >= ROTATION

    def dead(self, now: Moment) -> list[str]:
        """The kids whose last token has died."""
        return [key.kid for key in self._keys if self._is_dead(key, now)]

    def next(self, now: Moment, *, at_once: bool = False) -> SigningKey:
        """A new key, which signs after the overlap or at once. Raises RefusedError for HS256."""
        if not self.rotates:
            raise RefusedError(_NOT_ROTATED)
        private = ec.generate_private_key(ec.SECP256R1()) if self._algorithm is Algorithm.ES256 else _ed25519()
        return SigningKey.of(private, self._algorithm, now.wall, now.running + (0 if at_once else OVERLAP))

    def _is_dead(self, key: SigningKey, now: Moment) -> bool:
        """A key dies when its successor has signed for as long as its last token lives."""
        if key is self.signing(now):
            return False
        successors = [other.signs_from_at for other in self._keys if other.signs_from_at > key.signs_from_at]
        return bool(successors) and now.running >= min(successors) + self._grace


def _ed25519() -> ed25519.Ed25519PrivateKey:
    return ed25519.Ed25519PrivateKey.generate()
