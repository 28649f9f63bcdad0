"""The bits of ASGI that the shell and the body reader share."""

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any

import msgspec

from rex_auth_edge.domain.refusals import Refused
from rex_auth_edge.web.problems import body_of, headers_of, status_of

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Any, Any, Any], Awaitable[None]]
Headers = Iterable[tuple[bytes, bytes]]


def header(scope: Scope, name: bytes) -> bytes | None:
    """The first header of this (lower-case) name."""
    for key, value in scope["headers"]:
        if key == name:
            return bytes(value)
    return None


async def send_refusal(send: Send, refused: Refused, extra: Headers = ()) -> None:
    """Answer with a refusal, outside of the framework."""
    body = msgspec.json.encode(body_of(refused))
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode()), *extra]
    headers += [(name.lower().encode(), value.encode()) for name, value in headers_of(refused).items()]
    await send({"type": "http.response.start", "status": status_of(refused), "headers": headers})
    await send({"type": "http.response.body", "body": body})
