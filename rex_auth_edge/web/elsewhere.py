"""Ahead of whatever asks whose a token is: those that another node of the household has issued are looked into."""

from collections.abc import Iterator

from rex_auth_edge.domain.refusals import RefusedError
from rex_auth_edge.exchange.elsewhere import Elsewhere
from rex_auth_edge.web.asgi import App, Receive, Scope, Send, send_refusal

_SCHEME = b"bearer "
_COOKIE = "access_token"


class Introduced:
    """Wraps `app`, the rest of the application."""

    def __init__(self, app: App, elsewhere: Elsewhere) -> None:
        self._app = app
        self._elsewhere = elsewhere

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        try:
            for token in _tokens(scope):
                await self._elsewhere.look(token)
        except RefusedError as error:
            await send_refusal(send, error.refused)
        else:
            await self._app(scope, receive, send)


def _tokens(scope: Scope) -> Iterator[str]:
    for name, value in scope["headers"]:
        if name == b"authorization" and value[:7].lower() == _SCHEME:
            yield value[7:].decode("latin-1").strip()
        elif name == b"cookie":
            for pair in bytes(value).decode("latin-1").split(";"):
                key, _, token = pair.strip().partition("=")
                if key == _COOKIE and token:
                    yield token
