"""Keyed hashes, and opaque bearer secrets that say whose they are."""

import hashlib
import hmac
import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from dataclasses import dataclass
from functools import lru_cache
from uuid import UUID

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from rex_auth_edge.domain.entropy import Entropy
from rex_auth_edge.domain.secret import Secret

_TAG = 16
_LENGTH = 16 + 16 + 4 + 32 + _TAG


def derive(secret: bytes, purpose: str) -> bytes:
    """A 32-byte key for one purpose (HKDF, RFC 5869)."""
    return HKDF(SHA256(), 32, salt=None, info=b"rex-auth-edge " + purpose.encode()).derive(secret)


class Pepper:
    """Hashes under keys derived from SECRET_KEY, one for each purpose: without it they are useless."""

    def __init__(self, secret_key: Secret) -> None:
        secret = secret_key.reveal().encode()
        self._key = lru_cache(lambda purpose: derive(secret, f"hash {purpose}"))

    def digest(self, purpose: str, *parts: str | bytes) -> bytes:
        """32 bytes of HMAC-SHA256 over the parts, each with its length, so that no boundary can be moved."""
        contents = (part if isinstance(part, bytes) else part.encode("utf-8", "surrogatepass") for part in parts)
        bounded = b"".join(struct.pack(">I", len(content)) + content for content in contents)
        return hmac.digest(self._key(purpose), bounded, "sha256")

    @staticmethod
    def same(first: bytes, second: bytes) -> bool:
        """Whether two digests are equal, in constant time."""
        return hmac.compare_digest(first, second)


@dataclass(frozen=True, slots=True)
class Bearer:
    """What an authentic bearer secret says of itself; `digest` (SHA-256) is what is stored of it."""

    tenant_id: UUID
    row_id: UUID
    generation: int
    digest: bytes


def digest_of(text: str) -> bytes:
    """What is stored of a bearer secret that this node has just minted."""
    return hashlib.sha256(urlsafe_b64decode(text)).digest()


class BearerMint:
    """Makes and reads opaque bearer secrets: 256 random bits, the household and row that they belong to, and a tag.

    The tag (HMAC, by purpose) tells what this node has issued from what somebody made up. So a refresh token that was
    spent long ago is still recognised, and its reuse ends the session, without a row for every token ever spent.
    """

    def __init__(self, pepper: Pepper, entropy: Entropy) -> None:
        self._pepper = pepper
        self._entropy = entropy

    def mint(self, purpose: str, tenant_id: UUID, row_id: UUID, generation: int = 0) -> str:
        """A new secret, as 112 characters that are safe in URLs and cookies."""
        body = tenant_id.bytes + row_id.bytes + struct.pack(">I", generation) + self._entropy.token_bytes(32)
        return urlsafe_b64encode(body + self._tag(purpose, body)).decode()

    def read(self, purpose: str, text: str) -> Bearer | None:
        """What the secret says, or None for anything that this node hasn't issued for this purpose."""
        try:
            raw = urlsafe_b64decode(text.encode("ascii"))
        except (Base64Error, ValueError):
            return None
        body, tag = raw[:-_TAG], raw[-_TAG:]
        canonical = len(raw) == _LENGTH and urlsafe_b64encode(raw).decode() == text
        if not canonical or not hmac.compare_digest(tag, self._tag(purpose, body)):
            return None
        generation = int.from_bytes(body[32:36])
        return Bearer(UUID(bytes=body[:16]), UUID(bytes=body[16:32]), generation, hashlib.sha256(raw).digest())

    def _tag(self, purpose: str, body: bytes) -> bytes:
        return self._pepper.digest(f"bearer {purpose}", body)[:_TAG]
