"""What can be set about keys and hashing."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from rex_auth_edge.domain.secret import Secret

BUNDLE = Path("tls") / "hub.pem"
"""Where in the data directory the household's CA keeps the hub's TLS key and chain, for the server."""


class Algorithm(StrEnum):
    """The signature algorithms that access tokens may use (RFC 7518 section 3.1, RFC 8037)."""

    ES256 = "ES256"
    EDDSA = "EdDSA"
    HS256 = "HS256"


@dataclass(frozen=True, slots=True)
class Argon2Options:
    """Argon2id parameters (RFC 9106) and how many hashes may run and wait at a time.

    `memory_kib` is in KiB; OWASP's floor is 19 MiB with two passes and one lane.
    """

    memory_kib: int = 19 * 1024
    passes: int = 2
    lanes: int = 1
    workers: int = 2
    queue: int = 64


@dataclass(frozen=True, slots=True)
class KeyOptions:
    """`access_seconds` is an access token's life; `jwt_secret` matters for HS256 only."""

    secret_key: Secret
    issuer: str = "rex-auth-service"
    audience: str = "rex-platform"
    access_seconds: int = 600
    algorithm: Algorithm = Algorithm.ES256
    jwt_secret: Secret | None = None
    argon2: Argon2Options = Argon2Options()
