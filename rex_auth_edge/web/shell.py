"""The outermost ASGI application: what must hold for every answer, whoever gives it.

The framework's own 404 and 405 bypass its middleware, so headers, the Host check, origins and the access log are here.
"""

import logging
import re
from collections.abc import Callable
from functools import lru_cache
from time import perf_counter
from typing import Any
from urllib.parse import urlsplit

from rex_auth_edge.domain.entropy import Entropy
from rex_auth_edge.domain.refusals import Code, Refused
from rex_auth_edge.web.addresses import client_address, is_literal, scheme
from rex_auth_edge.web.asgi import App, Message, Receive, Scope, Send, send_refusal
from rex_auth_edge.web.options import WebOptions
from rex_auth_edge.web.problems import internal, log_failure

_access = logging.getLogger("rex_auth_edge.access")

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_BAD_HOST = Refused(
    Code.HOST_NOT_ALLOWED, "This hub doesn't go by that name; use its address, or add the name to REX_ALLOWED_HOSTS"
)
_BAD_ORIGIN = Refused(
    Code.ORIGIN_NOT_ALLOWED, "Requests from that site aren't allowed; add its origin to ALLOWED_ORIGINS if it is yours"
)
_FORWARD = "/auth/forward"
_SYNC = "/sync/"
_FREQUENT = frozenset({"validate", "forward", "health", "sync"})
_DONE = 200
_NOT_OPTIONS = Refused(Code.METHOD_NOT_ALLOWED, "Ask by GET whether a request may pass, whatever its own method")
"""A proxy that hands its client's method on would take any good answer to OPTIONS for a yes."""
_BAD_QUERY = Refused(Code.BAD_REQUEST, "The address's query string is not valid UTF-8")
_ALWAYS = [
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-site"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
    # On answers to requests without Origin as well: a cache may hand them to one that has it.
    (b"vary", b"Origin"),
]
_UNLESS_SET = [
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"),
    (b"cache-control", b"no-store"),
    (b"referrer-policy", b"no-referrer"),
]
_HSTS = (b"strict-transport-security", b"max-age=86400")
_PREFLIGHT = [
    (b"access-control-allow-methods", b"GET, POST, PUT, PATCH, DELETE"),
    (b"access-control-allow-headers", b"Authorization, Content-Type, X-CSRF-Token, X-Refresh-Token"),
    (b"access-control-max-age", b"600"),
    (b"content-length", b"0"),
]

# RFC 9112 section 3.2, with the address literals of RFC 3986.
_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^\s:/?#@\[\]]+)(?::[0-9]{1,5})?")
_LONGEST_HOST = 262

Observe = Callable[[str, str, int, float], None]


class Shell:
    """Wraps `app`. `own_hosts` are the hub's names; `observe(kind, method, status, seconds)` counts answers."""

    def __init__(
        self, app: App, options: WebOptions, own_hosts: frozenset[str], entropy: Entropy, observe: Observe
    ) -> None:
        self._app = app
        self._options = options
        self._hosts = {"localhost", *(name.lower() for name in (*own_hosts, *options.allowed_hosts))}
        self._origins = {*options.allowed_origins, _origin_of(options.frontend_base_url)}
        self._entropy = entropy
        self._observe = observe

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] == "http":
            await _Exchange(self, scope, send).run(receive)

    async def answer(self, exchange: "_Exchange", receive: Receive) -> None:
        """Refuse what must not come in, answer preflights, and leave the rest to the application."""
        if not self._is_ours(exchange.host):
            await send_refusal(exchange.send, _BAD_HOST)
        elif not self._may(exchange):
            await send_refusal(exchange.send, _BAD_ORIGIN)
        elif not _is_text(exchange.scope["query_string"]):
            await send_refusal(exchange.send, _BAD_QUERY)
        elif exchange.scope["method"] == "OPTIONS" and exchange.scope["path"].endswith(_FORWARD):
            await send_refusal(exchange.send, _NOT_OPTIONS)
        elif exchange.preflight:
            await exchange.send({"type": "http.response.start", "status": 204, "headers": list(_PREFLIGHT)})
            await exchange.send({"type": "http.response.body", "body": b""})
        else:
            await self._app(_as_get(exchange.scope), receive, exchange.send)

    def _is_ours(self, host: str) -> bool:
        """Whether Host is a name of ours or an address: a foreign name is how browsers are led onto a LAN."""
        if len(host) > _LONGEST_HOST:
            return False
        name = _name_of(host)
        return name in self._hosts or is_literal(name)

    def _may(self, exchange: "_Exchange") -> bool:
        """Whether an unsafe request may come from where its browser says it comes from."""
        if exchange.scope["method"] in _SAFE:
            return True
        if not exchange.origin:
            return exchange.fetch_site != "cross-site"
        return self.allows(exchange)

    def allows(self, exchange: "_Exchange") -> bool:
        """Whether the request's Origin is ours or on the list."""
        own = f"{scheme(exchange.scope, self._options)}://{exchange.host}"
        return exchange.origin in self._origins or exchange.origin == own

    def request_id(self) -> str:
        """A new id for the log."""
        return self._entropy.token_bytes(8).hex()

    def done(self, exchange: "_Exchange") -> None:
        """Count the answer, and log it unless it is one of those that come all the time and are fine."""
        seconds, kind = perf_counter() - exchange.began, _kind(exchange.scope["path"])
        self._observe(kind, exchange.scope["method"], exchange.status, seconds)
        if kind in _FREQUENT and exchange.status < 400:  # noqa: PLR2004 - the first of the error statuses
            return
        _access.info("request", extra={
            "method": exchange.scope["method"],
            "path": exchange.scope["path"][:256],
            "status": exchange.status,
            "ms": round(seconds * 1000, 1),
            "client": client_address(exchange.scope, self._options),
            "request_id": exchange.request_id,
        })  # fmt: skip

    def headers(self, exchange: "_Exchange", given: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
        """The answer's own headers, and those that every answer has."""
        if exchange.status == _DONE and exchange.scope["path"].startswith(_SYNC):
            # For a hub, which is no browser; a quiet one asks every minute, and pays for each byte by the month.
            return given
        names = {name.lower() for name, _ in given}
        headers = [*given, *_ALWAYS, *(pair for pair in _UNLESS_SET if pair[0] not in names)]
        headers.append((b"x-request-id", exchange.request_id.encode()))
        if scheme(exchange.scope, self._options) == "https":
            headers.append(_HSTS)
        if exchange.origin and self.allows(exchange):
            headers.append((b"access-control-allow-origin", exchange.origin.encode("latin-1")))
            headers.append((b"access-control-allow-credentials", b"true"))
        return headers


class _Exchange:
    """One request and its answer. Headers are looked through once: this is on the path of every request."""

    __slots__ = (
        "_send",
        "_shell",
        "began",
        "fetch_site",
        "host",
        "origin",
        "preflight",
        "request_id",
        "scope",
        "status",
    )

    def __init__(self, shell: Shell, scope: Scope, send: Send) -> None:
        self._shell = shell
        self._send = send
        self.scope = scope
        self.began = perf_counter()
        self.status = 0
        self.request_id = shell.request_id()
        self.host = self.origin = self.fetch_site = ""
        self.preflight = False
        hosts = 0
        for name, value in scope["headers"]:
            if name == b"host":
                self.host = value.decode("latin-1")
                hosts += 1
            elif name == b"origin":
                # A second Origin makes one that nobody has.
                self.origin += ("," if self.origin else "") + value.decode("latin-1")
            elif name == b"sec-fetch-site":
                self.fetch_site = value.decode("latin-1")
            elif name == b"access-control-request-method":
                self.preflight = scope["method"] == "OPTIONS"
        if hosts != 1:
            # RFC 9112 section 3.2: which of two is meant is anybody's guess.
            self.host = ""

    async def run(self, receive: Receive) -> None:
        """Answer, whatever happens: a failure before the answer has begun becomes a 500 of the ordinary shape."""
        try:
            await self._shell.answer(self, receive)
        except Exception as error:  # noqa: BLE001 - the last resort
            log_failure(error)
            # Once an answer has begun, all that is left is not to end it: the server then closes the connection.
            if not self.status:
                await send_refusal(self.send, internal)
        finally:
            self._shell.done(self)

    async def send(self, message: Message) -> None:
        """Pass the answer on, with the headers that every answer has."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message["headers"] = self._shell.headers(self, list(message.get("headers", ())))
        await self._send(message)


def _is_text(query: bytes) -> bool:
    """Whether a query string can be decoded: the framework fails on one that can't, where it has to refuse it."""
    try:
        query.decode()
    except UnicodeDecodeError:
        return False
    return True


def _as_get(scope: Scope) -> Scope:
    """HEAD is GET whose content isn't sent (RFC 9110 section 9.3.2): the server leaves it out."""
    return {**scope, "method": "GET"} if scope["method"] == "HEAD" else scope


def _kind(path: str) -> str:
    """What metrics call a path; never the path itself, which strangers choose."""
    if path.endswith(("/token/validate", "/auth/validate")):
        return "validate"
    if path.startswith("/health"):
        return "health"
    if path.endswith(_FORWARD):
        return "forward"
    if path.startswith(_SYNC):
        return "sync"
    last = path.rstrip("/").rpartition("/")[2]
    return last if last in _KINDS else "other"


_KINDS = frozenset({
    *("initiate", "register", "verify", "verify-email", "resend-otp", "login", "refresh", "csrf", "profile", "me"),
    *("forgot", "forgot-password", "reset", "reset-password", "change", "logout", "logout-all", "logout-others"),
    *("sessions", "history", "activity", "picture", "jwks.json", "openapi.json", "docs", "reauthenticate"),
})  # fmt: skip


@lru_cache(maxsize=256)
def _name_of(host: str) -> str:
    """Host without its port, in lower case; empty where it isn't one."""
    found = _HOST.fullmatch(host)
    return found[1].lower() if found else ""


def _origin_of(url: str) -> str:
    parts: Any = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}".lower()
