"""A keyring with one key in it, and tokens of every kind, made by another library than the one that reads them."""

import base64
import json
from typing import Any
from uuid import UUID

import jwt

from rex_auth_edge.domain.clock import SECOND
from rex_auth_edge.domain.secret import Secret
from rex_auth_edge.keys.keyring import Keyring
from rex_auth_edge.keys.options import Algorithm, KeyOptions
from rex_auth_edge.keys.tokens import AccessTokens
from tests.doubles import HandClock, SeededEntropy

LIFE = 600
TENANT, USER, SESSION = UUID(int=1), UUID(int=2), UUID(int=3)
SHARED = "a secret that the household's gateways have too"


def options_for(algorithm: Algorithm = Algorithm.ES256) -> KeyOptions:
    """Options with this algorithm."""
    return KeyOptions(Secret("s" * 32), algorithm=algorithm, jwt_secret=Secret(SHARED))


def keyring_for(clock: HandClock, algorithm: Algorithm = Algorithm.ES256) -> Keyring:
    """A keyring as it is at a hub's first start."""
    keyring = Keyring(options_for(algorithm), LIFE * SECOND)
    if keyring.missing():
        keyring.replace([keyring.next(clock.now(), at_once=True)])
    return keyring


class Desk:
    """One hub's tokens."""

    def __init__(self, clock: HandClock, algorithm: Algorithm = Algorithm.ES256) -> None:
        self.clock = clock
        self.keyring = keyring_for(clock, algorithm)
        self.tokens = AccessTokens(options_for(algorithm), self.keyring, SeededEntropy())

    @property
    def key(self) -> Any:
        """What signs now."""
        return self.keyring.signing(self.clock.now())

    def mint(self) -> str:
        """An ordinary token."""
        return self.tokens.mint(
            tenant_id=TENANT, user_id=USER, session_id=SESSION, email_verified=True, roles=["owner"],
            scopes=["profile", "sessions"], now=self.clock.now(), life_seconds=LIFE,
        )  # fmt: skip

    def user(self, token: str) -> UUID:
        """Whose token it is. Raises TokenInvalidError, TokenExpiredError."""
        return self.tokens.verify(token, self.clock.now()).user_id

    def payload(self, **changed: Any) -> dict[str, Any]:
        """An ordinary token's payload, with changes; a claim that is changed to `...` is left out."""
        payload = jwt.decode(self.mint(), options={"verify_signature": False}) | changed
        return {name: value for name, value in payload.items() if value is not ...}

    def signed(self, payload: dict[str, Any] | bytes, **header: Any) -> str:
        """A token whose signature is good, by PyJWT, whatever it says."""
        content = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        named = {"typ": "at+jwt", "kid": self.key.kid} | header
        return jwt.api_jws.encode(content, self.key.private, self.key.algorithm.value, named)


def segment(content: object) -> str:
    """JSON in base64url, as a JWT's segments are."""
    return base64.urlsafe_b64encode(json.dumps(content, separators=(",", ":")).encode()).decode().rstrip("=")
