"""Access tokens: JWTs (RFC 9068) that say who, in which household, for how long.

A token is accepted only if its first segment is, byte for byte, one that we write: so `alg`, `kid`, `jku`, `crit` and
their like choose nothing, and there is no header to parse.

`iat`, `nbf` and `exp` are the wall clock's, for everybody. The claim `boot` says where `iat` was on the boot clock:
here `nbf` and `exp` are counted from it, so that setting the wall clock neither ends a token nor extends it.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from typing import TypeVar
from uuid import UUID

import jwt
import msgspec
from cryptography.exceptions import InvalidSignature

from rex_auth_edge.domain.clock import SECOND, Deadline, Moment
from rex_auth_edge.domain.entropy import Entropy, uuid7
from rex_auth_edge.keys.keyring import Keyring, SigningKey
from rex_auth_edge.keys.options import Algorithm, KeyOptions
from rex_auth_edge.keys.public_keys import PublicKey

T = TypeVar("T")

LONGEST = 4096


class TokenInvalidError(Exception):
    """The token isn't ours, or was changed, or isn't an access token."""


class TokenExpiredError(Exception):
    """An authentic token past its `exp`; `claims` says whose it was."""

    def __init__(self, claims: "Claims") -> None:
        super().__init__("expired")
        self.claims = claims


class Payload(msgspec.Struct, frozen=True):
    """An access token's claims. `household` is what the hub's cloud calls the household, where it has one."""

    iss: str
    aud: str
    sub: UUID
    session_id: UUID
    sid: UUID
    tenant_id: UUID
    email_verified: bool
    roles: tuple[str, ...]
    scopes: tuple[str, ...]
    scope: str
    jti: str
    iat: int
    nbf: int
    exp: int
    boot: str = ""
    household: UUID | None = None


class Claims(msgspec.Struct, frozen=True):
    """What a verified token says; times in seconds since 1970.

    `boot_id` is empty in a token that names no boot; else `issued` is where on its clock, in milliseconds, `iat` was.
    `elsewhere`: another node of the household has issued it.
    """

    tenant_id: UUID
    user_id: UUID
    session_id: UUID
    roles: tuple[str, ...]
    scopes: tuple[str, ...]
    email_verified: bool
    not_before: int
    expires_at: int
    issued_at: int = 0
    boot_id: bytes = b""
    issued: int = 0
    elsewhere: bool = False

    def early(self, now: Moment) -> bool:
        """Whether `nbf` lies ahead. Once the boot of the token is over, it doesn't."""
        if now.boot_id == self.boot_id:
            return now.boot < self.issued + (self.not_before - self.issued_at) * SECOND
        known = now.past is not None and self.boot_id in now.past.boots
        return not known and now.seconds < self.not_before

    def late(self, now: Moment) -> bool:
        """Whether `exp` has come."""
        end = self.issued + (self.expires_at - self.issued_at) * SECOND
        if now.boot_id == self.boot_id:
            return now.boot >= end
        return Deadline(self.expires_at * SECOND, self.boot_id, end).passed(now)


_decode = msgspec.json.Decoder(Payload).decode


class AccessTokens:
    """Mints and verifies. `shared` is what this hub's households are called in their clouds, where they have one.

    Their tokens say so, for the household's other nodes: each of those knows it by another `tenant_id`.
    """

    def __init__(self, options: KeyOptions, keyring: Keyring, entropy: Entropy) -> None:
        self._issuer = options.issuer
        self._audience = options.audience
        self._keyring = keyring
        self._entropy = entropy
        self.shared: dict[UUID, UUID] = {}

    def mint(
        self,
        *,
        tenant_id: UUID,
        user_id: UUID,
        session_id: UUID,
        email_verified: bool,
        roles: Sequence[str],
        scopes: Sequence[str],
        now: Moment,
        life_seconds: int,
    ) -> str:
        """A signed access token that lives for `life_seconds`."""
        payload = {
            "iss": self._issuer,
            "aud": self._audience,
            "sub": str(user_id),
            "session_id": str(session_id),
            "sid": str(session_id),
            "tenant_id": str(tenant_id),
            "email_verified": email_verified,
            "roles": list(roles),
            "scopes": list(scopes),
            "scope": " ".join(scopes),
            "jti": str(uuid7(self._entropy, now)),
            "iat": now.seconds,
            "nbf": now.seconds,
            "exp": now.seconds + life_seconds,
            "boot": boot_claim(now),
        }
        if (household := self.shared.get(tenant_id)) is not None:
            payload["household"] = str(household)
        return sign(self._keyring.signing(now), payload)

    def own(self, token: str) -> bool:
        """Whether the token begins as this node's own do."""
        return self._keyring.signs(token.partition(".")[0])

    def vouched(self, token: str, key: PublicKey) -> Payload:
        """What a token says that another node has signed, of whatever time. Raises TokenInvalidError."""
        signed, _, signature = token.rpartition(".")
        if len(token) > LONGEST or signed.partition(".")[0] != key.header:
            raise TokenInvalidError
        return self._meant(_signed(key, signed, signature, _decode))

    def _meant(self, payload: Payload) -> Payload:
        """It is for us, and of our kind; a device's token is neither."""
        if payload.iss != self._issuer or payload.aud != self._audience:
            raise TokenInvalidError
        return payload

    def verify(self, token: str, now: Moment) -> Claims:
        """What the token says. Raises TokenInvalidError, or TokenExpiredError for one that is only too old."""
        payload = self._meant(authentic(self._keyring, token, now, _decode))
        claims = Claims(
            payload.tenant_id,
            payload.sub,
            payload.session_id,
            payload.roles,
            payload.scopes,
            payload.email_verified,
            payload.nbf,
            payload.exp,
            payload.iat,
            *boot_of(payload.boot),
        )
        if claims.early(now):
            raise TokenInvalidError
        if claims.late(now):
            raise TokenExpiredError(claims)
        return claims


def sign(key: SigningKey, payload: dict[str, object]) -> str:
    """An access token of this payload."""
    signed = f"{key.header}.{_text(msgspec.json.encode(payload))}"
    return f"{signed}.{_text(_ALGORITHMS[key.algorithm].sign(signed.encode(), key.private))}"


def authentic(keyring: Keyring, token: str, now: Moment, decode: Callable[[bytes], T]) -> T:
    """The payload of an access token that one of our keys has signed. Raises TokenInvalidError."""
    if len(token) > LONGEST:
        raise TokenInvalidError
    signed, _, signature = token.rpartition(".")
    header = signed.partition(".")[0]
    key = keyring.by_header(header, now)
    if key is None:
        raise TokenInvalidError
    return _signed(key, signed, signature, decode)


def _signed(key: SigningKey | PublicKey, signed: str, signature: str, decode: Callable[[bytes], T]) -> T:
    payload = signed.partition(".")[2]
    try:
        if not _verify(key, signed.encode("ascii"), unbase64(signature)):
            raise TokenInvalidError
        return decode(unbase64(payload))
    except (ValueError, InvalidSignature) as error:  # as msgspec's errors are, and base64's
        raise TokenInvalidError from error


def boot_claim(now: Moment) -> str:
    """The claim `boot`: which boot, and where on its clock `iat` is."""
    return f"{_text(now.boot_id)}.{now.boot - now.wall % SECOND}"


def _verify(key: SigningKey | PublicKey, signed: bytes, signature: bytes) -> bool:
    return bool(_ALGORITHMS[key.algorithm].verify(signed, key.public, signature))


_ALGORITHMS = {algorithm: jwt.get_algorithm_by_name(algorithm.value) for algorithm in Algorithm}


def boot_of(text: str) -> tuple[bytes, int]:
    """What the claim `boot` says. Raises TokenInvalidError."""
    if not text:
        return b"", 0
    name, _, boot = text.partition(".")
    try:
        return unbase64(name), int(boot)
    except ValueError as error:
        raise TokenInvalidError from error


def _text(content: bytes) -> str:
    return urlsafe_b64encode(content).decode().rstrip("=")


def unbase64(segment: str) -> bytes:
    """Base64url without padding (RFC 7515 section 2), in its one canonical form. Raises ValueError."""
    text = segment.encode("ascii")
    raw = urlsafe_b64decode(text + b"=" * (-len(text) % 4))
    if urlsafe_b64encode(raw).rstrip(b"=") != text:
        raise ValueError
    return raw
