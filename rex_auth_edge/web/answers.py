"""Answers that several controllers give: tokens with their cookies, times, refusals."""

from datetime import UTC, datetime
from typing import Any, TypeVar

from litestar import Response
from litestar.datastructures import Cookie

from rex_auth_edge.domain.clock import DAY, SECOND
from rex_auth_edge.domain.refusals import Refused, RefusedError
from rex_auth_edge.flows.sessions import SignedIn
from rex_auth_edge.web.api.messages import Tokens
from rex_auth_edge.web.desk import Desk
from rex_auth_edge.web.visit import DEVICE_COOKIE

T = TypeVar("T")

_DEVICE_LIFE = 400 * DAY // SECOND
"""The longest that browsers keep a cookie (RFC 6265bis section 5.5)."""


def unless_refused(result: T | Refused) -> T:
    """The result itself; a refusal is raised, and becomes the response of `problems`."""
    if isinstance(result, Refused):
        raise RefusedError(result)
    return result


def rfc3339(wall: int) -> str:
    """Milliseconds since 1970 as `2026-01-31T12:00:00.000Z`."""
    return datetime.fromtimestamp(wall / SECOND, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class PlainCookie(Cookie):
    """A cookie whose value needs no quoting (RFC 6265 section 4.1.1), as all of ours; the general case costs 50 us."""

    def to_encoded_header(self) -> tuple[bytes, bytes]:
        """The header line, as ASGI sends it."""
        parts = [f"{self.key}={self.value}", f"Path={self.path}", f"Max-Age={self.max_age}"]
        parts += ["HttpOnly"] if self.httponly else []
        parts += ["Secure"] if self.secure else []
        return b"set-cookie", "; ".join([*parts, f"SameSite={self.samesite}"]).encode("ascii")


def cookie(desk: Desk, name: str, value: str, seconds: int, *, readable: bool = False) -> Cookie:
    """A cookie by the household's settings; only the CSRF token's may be read by scripts."""
    options = desk.options
    return PlainCookie(
        name, path="/", value=value, max_age=seconds, httponly=not readable, secure=options.secure_cookies,
        samesite=options.same_site,
    )  # fmt: skip


def session_cookies(desk: Desk, signed_in: SignedIn) -> list[Cookie]:
    """The access and refresh token, and the device's cookie where it has none yet."""
    cookies = [
        cookie(desk, "access_token", signed_in.access_token, signed_in.expires_in),
        cookie(desk, "refresh_token", signed_in.refresh_token, desk.parts.options.lives.refresh // SECOND),
    ]
    if signed_in.device_token is not None:
        cookies.append(cookie(desk, DEVICE_COOKIE, signed_in.device_token, _DEVICE_LIFE))
    return cookies


def tokens(desk: Desk, signed_in: SignedIn) -> Response[Tokens]:
    """A session's tokens, in the body and as cookies."""
    return Response(token_body(signed_in), cookies=session_cookies(desk, signed_in))


def token_body(signed_in: SignedIn) -> Tokens:
    """A session's tokens as the body has them."""
    return Tokens(
        access_token=signed_in.access_token,
        refresh_token=signed_in.refresh_token,
        tenant_id=str(signed_in.tenant_id),
        user_id=str(signed_in.user_id),
        expires_in=signed_in.expires_in,
    )


def without_session(desk: Desk, body: Any) -> Response[Any]:
    """An answer that clears the session's cookies; the device stays known."""
    return Response(body, cookies=[cookie(desk, name, "", 0) for name in ("access_token", "refresh_token")])
