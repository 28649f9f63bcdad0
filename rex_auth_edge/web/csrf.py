"""Tokens against cross-site request forgery, bound to the session by HMAC (OWASP's signed double submit).

Where there is no session yet, as when somebody signs in, a form's token is bound to a cookie of the browser instead.
"""

import hmac
from collections.abc import Callable
from uuid import UUID

_NONCE = 16
Session = tuple[UUID, UUID]
"""Of which household, and its id there: next door a hub may call one of its own so."""


class Csrf:
    """Issues and checks; `digest` is a keyed hash of 32 bytes over a purpose and parts."""

    def __init__(self, digest: Callable[..., bytes]) -> None:
        self._digest = digest

    def issue(self, session: Session | None, nonce: bytes) -> str:
        """A token for the session; without one it is good for nothing, and looks the same."""
        return self._token("csrf", _bytes(session), nonce)

    def good(self, token: str, session: Session) -> bool:
        """Whether the token was issued for this very session; in constant time."""
        return self._good("csrf", token, _bytes(session))

    def issue_to_browser(self, browser: str, nonce: bytes) -> str:
        """A token for forms that nobody has to be signed in for, good beside this cookie of the browser's only."""
        return self._token("csrf.browser", browser.encode(), nonce)

    def good_in_browser(self, token: str, browser: str) -> bool:
        """Whether the token was issued to the browser with this cookie; in constant time."""
        return self._good("csrf.browser", token, browser.encode())

    def mark(self, session: Session | None, content: bytes) -> bytes:
        """32 bytes that prove later on that this content was put aside here, and by this session."""
        return self._digest("csrf.mark", _bytes(session), content)

    def _token(self, purpose: str, bound_to: bytes, nonce: bytes) -> str:
        return (nonce + self._digest(purpose, bound_to, nonce)).hex()

    def _good(self, purpose: str, token: str, bound_to: bytes) -> bool:
        try:
            raw = bytes.fromhex(token)
        except ValueError:
            return False
        return hmac.compare_digest(raw[_NONCE:], self._digest(purpose, bound_to, raw[:_NONCE]))


def _bytes(session: Session | None) -> bytes:
    return b"".join(each.bytes for each in session or ())
