"""Sealing: authenticated encryption of what must be kept but not read (AES-256-GCM, NIST SP 800-38D)."""

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from rex_auth_edge.domain.entropy import Entropy
from rex_auth_edge.domain.secret import Secret
from rex_auth_edge.keys.hashes import derive

_NONCE = 12


class SealBrokenError(Exception):
    """What was sealed has been changed, or was sealed under another key, purpose or binding."""


class Seal:
    """Seals under keys derived from SECRET_KEY, one for each purpose."""

    def __init__(self, secret_key: Secret, entropy: Entropy) -> None:
        self._secret = secret_key.reveal().encode()
        self._entropy = entropy
        self._ciphers: dict[str, AESGCM] = {}

    def seal(self, purpose: str, plaintext: bytes, bound: bytes = b"") -> bytes:
        """Nonce and ciphertext; it opens only with the same `bound`, such as the id of the row that it lies in."""
        nonce = self._entropy.token_bytes(_NONCE)
        return nonce + self._cipher(purpose).encrypt(nonce, plaintext, bound)

    def open(self, purpose: str, sealed: bytes, bound: bytes = b"") -> bytes:
        """The plaintext. Raises SealBrokenError."""
        return _open(self._cipher(purpose), sealed, bound)

    def _cipher(self, purpose: str) -> AESGCM:
        if purpose not in self._ciphers:
            self._ciphers[purpose] = AESGCM(derive(self._secret, f"seal {purpose}"))
        return self._ciphers[purpose]


def seal_under(token: str, plaintext: bytes, entropy: Entropy) -> bytes:
    """Seal so that only the bearer of `token` can open it: its key is derived from the token, which isn't stored."""
    nonce = entropy.token_bytes(_NONCE)
    return nonce + AESGCM(derive(token.encode(), "successor")).encrypt(nonce, plaintext, None)


def open_under(token: str, sealed: bytes) -> bytes:
    """What was sealed under `token`. Raises SealBrokenError."""
    return _open(AESGCM(derive(token.encode(), "successor")), sealed, None)


def _open(cipher: AESGCM, sealed: bytes, bound: bytes | None) -> bytes:
    try:
        return cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], bound)
    except (InvalidTag, ValueError) as error:
        raise SealBrokenError from error
