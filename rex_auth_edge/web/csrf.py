"""Tokens against cross-site request forgery, bound to the session by HMAC (OWASP's signed double submit).

Where there is no session yet, as when somebody signs in, a form's token is bound to a cookie of the browser instead.
"""

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
        return self._token("csrf", session_id.bytes if session_id else b"", nonce)

    def good(self, token: str, session_id: UUID) -> bool:
        """Whether the token was issued for this very session; in constant time."""
        return self._good("csrf", token, session_id.bytes)

    def issue_to_browser(self, browser: str, nonce: bytes) -> str:
        """A token for forms that nobody has to be signed in for, good beside this cookie of the browser's only."""
        return self._token("csrf.browser", browser.encode(), nonce)

    def good_in_browser(self, token: str, browser: str) -> bool:
        """Whether the token was issued to the browser with this cookie; in constant time."""
        return self._good("csrf.browser", token, browser.encode())

    def mark(self, session_id: UUID | None, content: bytes) -> bytes:
        """32 bytes that prove later on that this content was put aside here, and by this session."""
        return self._digest("csrf.mark", session_id.bytes if session_id else b"", content)

    def _token(self, purpose: str, bound_to: bytes, nonce: bytes) -> str:
        return (nonce + self._digest(purpose, bound_to, nonce)).hex()

    def _good(self, purpose: str, token: str, bound_to: bytes) -> bool:
        try:
            raw = bytes.fromhex(token)
        except ValueError:
            return False
        return hmac.compare_digest(raw[_NONCE:], self._digest(purpose, bound_to, raw[:_NONCE]))
