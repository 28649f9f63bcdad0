"""What a device proves with its own key: who it is (RFC 7523), and that it is the one who asks now (RFC 9449).

Freshness comes from the hub's own nonces: a device's clock may be in 1970. A nonce is a keyed hash of a stretch of the
boot clock, good for two of them, so nothing is kept of it; of proofs that were used their `jti` is, for as long.
"""

from collections.abc import Mapping
from typing import Any, Protocol

from rex_auth_edge.client import jose
from rex_auth_edge.client.reasons import TokenRefusedError
from rex_auth_edge.domain.clock import SECOND, Moment
from rex_auth_edge.domain.refusals import Code, Refused
from rex_auth_edge.keys.hashes import Pepper

_STRETCH = 150 * SECOND
_KEPT = 20_000
_LONGEST_JTI = 64

STALE = Refused(Code.USE_DPOP_NONCE, "Use the nonce of this answer's DPoP-Nonce header, and ask again")
BAD_PROOF = Refused(Code.INVALID_DPOP_PROOF, "The DPoP proof isn't one for this request")
_BUSY = Refused(Code.BUSY, "Too many proofs at once; try again in a minute", retry_after=60)
NOT_THE_DEVICE = Refused(Code.INVALID_CLIENT, "The hub doesn't know this device, or it isn't who it says")


class Memory(Protocol):
    """Remembers marks for a while."""

    async def spend(self, mark: bytes, life: int, now: Moment) -> Refused | bool:
        """Keep the mark for `life` milliseconds: whether it is new, or why nobody can tell."""
        ...


class OwnMemory:
    """This program's, for at most 20,000 marks."""

    def __init__(self) -> None:
        self._used: dict[bytes, int] = {}

    async def spend(self, mark: bytes, life: int, now: Moment) -> Refused | bool:
        """See `Memory`."""
        if self._full():
            self._used = {used: until for used, until in self._used.items() if until > now.boot}
        if self._full():
            return _BUSY
        if self._used.get(mark, 0) > now.boot:
            return False
        self._used[mark] = now.boot + life
        return True

    def _full(self) -> bool:
        return len(self._used) >= _KEPT


class Proofs:
    """Checks proofs, and has it remembered which were used; one for the program."""

    def __init__(self, pepper: Pepper, issuer: str, memory: Memory) -> None:
        self._pepper = pepper
        self._issuer = issuer
        self._memory = memory

    def nonce(self, now: Moment) -> str:
        """What proofs from now on should bear."""
        return self._nonce(now, 0)

    def _nonce(self, now: Moment, back: int) -> str:
        stretch = now.boot // _STRETCH - back
        return self._pepper.digest("dpop nonce", now.boot_id, str(stretch)).hex()[:32]

    async def key_of(self, proof: str, method: str, path: str, now: Moment) -> dict[str, str] | Refused:
        """The public key (JWK) whose holder asks for `path` now (RFC 9449 section 4.3)."""
        parsed = _parsed(proof)
        if parsed is None or parsed.header.get("typ") != "dpop+jwt":
            return BAD_PROOF
        key = public_jwk(parsed.header.get("jwk"))
        if key is None or not jose.verified(parsed, key):
            return BAD_PROOF
        claims = parsed.claims
        if (claims.get("htm"), claims.get("htu")) != (method, self._issuer + path):
            return BAD_PROOF
        return await self._spent(claims, jose.thumbprint(key), now) or key

    async def unless_asserted(
        self, assertion: str, key: Mapping[str, str], client_id: str, now: Moment
    ) -> Refused | None:
        """Why this isn't an assertion by the client with that key, made for us and now; None if it is."""
        parsed = _parsed(assertion)
        if parsed is None or not jose.verified(parsed, key):
            return NOT_THE_DEVICE
        claims = parsed.claims
        audience = claims.get("aud")
        meant = audience if isinstance(audience, list) else [audience]
        if (claims.get("iss"), claims.get("sub")) != (client_id, client_id) or not _ours(meant, self._issuer):
            return NOT_THE_DEVICE
        return await self._spent(claims, f"assertion {client_id}", now)

    async def _spent(self, claims: Mapping[str, Any], whose: str, now: Moment) -> Refused | None:
        """Use a proof up: why it isn't good (any more), or None."""
        nonce, jti = claims.get("nonce"), claims.get("jti")
        if not isinstance(jti, str) or not 0 < len(jti) <= _LONGEST_JTI:
            return BAD_PROOF
        if not any(isinstance(nonce, str) and self._same(nonce, now, back) for back in (0, 1)):
            return STALE
        fresh = await self._memory.spend(self._pepper.digest("proof", whose, jti), 2 * _STRETCH, now)
        if isinstance(fresh, Refused):
            return fresh
        return None if fresh else BAD_PROOF

    def _same(self, nonce: str, now: Moment, back: int) -> bool:
        return self._pepper.same(nonce.encode("utf-8", "replace"), self._nonce(now, back).encode())


def public_jwk(found: Any) -> dict[str, str] | None:
    """The public members of a JWK that we verify with; None for any other, and for one that shows a private key."""
    if not isinstance(found, dict) or "d" in found:
        return None
    wanted = {("EC", "P-256"): ("kty", "crv", "x", "y"), ("OKP", "Ed25519"): ("kty", "crv", "x")}
    names = wanted.get((str(found.get("kty")), str(found.get("crv"))))
    if names is None or not all(isinstance(found.get(name), str) for name in names):
        return None
    return {name: found[name] for name in names}


def _ours(audiences: list[Any], issuer: str) -> bool:
    return issuer in audiences or f"{issuer}/oauth/token" in audiences


def _parsed(text: str) -> jose.Parsed | None:
    try:
        return jose.parse(text)
    except TokenRefusedError:
        return None
