"""What answers on port 80: the way to HTTPS, the household's CA for devices to trust, and how to. Never anything else.

Whatever is read here may have been changed on its way: nobody signs in here, and the page asks to compare.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import quote

from rex_auth_edge.domain.hub_names import is_private
from rex_auth_edge.domain.refusals import Code, Refused
from rex_auth_edge.web.asgi import Receive, Scope, Send, header, send_refusal
from rex_auth_edge.web.pages.trust import Household, profile, trust_page, trust_policy

_NOTHING_HERE = Refused(Code.NOT_FOUND, "There is nothing here; the hub is reached by https")
_HTTPS = 443
_LONGEST = 2048
"""Bytes of a path with its query that are led on."""
_IN_URLS = "/%?&=+:@!$'()*,;~-._"
_ALWAYS = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
)
_NO_CONTENT_POLICY = b"default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"


@dataclass(frozen=True, slots=True)
class _Answer:
    """`kind` is its content type; a file has a `name` to be saved under."""

    body: bytes
    kind: str
    name: str = ""
    policy: bytes = _NO_CONTENT_POLICY


class Doorway:
    """The ASGI application. `hosts` are the hub's names, `present` the one it has now, `port` where it speaks HTTPS.

    Without a `household` (a hub with a certificate of its owner's) there is only the way to HTTPS.
    """

    def __init__(
        self, hosts: Sequence[str], present: Callable[[], str], port: int, household: Household | None
    ) -> None:
        self._hosts = frozenset(hosts)
        self._present = present
        self._port = "" if port == _HTTPS else f":{port}"
        self._household = household

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002  nothing is read
        """ASGI."""
        if scope["type"] != "http":
            return
        target = _target(scope)
        if scope["method"] not in {"GET", "HEAD"} or target is None:
            await send_refusal(send, _NOTHING_HERE, _headers(_NO_CONTENT_POLICY))
        elif scope["path"] in _OFFERED:
            await self._offer(scope["path"], send)
        else:
            await _redirect(send, f"https://{self._name(scope)}{self._port}{target}")

    async def _offer(self, path: str, send: Send) -> None:
        """The household's CA and how to trust it."""
        if self._household is None:
            await send_refusal(send, _NOTHING_HERE, _headers(_NO_CONTENT_POLICY))
            return
        answer = _OFFERED[path](self._household, f"https://{self._present()}{self._port}/")
        headers = [
            (b"content-type", answer.kind.encode()),
            (b"content-length", b"%d" % len(answer.body)),
            *_headers(answer.policy),
        ]
        if answer.name:
            headers.append((b"content-disposition", b'attachment; filename="%b"' % answer.name.encode()))
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": answer.body})

    def _name(self, scope: Scope) -> str:
        """The host to lead to: as the client calls the hub, if that is one of its names or addresses."""
        asked = (header(scope, b"host") or b"").decode("latin-1").lower()
        host = asked if asked.endswith("]") else asked.rpartition(":")[0] or asked
        if host in self._hosts:
            return host
        return host if _is_private_literal(host) else self._present()


def _certificate(household: Household, _: str) -> _Answer:
    return _Answer(household.certificate, "application/x-x509-ca-cert", f"{household.title}.crt")


def _profile(household: Household, _: str) -> _Answer:
    return _Answer(profile(household), "application/x-apple-aspen-config", f"{household.title}.mobileconfig")


def _page(household: Household, url: str) -> _Answer:
    return _Answer(trust_page(household, url), "text/html; charset=utf-8", policy=trust_policy().encode())


_OFFERED = {"/ca.crt": _certificate, "/ca.mobileconfig": _profile, "/trust": _page}


def _target(scope: Scope) -> str | None:
    """Path and query as they were sent, made safe for a header; None where there is nothing to lead to."""
    raw = scope["raw_path"] + (b"?" + scope["query_string"] if scope["query_string"] else b"")
    if not raw.startswith(b"/") or len(raw) > _LONGEST:
        return None
    return quote(raw, safe=_IN_URLS)


def _is_private_literal(host: str) -> bool:
    try:
        return is_private(ip_address(host.removeprefix("[").removesuffix("]")))
    except ValueError:
        return False


def _headers(policy: bytes) -> list[tuple[bytes, bytes]]:
    return [*_ALWAYS, (b"content-security-policy", policy)]


async def _redirect(send: Send, url: str) -> None:
    """308: by whatever method, never by plain HTTP again (RFC 9110 section 15.4.9); not to be remembered."""
    headers = [(b"location", url.encode("ascii")), (b"content-length", b"0"), *_headers(_NO_CONTENT_POLICY)]
    await send({"type": "http.response.start", "status": 308, "headers": headers})
    await send({"type": "http.response.body", "body": b""})
