"""Tokens of devices (RFC 9068), and the signed list of those that have ended (draft-ietf-oauth-status-list).

Their `iss` and `aud` are others than those of people's own tokens, so that neither passes for the other.
"""

import zlib
from base64 import urlsafe_b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

import jwt
import msgspec

from rex_auth_edge.domain.clock import SECOND, Deadline, Moment
from rex_auth_edge.domain.entropy import Entropy, uuid7
from rex_auth_edge.domain.passes import until_begin
from rex_auth_edge.keys.keyring import Keyring
from rex_auth_edge.keys.tokens import Claims, TokenExpiredError, TokenInvalidError, authentic, boot_claim, boot_of, sign

AUDIENCE = "rex-home"


class DeviceToken(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a device's access token says. `gid` is the chain that it is of, `idx` that chain's place in the list.

    Where the device acts for a person, `sub` is the person and `act` the device (RFC 8693 section 4.1). A guest's is
    held by no client (`client_id`).
    """

    iss: str
    aud: str
    sub: UUID
    tenant_id: UUID
    kind: str
    scope: str
    gid: UUID
    jti: str
    iat: int
    nbf: int
    exp: int
    boot: str
    status: dict[str, dict[str, int | str]]
    client_id: UUID | None = None
    cnf: dict[str, str] = {}
    act: dict[str, str] = {}
    acr: str = ""


_decode = msgspec.json.Decoder(DeviceToken).decode


@dataclass(frozen=True, slots=True)
class Chain:
    """What a token is of. `thumbprint` (RFC 7638) is of the device's key, None for one that can't sign.

    `person` is whom the device acts for, and `acr` how sure it is of them.
    """

    tenant_id: UUID
    id: UUID
    device_id: UUID
    index: int
    kind: str
    scopes: tuple[str, ...]
    thumbprint: str | None
    person: UUID | None = None
    acr: str = ""


@dataclass(frozen=True, slots=True)
class Pass:
    """What a guest's token is of: a pass, by its place in the list, and what it opens."""

    tenant_id: UUID
    id: UUID
    index: int
    scopes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Listed:
    """A household's chains: so many places, these of them ended; and people's sessions that have ended lately."""

    tenant_id: UUID
    size: int
    ended: tuple[int, ...]
    version: int
    sessions: tuple[UUID, ...]


class DeviceTokens:
    """Mints and verifies, for the provider whose URL is `issuer`."""

    def __init__(self, issuer: str, keyring: Keyring, entropy: Entropy) -> None:
        self.issuer = issuer
        self._keyring = keyring
        self._entropy = entropy

    def list_uri(self, tenant_id: UUID) -> str:
        """Where a household's list is."""
        return f"{self.issuer}/oauth/status/{tenant_id}"

    def mint(self, chain: Chain, now: Moment, life_seconds: int) -> str:
        """A signed token, bound to the chain's key if there is one (RFC 9449 section 6)."""
        token = DeviceToken(
            iss=self.issuer,
            aud=AUDIENCE,
            sub=chain.person or chain.device_id,
            client_id=chain.device_id,
            tenant_id=chain.tenant_id,
            kind=chain.kind,
            scope=" ".join(chain.scopes),
            gid=chain.id,
            jti=str(uuid7(self._entropy, now)),
            iat=now.seconds,
            nbf=now.seconds,
            exp=now.seconds + life_seconds,
            boot=boot_claim(now),
            status={"status_list": {"idx": chain.index, "uri": self.list_uri(chain.tenant_id)}},
            cnf={"jkt": chain.thumbprint} if chain.thumbprint else {},
            act={"sub": str(chain.device_id)} if chain.person else {},
            acr=chain.acr,
        )
        return sign(self._keyring.signing(now), msgspec.to_builtins(token))

    def mint_pass(self, shown: Pass, now: Moment, begins: int, ends: int) -> str:
        """A guest's token, a bearer token, good from `begins` until `ends` seconds from now."""
        token = DeviceToken(
            iss=self.issuer,
            aud=AUDIENCE,
            sub=shown.id,
            tenant_id=shown.tenant_id,
            kind="guest",
            scope=" ".join(shown.scopes),
            gid=shown.id,
            jti=self._entropy.token_bytes(8).hex(),
            iat=now.seconds,
            nbf=now.seconds + begins,
            exp=now.seconds + ends,
            boot=boot_claim(now),
            status={"status_list": {"idx": shown.index, "uri": self.list_uri(shown.tenant_id)}},
        )
        return sign(self._keyring.signing(now), msgspec.to_builtins(token))

    def verify(self, token: str, now: Moment) -> DeviceToken:
        """What the token says, whether or not its chain has ended. Raises TokenInvalidError, TokenExpiredError."""
        found = authentic(self._keyring, token, now, _decode)
        if found.iss != self.issuer or found.aud != AUDIENCE:
            raise TokenInvalidError
        times = (found.nbf, found.exp, found.iat, *boot_of(found.boot))
        lived = Claims(found.tenant_id, found.sub, found.gid, (), (), False, *times)  # noqa: FBT003  no person, no address
        if lived.early(now):
            raise TokenInvalidError
        if lived.late(now):
            raise TokenExpiredError(lived)
        if found.nbf > found.iat and until_begin(_begins(lived), now) > 0:
            raise TokenInvalidError
        return found

    def listed(self, found: Listed, now: Moment, life: int) -> str:
        """The household's list, good for `life` milliseconds."""
        claims = {
            "iss": self.issuer,
            "sub": self.list_uri(found.tenant_id),
            "iat": now.seconds,
            "exp": now.seconds + life // SECOND,
            "ttl": min(life, _FRESH) // SECOND,
            "ver": found.version,
            "status_list": {"bits": 1, "lst": _packed(found.size, found.ended)},
            "revoked_sessions": sorted(map(str, found.sessions)),
        }
        key = self._keyring.signing(now)
        header = {"typ": "statuslist+jwt", "kid": key.kid}
        return jwt.encode(claims, key.private, algorithm=key.algorithm.value, headers=header)


def _begins(lived: Claims) -> Deadline:
    """When a token that was made ahead of its time begins, whichever boot made it."""
    ahead = (lived.not_before - lived.issued_at) * SECOND
    return Deadline(lived.not_before * SECOND, lived.boot_id, lived.issued + ahead)


_FRESH = 300 * SECOND
"""How soon whoever can reach the hub should ask for the list again."""


def _packed(size: int, ended: Iterable[int]) -> str:
    bits = bytearray(-(-size // 8))
    for index in ended:
        bits[index // 8] |= 1 << index % 8
    return urlsafe_b64encode(zlib.compress(bytes(bits), 9)).decode().rstrip("=")
