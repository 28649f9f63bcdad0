"""Who an access token speaks for: decided from its signature, its times and the register, without the database."""

import hashlib
from collections import OrderedDict

from rex_auth_edge.domain.clock import Clock, Moment
from rex_auth_edge.domain.refusals import Code, Refused
from rex_auth_edge.domain.register import Register
from rex_auth_edge.flows.vouched import Vouched
from rex_auth_edge.keys.tokens import AccessTokens, Claims, TokenExpiredError, TokenInvalidError

INVALID = Refused(Code.INVALID_TOKEN, "Invalid access token; sign in again")
UNSURE = Refused(
    Code.STORAGE_UNAVAILABLE, "Nobody can tell at the moment whether this session has ended; try again", retry_after=2
)
EXPIRED = Refused(Code.TOKEN_EXPIRED, "Access token has expired; refresh it or sign in again")
_KEPT = 8_192


def digest_of(token: str) -> bytes:
    """What a verified token is remembered by."""
    return hashlib.blake2b(token.encode("utf-8", "surrogatepass"), digest_size=16).digest()


class Authenticator:
    """Verifies access tokens, and remembers up to 8,192 verified ones by their digest.

    A remembered token's times and the register of revocations are checked again at every use. Other nodes' tokens are
    those that somebody has `vouched` for.
    """

    def __init__(self, tokens: AccessTokens, register: Register, clock: Clock, vouched: Vouched) -> None:
        self._tokens = tokens
        self._register = register
        self._clock = clock
        self.vouched = vouched
        self._verified: OrderedDict[bytes, Claims] = OrderedDict()

    def forget(self) -> None:
        """Verify everything anew, after the keys have changed."""
        self._verified.clear()

    def claims(self, token: str) -> Claims | Refused:
        """What the token says, or why it is refused: forged or revoked (`invalid_token`), or `token_expired`.

        Where it can't be known what other processes have revoked, everything is refused (`storage_unavailable`).
        """
        now = self._clock.now()
        if self._register.unsure(now):
            return UNSURE
        digest = digest_of(token)
        claims = self._verified.get(digest) or self.vouched.get(digest)
        if claims is None:
            return self._verify(digest, token, now)
        if self._register.revoked(claims.tenant_id, claims.session_id):
            return INVALID
        if claims.early(now):
            return INVALID
        return EXPIRED if claims.late(now) else claims

    def _verify(self, digest: bytes, token: str, now: Moment) -> Claims | Refused:
        try:
            claims = self._tokens.verify(token, now)
        except TokenExpiredError as expired:
            over = self._register.revoked(expired.claims.tenant_id, expired.claims.session_id)
            return INVALID if over else EXPIRED
        except TokenInvalidError:
            return INVALID
        if self._register.revoked(claims.tenant_id, claims.session_id):
            return INVALID
        if len(self._verified) >= _KEPT:
            self._verified.popitem(last=False)
        self._verified[digest] = claims
        return claims
