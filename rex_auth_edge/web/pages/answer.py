"""What a page answers with: a document, a picture, or the way to another page."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from litestar.datastructures import Cookie

from rex_auth_edge.web.asgi import Send

_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HTML = "text/html; charset=utf-8"


@dataclass(slots=True)
class Answer:
    """`retry_after` is in seconds; `leads_to` is a path of the hub's own, or a service's at the same host.

    `forms_end_at` is the service's origin, to which browsers let the form's answer lead only where the policy has it.
    """

    body: bytes = b""
    status: int = 200
    kind: str = HTML
    leads_to: str | None = None
    retry_after: int | None = None
    allow: str = ""
    cookies: list[Cookie] = field(default_factory=list)
    kept: str = "no-store"
    forms_end_at: str = ""

    async def sent(self, send: Send) -> None:
        """Over ASGI. Forms name their origin only under a policy that lets a referrer go to the hub itself."""
        headers = [
            (b"content-type", self.kind.encode()),
            (b"content-length", str(len(self.body)).encode()),
            (b"content-security-policy", self._policy().encode()),
            (b"referrer-policy", b"same-origin"),
            (b"cache-control", self.kept.encode()),
            *self._extra(),
        ]
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": self.body})

    def _policy(self) -> str:
        return _POLICY.replace("form-action 'self'", f"form-action 'self' {self.forms_end_at}".rstrip())

    def _extra(self) -> Iterable[tuple[bytes, bytes]]:
        if self.leads_to is not None:
            yield b"location", self.leads_to.encode("ascii")
        if self.retry_after is not None:
            yield b"retry-after", str(self.retry_after).encode()
        if self.allow:
            yield b"allow", self.allow.encode()
        yield from (cookie.to_encoded_header() for cookie in self.cookies)


def see(path: str) -> Answer:
    """303: what was posted is done, and the page to look at is there (RFC 9110 section 15.4.4)."""
    return Answer(status=303, leads_to=path)
