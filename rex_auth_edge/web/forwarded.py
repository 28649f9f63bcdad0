"""The request that a reverse proxy asks about, as it tells it; and what a browser's own word about it is worth."""

import re
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from rex_auth_edge.domain.refusals import Code, Refused
from rex_auth_edge.web.addresses import by_trusted_proxy, is_literal
from rex_auth_edge.web.asgi import Scope, header
from rex_auth_edge.web.options import WebOptions

UNTOLD = Refused(
    Code.MISSING_TOKEN,
    "A cookie counts only where a proxy of REX_TRUSTED_PROXIES tells X-Forwarded-Method, -Proto, -Host and -Uri",
)
_FOREIGN = Refused(
    Code.ORIGIN_NOT_ALLOWED,
    "A page of another origin has caused this request; add it to ALLOWED_ORIGINS if it is yours",
)
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_SEEN = frozenset({"GET", "HEAD"})
_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::[0-9]{1,5})?")
_URI = re.compile(r"/[A-Za-z0-9/._~!$&'()*+,;=:@%?-]*")
_IN_URLS = "/%?&=+:@!$'()*,;~-._"
LONGEST = 1000
"""Characters of a path with its query that one is led back to."""


@dataclass(frozen=True, slots=True)
class Original:
    """`origin` is `scheme://host[:port]` in lower case, `uri` a path with its query."""

    method: str
    scheme: str
    host: str
    uri: str

    @property
    def origin(self) -> str:
        """As browsers write it (RFC 6454)."""
        return f"{self.scheme}://{self.host}"


def original(scope: Scope, options: WebOptions) -> Original | None:
    """What is asked about; None where the one who asks isn't believed, or doesn't tell all of it."""
    if not by_trusted_proxy(scope, options):
        return None
    method, scheme = _said(scope, b"method"), _said(scope, b"proto").lower()
    host, uri = _said(scope, b"host").lower(), _said(scope, b"uri")
    if not method.isalpha() or scheme not in {"http", "https"} or not _HOST.fullmatch(host) or not uri.startswith("/"):
        return None
    return Original(method.upper(), scheme, host, uri)


def forgery(scope: Scope, asked: Original, options: WebOptions) -> Refused | None:
    """Why a request that a cookie authenticates may be another site's doing; None if it isn't.

    The hub's CSRF tokens are nothing that the service would know to send. So the browser has to vouch: an `Origin` is
    the service's own or an allowed one, whatever the method, as for a WebSocket; and an unsafe request has to bear one.
    """
    sent = header(scope, b"origin")
    if sent is None:
        plain = asked.method in _SAFE or header(scope, b"sec-fetch-site") == b"same-origin"
        return None if plain else _FOREIGN
    origin = sent.decode("latin-1").lower()
    return None if origin in {asked.origin, *options.allowed_origins} else _FOREIGN


def sign_in_at(scope: Scope, asked: Original, options: WebOptions) -> str | None:
    """The hub's sign-in page with the way back, for a person who looks at a page of a service; None for all else.

    The page is at the service's own host name, for cookies are by host and ignore ports; under a name that isn't the
    hub's they would not reach the service, and signing in would lead round in circles.
    """
    if asked.method not in _SEEN or b"text/html" not in (header(scope, b"accept") or b""):
        return None
    hub, name = urlsplit(options.frontend_base_url), _name(asked.host)
    uri = quote(asked.uri, safe=_IN_URLS)
    ours = {"localhost", hub.hostname, *options.allowed_hosts}
    if asked.scheme != hub.scheme or (name not in ours and not is_literal(name)) or not _fit(uri):
        return None
    port = f":{hub.port}" if hub.port else ""
    return f"{hub.scheme}://{name}{port}/sign-in?next={quote(asked.origin + uri, safe='')}"


def neighbour(url: str | None, scheme: str, host: str) -> str | None:
    """The URL, if it leads to this very host by this very scheme, at whatever port; None for anything else."""
    found = re.fullmatch(r"(https?)://([^/]+)(/.*)", url or "")
    if found is None or found[1] != scheme or not _fit(found[3]):
        return None
    name = _name(found[2])
    return found[0] if name and name == _name(host.lower()) else None


def _name(host: str) -> str:
    """Host without its port; empty where it isn't one."""
    found = _HOST.fullmatch(host)
    return found[1] if found else ""


def _fit(uri: str) -> bool:
    """Whether it can stand in a Location header, with nothing in it that browsers unfold."""
    return len(uri) <= LONGEST and _URI.fullmatch(uri) is not None


def _said(scope: Scope, name: bytes) -> str:
    """An `X-Forwarded-` header that came once; empty for one that didn't, since of two one may be the client's."""
    lines = [value for key, value in scope["headers"] if key == b"x-forwarded-" + name]
    return bytes(lines[0]).decode("latin-1").strip() if len(lines) == 1 else ""
