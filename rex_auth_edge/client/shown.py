"""Proofs that whoever shows a token holds its key (DPoP, RFC 9449), bound to nonces of this device, not to clocks."""

import hashlib
import hmac
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rex_auth_edge.client import jose
from rex_auth_edge.client.clock import Instant
from rex_auth_edge.client.device import token_bytes
from rex_auth_edge.client.reasons import Reason, TokenRefusedError

LIFE = 5 * 60_000
"""How long a nonce is good, in milliseconds of the boot clock."""
MOST = 256
"""Nonces that may be open; the oldest gives way."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What came with a token: the proof, and the method and address of the request that it came with."""

    proof: str = field(repr=False)
    method: str
    url: str


class Challenges:
    """The nonces that are open. Not for two threads at a time."""

    def __init__(self) -> None:
        self._open: OrderedDict[str, int] = OrderedDict()

    def make(self, now: Instant) -> str:
        """A new nonce."""
        nonce = jose.text(token_bytes(18))
        self._open[nonce] = now.boot + LIFE
        while len(self._open) > MOST:
            self._open.popitem(last=False)
        return nonce

    def check(self, token: str, confirmation: Mapping[str, Any], proof: Proof | None, now: Instant) -> None:
        """Use the proof's nonce up, and see that the proof is right. Raises TokenRefusedError."""
        if proof is None or not self._right(token, confirmation, proof, now):
            raise TokenRefusedError(Reason.PROOF)

    def _right(self, token: str, confirmation: Mapping[str, Any], proof: Proof, now: Instant) -> bool:
        parsed = jose.parse(proof.proof)
        claims, jwk = parsed.claims, parsed.header.get("jwk")
        ends = self._open.pop(str(claims.get("nonce")), None)
        if ends is None or now.boot >= ends or not isinstance(jwk, dict) or "d" in jwk:
            return False
        digest = jose.text(hashlib.sha256(token.encode()).digest())
        bound = hmac.compare_digest(str(claims.get("ath")), digest)
        meant = (parsed.header.get("typ"), claims.get("htm"), claims.get("htu"))
        holds = hmac.compare_digest(jose.thumbprint(jwk), str(confirmation["jkt"]))
        return bound and holds and meant == ("dpop+jwt", proof.method, proof.url) and jose.verified(parsed, jwk)
