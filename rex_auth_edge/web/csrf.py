"""Tokens against cross-site request forgery, bound to the session by HMAC (OWASP's signed double submit)."""

import hmac
from collections.abc import Callable
from uuid import UUID

_NONCE = 16


class Csrf:
    """Issues and checks; `digest` is a keyed hash of 32 bytes over a purpose and parts."""

    def __init__(self, digest: Callable[..., bytes]) -> None:
        self._digest = digest

    def issue(self, session_id: UUID | None, nonce: bytes) -> str:
        """A token for the session; without one it is good for nothing, and looks the same."""
        return (nonce + self._mac(session_id, nonce)).hex()

    def good(self, token: str, session_id: UUID) -> bool:
        """Whether the token was issued for this very session; in constant time."""
        try:
            raw = bytes.fromhex(token)
        except ValueError:
            return False
        return hmac.compare_digest(raw[_NONCE:], self._mac(session_id, raw[:_NONCE]))

    def _mac(self, session_id: UUID | None, nonce: bytes) -> bytes:
        return self._digest("csrf", session_id.bytes if session_id else b"", nonce)
