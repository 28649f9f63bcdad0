"""One OAuth request: whose key is shown, which client it is, and refusals as RFC 6749 section 5.2 has them.

They have `message` and `code` as well, as every refusal does.
"""

from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar
from urllib.parse import unquote_plus

from litestar import Response

from rex_auth_edge.domain.refusals import Code, Refused, RefusedError
from rex_auth_edge.domain.spoken import sentence
from rex_auth_edge.flows.devices import tokens
from rex_auth_edge.flows.devices.proving import BAD_PROOF, NOT_THE_DEVICE, Proofs
from rex_auth_edge.flows.devices.tokens import Shown
from rex_auth_edge.web.problems import body_of, headers_of, status_of
from rex_auth_edge.web.rates import Rule
from rex_auth_edge.web.visit import Visit

T = TypeVar("T")

_OAUTH = {
    Code.ACCESS_DENIED: "access_denied",
    Code.AUTHORIZATION_PENDING: "authorization_pending",
    Code.EXPIRED_TOKEN: "expired_token",
    Code.CONFIRMATION_PAUSED: "access_denied",
    Code.INVALID_BINDING_MESSAGE: "invalid_binding_message",
    Code.UNKNOWN_USER_ID: "unknown_user_id",
    Code.INVALID_CLIENT: "invalid_client",
    Code.INVALID_GRANT: "invalid_grant",
    Code.INVALID_DPOP_PROOF: "invalid_dpop_proof",
    Code.USE_DPOP_NONCE: "use_dpop_nonce",
    Code.INVALID_SCOPE: "invalid_scope",
    Code.UNAUTHORIZED_CLIENT: "unauthorized_client",
    Code.UNSUPPORTED_GRANT_TYPE: "unsupported_grant_type",
    Code.NOT_ALLOWED: "insufficient_scope",
    Code.PAIRING_CLOSED: "access_denied",
    Code.PAIRING_FULL: "temporarily_unavailable",
    Code.SLOW_DOWN: "slow_down",
    Code.BUSY: "temporarily_unavailable",
    Code.STORAGE_FULL: "temporarily_unavailable",
    Code.STORAGE_UNAVAILABLE: "temporarily_unavailable",
    Code.RATE_LIMITED: "slow_down",
}
_NOT_COUNTED = frozenset({
    *(Code.USE_DPOP_NONCE, Code.BUSY, Code.STORAGE_FULL, Code.STORAGE_UNAVAILABLE),
    *(Code.AUTHORIZATION_PENDING, Code.PAIRING_CLOSED, Code.PAIRING_FULL),
})  # fmt: skip


class Asking:
    """A device's request to one of the endpoints."""

    def __init__(self, visit: Visit, proofs: Proofs, path: str) -> None:
        self.visit = visit
        self._proofs = proofs
        self._path = path

    async def key(self) -> dict[str, str] | None:
        """The key that the one DPoP header proves (RFC 9449 section 4.3), None without any. Raises RefusedError."""
        shown = self.visit.request.headers.getall("dpop", [])
        if not shown:
            return None
        if len(shown) > 1:
            raise RefusedError(BAD_PROOF)
        found = await self._proofs.key_of(shown[0], "POST", self._path, self.visit.desk.parts.clock.now())
        if isinstance(found, Refused):
            raise RefusedError(found)
        return found

    async def device(self, client_id: str | None, secret: str | None, assertion: str | None) -> Any:
        """The device that asks, by HTTP Basic, by secret or by assertion. Raises RefusedError."""
        shown = _basic(self.visit.request.headers.get("authorization", ""))
        shown = shown or Shown(_claimed(assertion) if assertion else client_id, secret, assertion)
        found = await tokens.authenticated(self.visit.desk.parts, self._proofs, shown)
        if isinstance(found, Refused):
            raise RefusedError(found)
        return found

    async def answered(
        self, work: Callable[[], Awaitable[dict[str, Any]]], *, spoken: bool = False
    ) -> Response[dict[str, Any]]:
        """What the work gives, or its refusal, with a nonce for the next proof; failures count against the address.

        With `spoken` a refusal has `say`, which is for whoever stands before the device.
        """
        try:
            await self.visit.spare(Rule.DEVICE, self.visit.address)
            body, status, headers = await work(), 200, dict[str, str]()
        except RefusedError as error:
            refused = await self._counted(error.refused)
            named = {"error": _OAUTH.get(refused.code, "invalid_request"), "error_description": refused.message}
            body = body_of(refused) | named | ({"say": sentence(refused.code)} if spoken else {})
            status, headers = status_of(refused), headers_of(refused)
        nonce = self._proofs.nonce(self.visit.desk.parts.clock.now())
        return Response(body, status_code=status, headers=headers | {"DPoP-Nonce": nonce, "Cache-Control": "no-store"})

    async def _counted(self, refused: Refused) -> Refused:
        if refused.code in _NOT_COUNTED or refused.code is Code.RATE_LIMITED:
            return refused
        try:
            await self.visit.failed(Rule.DEVICE, self.visit.address)
        except RefusedError as limited:
            return limited.refused
        return refused


def _basic(header: str) -> Shown | None:
    """Client id and secret of HTTP Basic (RFC 6749 section 2.3.1). Raises RefusedError."""
    scheme, _, text = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, _, secret = b64decode(text.strip(), validate=True).decode().partition(":")
    except (Base64Error, ValueError):
        raise RefusedError(NOT_THE_DEVICE) from None
    return Shown(unquote_plus(name), unquote_plus(secret))


def _claimed(assertion: str) -> str | None:
    """Who an assertion says that it is of; believed only once its signature is checked with that device's key."""
    from rex_auth_edge.client import jose  # noqa: PLC0415
    from rex_auth_edge.client.reasons import TokenRefusedError  # noqa: PLC0415

    try:
        return str(jose.parse(assertion).claims.get("sub"))
    except TokenRefusedError:
        return None
