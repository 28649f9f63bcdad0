"""One request as controllers see it: who calls, with which tokens, and on whose authority."""

import hmac
from collections.abc import Awaitable
from typing import Any, TypeVar
from urllib.parse import unquote

from litestar import Request

from rex_auth_edge.domain.caller import Caller
from rex_auth_edge.domain.names import email_key
from rex_auth_edge.domain.principal import Authority, Principal
from rex_auth_edge.domain.refusals import GONE, Code, Refused, RefusedError
from rex_auth_edge.flows import refresh, sessions
from rex_auth_edge.flows.authenticate import INVALID
from rex_auth_edge.flows.people import Person
from rex_auth_edge.web.addresses import client_address, on_lan
from rex_auth_edge.web.desk import Desk
from rex_auth_edge.web.rates import Rule

T = TypeVar("T")

DEVICE_COOKIE = "rex_device"
MISSING = Refused(Code.MISSING_TOKEN, "Missing access token; sign in first")

_CSRF = Refused(Code.CSRF_FAILED, "Missing or wrong X-CSRF-Token; get one from GET /auth/csrf")
_ELSEWHERE = Refused(
    Code.ISSUED_ELSEWHERE, "This session is at another of the household's nodes; to change anything here, sign in here"
)
_NO_GUESS = frozenset({Code.MISSING_FIELD, Code.INVALID_USERNAME, Code.USERNAME_TAKEN, Code.WEAK_PASSWORD, Code.BUSY})
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class Visit:
    """Reads the request's headers and cookies; believes `x-user-id` and its like no more than anything else."""

    def __init__(self, request: Request[Any, Any, Any], desk: Desk) -> None:
        self.request = request
        self.desk = desk
        self.address = client_address(dict(request.scope), desk.options)
        self.caller = Caller(
            ip_address=self.address,
            user_agent=_printable(request.headers.get("user-agent", "")),
            device_token=sessions.device_cookie(desk.parts, request.cookies.get(DEVICE_COOKIE, "")),
            on_lan=on_lan(dict(request.scope), desk.options),
        )

    @property
    def bearer(self) -> str | None:
        """The token of an `Authorization: Bearer` header (RFC 6750 section 2.1)."""
        scheme, _, token = self.request.headers.get("authorization", "").partition(" ")
        return token.strip() or None if scheme.lower() == "bearer" else None

    def cookie(self, name: str) -> str | None:
        """A cookie's value, or None where it is absent or empty."""
        return unquote(self.request.cookies.get(name, "")) or None

    @property
    def access_token(self) -> str | None:
        """The access token, from the header or the cookie."""
        return self.bearer or self.cookie("access_token")

    def cookie_refresh_token(self) -> str | None:
        """The refresh token that a client sends beside its access token."""
        return self.request.headers.get("x-refresh-token") or self.cookie("refresh_token")

    def refresh_token(self, in_body: str | None = None) -> refresh.Presented:
        """The first refresh token among Bearer header, body, `X-Refresh-Token` and cookie."""
        return refresh.first(self.desk.parts, self.bearer, in_body, self.cookie_refresh_token())

    async def refreshed(self, shown: refresh.Presented) -> sessions.SignedIn:
        """The session's next tokens, within the rates of refreshing. Raises RefusedError."""
        await self.spend(Rule.REFRESH, shown.key)
        return await self.counted(Rule.REFRESH, shown.key, refresh.refresh(self.desk.parts, shown, self.caller))

    @property
    def address_key(self) -> str | None:
        """What limits per address count; None for the household's own gateway, behind which everybody is."""
        expected = self.desk.options.internal_service_token
        shown = self.request.headers.get("x-internal-service-token", "")
        if expected and hmac.compare_digest(shown.encode(), expected.reveal().encode()):
            return None
        return self.address

    def account_key(self, name: str, tenant: str | None) -> str:
        """What failed sign-ins of a name count under; a device of ours counts by itself, out of strangers' reach.

        A username is its household's: next door there are others of that name.
        """
        where = "" if "@" in name or tenant is None else f"{tenant.strip().casefold()} "
        return f"{where}{email_key(name)} {self.caller.device_hash.hex()}"

    async def spend(self, rule: Rule, key: str) -> None:
        """Count this request against `rule`. Raises RefusedError (429) past it."""
        _unless_limited(await self.desk.rates.check(rule, key, self.address_key))

    async def spare(self, rule: Rule, key: str) -> None:
        """Raise RefusedError (429) where failures have used `rule` up; counts nothing."""
        _unless_limited(await self.desk.rates.peek(rule, key, self.address_key))

    async def failed(self, rule: Rule, key: str) -> None:
        """Count a failure against `rule`. Raises RefusedError (429) past it."""
        _unless_limited(await self.desk.rates.fail(rule, key, self.address_key))

    async def counted(self, rule: Rule, key: str, flow: Awaitable[T | Refused]) -> T:
        """The flow's result; its refusal is counted as a failure and raised."""
        result = await flow
        if not isinstance(result, Refused):
            return result
        guessed = result.code not in _NO_GUESS
        limited = await self.desk.rates.fail(rule, key, self.address_key) if guessed else None
        raise RefusedError(limited or result)

    def unless_gone(self, person: Person | None) -> Person:
        """The person; one who is no longer there has no session either. Raises RefusedError (401)."""
        if person is None:
            raise RefusedError(GONE)
        return person

    def principal(self, *, ending: bool = False) -> Principal:
        """The person on whose authority the request comes. Raises RefusedError (401; 403 without CSRF token).

        By a token that another node has issued they see what is theirs to see, and do nothing, but for the `ending` of
        sessions: what a hub lets in has to be known as that hub's, for the day on which it turns out to be stolen.
        """
        found: Principal | Refused = MISSING
        if (token := self.bearer) is not None:
            found = self._principal(token, Authority.BEARER)
        if isinstance(found, Refused) and (token := self.cookie("access_token")) is not None:
            found = self._principal(token, Authority.COOKIE)
        if isinstance(found, Refused):
            raise RefusedError(found)
        self._check_csrf(found)
        if found.elsewhere and not ending and self.request.method not in _SAFE:
            raise RefusedError(_ELSEWHERE)
        return found

    async def browsing(self) -> tuple[Principal, sessions.SignedIn | None]:
        """The person whose browser this is, by its cookies alone, for the hub's own pages.

        Where the access token is missing or over and the refresh token is good, the session's next tokens come with
        it, and have to be set. Another node's token is no good here. Raises RefusedError.
        """
        token = self.cookie("access_token")
        found = self._principal(token, Authority.COOKIE) if token else MISSING
        if not isinstance(found, Refused):
            if found.elsewhere:
                raise RefusedError(INVALID)
            return found, None
        shown = self.cookie("refresh_token")
        if shown is None or found.code not in {Code.MISSING_TOKEN, Code.TOKEN_EXPIRED}:
            raise RefusedError(found)
        signed_in = await self.refreshed(refresh.first(self.desk.parts, shown))
        found = self._principal(signed_in.access_token, Authority.COOKIE)
        if isinstance(found, Refused):
            raise RefusedError(found)
        return found, signed_in

    def _principal(self, token: str, authority: Authority) -> Principal | Refused:
        claims = self.desk.authenticator.claims(token)
        if isinstance(claims, Refused):
            return claims
        who = (claims.tenant_id, claims.user_id, claims.session_id, claims.expires_at)
        return Principal(*who, authority, claims.elsewhere)

    def _check_csrf(self, principal: Principal) -> None:
        """A browser sends cookies by itself, so an unsafe request by cookie must show the session's own token."""
        if self.request.method in _SAFE or principal.authority is Authority.BEARER:
            return
        shown = self.request.headers.get("x-csrf-token", "")
        if self.desk.options.csrf_protect and not self.desk.csrf.good(shown, principal.session):
            raise RefusedError(_CSRF)


def _printable(text: str) -> str:
    return "".join(char for char in text[:255] if char.isprintable())


def _unless_limited(refused: Refused | None) -> None:
    if refused is not None:
        raise RefusedError(refused)
