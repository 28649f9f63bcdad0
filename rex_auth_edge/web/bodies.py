"""Bodies: bounded, JSON or form, always handed on as one well-formed JSON object."""

import asyncio
import json
import re
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from rex_auth_edge.domain.refusals import Code, Refused, RefusedError
from rex_auth_edge.web.asgi import App, Message, Receive, Scope, Send, header, send_refusal
from rex_auth_edge.web.problems import too_deep

LARGEST = 1024 * 1024
LARGEST_PICTURE = 3 * 1024 * 1024
"""A picture of 2 MiB is 2.7 MiB in base64."""
PATIENCE = 30.0
"""Seconds in which a body has to arrive."""

_WITH_BODY = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_TOO_LARGE = Refused(Code.BODY_TOO_LARGE, "The request's body is too large")
_TOO_SLOW = Refused(Code.BAD_REQUEST, "The request's body took too long to arrive")
_NOT_JSON = Refused(Code.BAD_REQUEST, "The body is not valid JSON")
_NOT_OBJECT = Refused(Code.BAD_REQUEST, "The body must be a JSON object")
_NOT_FORM = Refused(Code.BAD_REQUEST, "The body is not a valid form")
_NOT_READ = Refused(Code.UNSUPPORTED_MEDIA_TYPE, "Send the body as application/json or as a form")
_BROKEN_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_UNWRITABLE = re.compile(r"[\x00\ud800-\udfff]")


class Gone(Exception):  # noqa: N818 - not an error: the client has hung up
    """The client went away before its body was there."""


class Bodies:
    """Between the shell and the framework: reads the whole body, checks it, and plays it back as JSON."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http" or scope["method"] not in _WITH_BODY:
            await self._app(scope, receive, send)
            return
        try:
            body = await _object(scope, receive)
        except RefusedError as error:
            unread = error.refused is _TOO_LARGE or error.refused is _TOO_SLOW
            closing = [(b"connection", b"close")] if unread else []
            await send_refusal(send, error.refused, closing)
        except Gone:
            return
        else:
            await self._app(_as_json(scope, body), playback(body, receive), send)


async def _object(scope: Scope, receive: Receive) -> bytes:
    """The body as one JSON object. Raises RefusedError, Gone."""
    raw = await whole(scope, receive, LARGEST_PICTURE if scope["path"].endswith("/picture") else LARGEST)
    if not raw:
        return b"{}"
    kind = (header(scope, b"content-type") or b"").partition(b";")[0].strip().lower()
    if kind == b"application/x-www-form-urlencoded":
        return _checked(_form(raw))
    if kind and kind != b"application/json" and not kind.endswith(b"+json"):
        raise RefusedError(_NOT_READ)
    try:
        return _checked(_json(raw))
    except RecursionError:
        raise RefusedError(too_deep) from None


async def whole(scope: Scope, receive: Receive, largest: int) -> bytes:
    """The body, `largest` bytes at most: one that says that it is larger isn't read. Raises RefusedError, Gone."""
    declared = header(scope, b"content-length") or b""
    if declared.isdigit() and int(declared[:19]) > largest:
        raise RefusedError(_TOO_LARGE)
    try:
        async with asyncio.timeout(PATIENCE):
            return await _read(receive, largest)
    except TimeoutError:
        raise RefusedError(_TOO_SLOW) from None


async def _read(receive: Receive, largest: int) -> bytes:
    chunks, size = [], 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Gone
        chunks.append(message.get("body", b""))
        size += len(chunks[-1])
        if size > largest:
            raise RefusedError(_TOO_LARGE)
        if not message.get("more_body"):
            return b"".join(chunks)


def _json(raw: bytes) -> dict[str, Any]:
    try:
        content = msgspec.json.decode(raw)
    except msgspec.DecodeError:
        content = _with_surrogates(raw)
    except UnicodeDecodeError:
        raise RefusedError(_NOT_JSON) from None
    if not isinstance(content, dict):
        raise RefusedError(_NOT_OBJECT)
    return content


def _with_surrogates(raw: bytes) -> Any:
    """What msgspec can't read, once more: it says only "malformed" of lone surrogates, and can't name their field."""
    try:
        content = json.loads(raw.decode())
        json.dumps(content, allow_nan=False)
    except ValueError:
        raise RefusedError(_NOT_JSON) from None
    return content


def _form(raw: bytes) -> dict[str, Any]:
    if _BROKEN_ESCAPE.search(raw):
        raise RefusedError(_NOT_FORM)
    try:
        pairs = parse_qsl(raw.decode(), keep_blank_values=True, errors="strict", max_num_fields=100)
    except ValueError:
        raise RefusedError(_NOT_FORM) from None
    return dict(pairs)


def _checked(content: dict[str, Any]) -> bytes:
    """The object again, once none of its texts holds what no database would keep."""
    for name, value in content.items():
        if isinstance(value, str) and _UNWRITABLE.search(value):
            shown = _UNWRITABLE.sub("", name[:64])
            fields = {shown: "null characters and lone surrogates are not allowed"}
            raise RefusedError(Refused(Code.INVALID_FIELD, f"Characters that can't be kept in: {shown}", fields))
    try:
        return msgspec.json.encode(content)
    except UnicodeEncodeError:
        # A lone surrogate in a name, or deeper than the texts that anybody reads.
        raise RefusedError(_NOT_JSON) from None


def _as_json(scope: Scope, body: bytes) -> Scope:
    replaced = {b"content-type", b"content-length", b"transfer-encoding"}
    headers = [pair for pair in scope["headers"] if pair[0] not in replaced]
    headers += [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    return {**scope, "headers": headers}


def playback(body: bytes, receive: Receive) -> Receive:
    """The body in one piece; after it, whatever the server says (that the client has gone)."""
    first: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return first.pop() if first else await receive()

    return replay
