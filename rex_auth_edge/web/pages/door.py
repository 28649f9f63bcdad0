"""Where requests for pages come in; and errors of the rest in the pages' clothes, for people.

Pages are plain ASGI before the framework, and read in when the first is asked for: forty more routes of the framework's
would cost the hub's start and memory, also where nobody looks at a page.
"""

from rex_auth_edge.web.asgi import App, Message, Receive, Scope, Send, header
from rex_auth_edge.web.desk import Desk
from rex_auth_edge.web.problems import internal

_API = ("/auth", "/api", "/household", "/health", "/.well-known", "/openapi.json", "/docs")
_NOT_FOUND, _FIRST_ERROR = 404, 400


class Pages:
    """Wraps `app`, the rest of the application, behind the reader of bodies."""

    def __init__(self, app: App, desk: Desk) -> None:
        self._app = app
        self._desk = desk

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        path = scope["path"].rstrip("/") or "/"
        if any(path == root or path.startswith(f"{root}/") for root in _API):
            await self._app(scope, receive, send)
            return
        from rex_auth_edge.web.pages import serving  # noqa: PLC0415 - for people only

        # At the hub's bare address programs find what the contract says: nothing.
        hidden = path == "/" and not (scope["method"] == "GET" and _by_a_person(scope))
        if hidden or not serving.is_page(path):
            await self._app(scope, receive, _dressed(send) if _by_a_person(scope) else send)
            return
        body = (await receive())["body"] if scope["method"] == "POST" else b""
        await (await serving.answer(self._desk, scope, path, body)).sent(send)


def _by_a_person(scope: Scope) -> bool:
    """Whether a browser asks for a page to look at."""
    return b"text/html" in (header(scope, b"accept") or b"")


def _dressed(send: Send) -> Send:
    """`send`, with errors as pages."""
    from rex_auth_edge.web.pages.faults import NOTHING_HERE, fault  # noqa: PLC0415 - likewise

    undressed = True

    async def dressing(message: Message) -> None:
        nonlocal undressed
        if message["type"] == "http.response.start" and message["status"] >= _FIRST_ERROR:
            undressed = False
            page = fault(NOTHING_HERE if message["status"] == _NOT_FOUND else internal)
            page.status = message["status"]
            await page.sent(send)
        elif undressed:
            await send(message)

    return dressing
