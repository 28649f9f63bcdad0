"""A tiny application inside the real shell, and clients to it: one of httpx, and one that may break the rules."""

from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx
import msgspec
from litestar import Litestar, Response, get, post
from litestar.datastructures import CacheControlHeader
from litestar.exceptions import InternalServerException
from litestar.params import FromPath, FromQuery, JSONBody

from rex_auth_edge.domain.refusals import Code, Refused, RefusedError
from rex_auth_edge.web import problems
from rex_auth_edge.web.asgi import App, Message
from rex_auth_edge.web.bodies import Bodies
from rex_auth_edge.web.options import WebOptions
from rex_auth_edge.web.shell import Shell
from tests.doubles import SeededEntropy

BASE = "http://192.168.1.5:8000"
FRONTEND = "https://app.example"
TYPED = "hunter2-was-typed"
"""What somebody typed: no log and no answer may have it."""


class Form(msgspec.Struct):
    """A body like the API's: texts that may be missing."""

    email: str | None = None
    password: str | None = None


class Nested(msgspec.Struct):
    """A body with more than texts."""

    names: list[str] = []
    form: Form | None = None


@post(["/auth/echo", "/auth/profile/picture"], status_code=200)
async def echo(data: JSONBody[Form]) -> dict[str, Any]:
    """What arrived."""
    return {"email": data.email, "length": len(data.password or "")}


@post("/auth/nested", status_code=200)
async def nested(data: JSONBody[Nested]) -> dict[str, Any]:
    """Texts in texts' containers."""
    return {"names": data.names}


@get(["/auth/me", "/auth/token/validate", "/auth/validate", "/health/live"])
async def me(page: FromQuery[int] = 1) -> dict[str, Any]:
    """Anything."""
    return {"page": page}


@get("/page", cache_control=CacheControlHeader(max_age=60), response_headers={"content-security-policy": "own"})
async def page() -> str:
    """An answer with headers of its own."""
    return "page"


@get("/refused/{code:str}")
async def refused(code: FromPath[str]) -> None:
    """A refusal."""
    raise RefusedError(Refused(Code(code), "Please do something else", {"email": "taken"}, retry_after=7))


@get("/bug")
async def bug() -> None:
    """An exception that quotes its input, as many do."""
    try:
        int(TYPED)
    except ValueError as error:
        raise LookupError(TYPED) from error


@get("/internal")
async def internal() -> None:
    """The framework's own exception for what is not the client's fault."""
    raise InternalServerException(TYPED)


@get("/unencodable")
async def unencodable() -> Response[Any]:
    """An answer that can't be made into JSON."""
    return Response(object(), media_type="application/json")


@dataclass
class Outside:
    """The shell around `inner` (the tiny application by default), and what it observed."""

    options: WebOptions = field(default_factory=lambda: WebOptions(FRONTEND))
    inner: App | None = None
    observed: list[tuple[str, str, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Assemble it as the composition root does."""
        handlers = [echo, nested, me, page, refused, bug, internal, unencodable]
        litestar = Litestar(
            handlers, exception_handlers=problems.handlers, openapi_config=None, logging_config=None,
            request_max_body_size=None,
        )  # fmt: skip
        inner = self.inner or Bodies(litestar)
        self.app = Shell(inner, self.options, frozenset({"Rex-abc.local"}), SeededEntropy(), self._observe)

    def _observe(self, kind: str, method: str, status: int, seconds: float) -> None:  # noqa: ARG002
        self.observed.append((kind, method, status))

    def client(self, address: str = "192.168.1.20") -> httpx.AsyncClient:
        """A client on the LAN."""
        return httpx.AsyncClient(transport=httpx.ASGITransport(self.app, client=(address, 40_000)), base_url=BASE)

    async def raw(
        self,
        method: str = "GET",
        path: str = "/auth/me",
        headers: Sequence[tuple[bytes, bytes]] = ((b"host", b"localhost"),),
        body: Iterable[bytes] | AsyncIterator[Message] = (),
    ) -> list[Message]:
        """The messages of an answer, to a request that no client library would send; its body is `body`'s chunks."""
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "path": path,
            "raw_path": path.encode(), "query_string": b"", "root_path": "", "scheme": "http",
            "headers": list(headers), "client": None, "server": ("127.0.0.1", 8000),
        }  # fmt: skip
        messages = body if isinstance(body, AsyncIterator) else _chunked(body)
        answered: list[Message] = []

        async def send(message: Message) -> None:
            answered.append(message)

        await self.app(scope, messages.__anext__, send)
        return answered


async def _chunked(body: Iterable[bytes]) -> AsyncIterator[Message]:
    for chunk in body:
        yield {"type": "http.request", "body": chunk, "more_body": True}
    yield {"type": "http.request", "body": b"", "more_body": False}
    yield {"type": "http.disconnect"}


def shape(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """The error's body, once it has the contract's shape."""
    body: dict[str, Any] = answer.json()
    assert (answer.status_code, body["code"]) == (status, code), answer.text
    assert answer.headers["content-type"].startswith("application/json")
    assert body["message"] == body["error"]
    assert set(body) <= {"message", "error", "code", "fields"}
    return body
