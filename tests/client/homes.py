"""A household's signing hub without a hub: its keys, its tokens and lists, and a device that knows them."""

import base64
import json
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from rex_auth_edge.client.device import Reading
from rex_auth_edge.client.folder import Folder
from rex_auth_edge.client.known import Household, Known
from rex_auth_edge.client.limits import Limits, limits_of
from rex_auth_edge.client.verify import HOME, Verifier
from rex_auth_edge.keys.keyring import SigningKey
from rex_auth_edge.keys.options import Algorithm

ISSUER = "https://rex-k7qf2m9x.local"
TENANT = "01a208a2-754e-7c10-84f5-e08038d4e444"
DEVICE = "01a208a2-7a56-720b-929a-ad8b101c10f0"
URI = f"{ISSUER}/oauth/status/{TENANT}"
MINUTE, HOUR = 60_000, 3_600_000
TODAY = 1_800_000_000_000


def new_key(algorithm: Algorithm = Algorithm.ES256) -> SigningKey:
    """A key of a hub."""
    private = Ed25519PrivateKey.generate() if algorithm is Algorithm.EDDSA else ec.generate_private_key(ec.SECP256R1())
    return SigningKey.of(private, algorithm, 0, 0)


@dataclass
class Body:
    """A device's clocks as the test has them: `true` is what nobody knows, `wall` and `boot` what it reads."""

    true: int = TODAY
    wall: int = TODAY
    boot: int = 60_000
    boots: int = 1

    def __call__(self) -> Reading:
        """What it reads."""
        return Reading(self.wall, self.boot, f"boot-{self.boots}")

    def advance(self, milliseconds: int) -> None:
        """Let time pass."""
        self.true, self.wall, self.boot = self.true + milliseconds, self.wall + milliseconds, self.boot + milliseconds

    def reboot(self, wall: int, off: int = 0) -> None:
        """Switch it off for a time and on again, with a wall clock that says whatever it says."""
        self.true, self.wall, self.boot, self.boots = self.true + off, wall, 0, self.boots + 1


@dataclass
class Home:
    """A household's hub: it signs with its own clock, which is true."""

    body: Body = field(default_factory=Body)
    key: SigningKey = field(default_factory=new_key)
    version: int = 1
    ended: set[int] = field(default_factory=set)
    sessions: list[str] = field(default_factory=list)
    size: int = 1024

    def signed(self, typ: str, claims: dict[str, Any], **header: Any) -> str:
        """A JWT of the hub."""
        head = {"typ": typ, "kid": self.key.kid} | header
        return jwt.encode(claims, self.key.private, algorithm=self.key.algorithm.value, headers=head)

    def claims(self, life: int = HOUR, **claims: Any) -> dict[str, Any]:
        """What a device's token says."""
        now = self.body.true // 1_000
        status = {"status_list": {"idx": 7, "uri": URI}}
        return {
            "iss": ISSUER, "aud": HOME, "sub": DEVICE, "client_id": DEVICE, "tenant_id": TENANT, "kind": "tablet",
            "scope": "lights door.open", "iat": now, "nbf": now, "exp": now + life // 1_000, "jti": "one",
            "status": status,
        } | claims  # fmt: skip

    def token(self, life: int = HOUR, **claims: Any) -> str:
        """A device's token."""
        return self.signed("at+jwt", self.claims(life, **claims))

    def person(self, **claims: Any) -> str:
        """A person's own token."""
        now = self.body.true // 1_000
        said = {
            "iss": "rex-auth-service", "aud": "rex-platform", "sub": "maya", "sid": "session-1", "tenant_id": TENANT,
            "scope": "lights", "iat": now, "nbf": now, "exp": now + 600,
        }  # fmt: skip
        return self.signed("at+jwt", said | claims)

    def listed(self, life: int = 24 * HOUR, **claims: Any) -> str:
        """The list of ended tokens."""
        bits = bytearray(self.size // 8)
        for index in self.ended:
            bits[index // 8] |= 1 << index % 8
        lst = base64.urlsafe_b64encode(zlib.compress(bytes(bits))).decode().rstrip("=")
        now = self.body.true // 1_000
        said = {
            "iss": ISSUER, "sub": URI, "iat": now, "exp": now + life // 1_000, "ttl": 300, "ver": self.version,
            "status_list": {"bits": 1, "lst": lst}, "revoked_sessions": self.sessions,
        }  # fmt: skip
        return self.signed("statuslist+jwt", said | claims)

    def jwks(self) -> dict[str, Any]:
        """The published keys."""
        return {"keys": [self.key.jwk()]}


@dataclass
class Device:
    """A device with a folder; `start` is its program starting (again)."""

    home: Home
    path: Path
    kind: str = "tablet"
    limits: Limits | None = None
    known: Known = field(init=False)

    def __post_init__(self) -> None:
        """Start, and reach the hub once."""
        self.start()
        self.meet()

    def start(self) -> None:
        """Load what is on disk."""
        self.known = Known(Folder(self.path), Household(ISSUER, TENANT, URI), self.home.body)
        self.verifier = Verifier(self.known, self.limits or limits_of(self.kind))

    def meet(self, *, told: bool = False) -> None:
        """Reach the hub."""
        if told:
            self.known.told(self.home.body.true // 1_000)
        self.known.adopt(self.home.jwks(), self.home.listed())


def tampered(token: str) -> str:
    """The same token with another subject, under the old signature."""
    header, payload, signature = token.split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
    claims["sub"] = "somebody-else"
    changed = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"{header}.{changed}.{signature}"
