"""One request for a page, from its path to its answer: found, seated, checked, done."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast
from urllib.parse import parse_qsl, quote

import msgspec
from litestar import Request

from rex_auth_edge.domain.refusals import Code, Refused, RefusedError
from rex_auth_edge.web.asgi import Scope
from rex_auth_edge.web.desk import Desk
from rex_auth_edge.web.pages.answer import Answer, see
from rex_auth_edge.web.pages.faults import fault
from rex_auth_edge.web.pages.onward import with_next
from rex_auth_edge.web.pages.table import For, Page, find
from rex_auth_edge.web.pages.turn import Turn
from rex_auth_edge.web.problems import ASK_AGAIN, internal, log_failure, status_of
from rex_auth_edge.web.visit import Visit

_SIGNED_OUT = frozenset({Code.MISSING_TOKEN, Code.INVALID_TOKEN, Code.TOKEN_EXPIRED})
_ELSEWHERE = _SIGNED_OUT | {Code.FRESH_SIGN_IN_REQUIRED}
_NOT_THIS_WAY = Refused(Code.METHOD_NOT_ALLOWED, "Pages are looked at, and their forms are sent; nothing else")


def is_page(path: str) -> bool:
    """Whether there is a page at the path."""
    return find(path) is not None


async def answer(desk: Desk, scope: Scope, path: str, body: bytes) -> Answer:
    """What the page at the path answers; `is_page` has found it."""
    found = find(path)
    if found is None:
        raise LookupError(path)
    page, named = found
    request: Request[Any, Any, Any] = Request(cast("Any", scope))
    turn = Turn(Visit(request, desk), path, named, _query(scope), _form(body))
    answered = await _answered(page, turn, scope["method"])
    answered.cookies = [*turn.cookies, *answered.cookies]
    return answered


def _query(scope: Scope) -> Mapping[str, str]:
    return dict(parse_qsl(scope["query_string"].decode(), keep_blank_values=True, errors="replace"))


def _form(body: bytes) -> Mapping[str, str]:
    """The texts among the body's fields; `bodies` has made one JSON object of whatever was sent."""
    try:
        sent = msgspec.json.decode(body, type=dict[str, Any]) if body else {}
    except RecursionError:  # it was just not too deep for `bodies`, a few frames further up
        sent = {}
    return {name: value for name, value in sent.items() if isinstance(value, str)}


async def _answered(page: Page, turn: Turn, method: str) -> Answer:
    """The page's answer. Whatever happens, the session's next tokens are set: one that was renewed isn't lost."""
    try:
        if page.who is For.MEMBERS:
            await turn.sit()
        elif page.who is For.ANYBODY:
            await turn.anybody()
        return await _run(page, turn, method)
    except RefusedError as error:
        return _refused(page, turn, error.refused)
    except Exception as error:  # noqa: BLE001 - the last resort
        log_failure(error)
        return fault(internal)


async def _run(page: Page, turn: Turn, method: str) -> Answer:
    if method == "GET":
        return see(_place(page, turn)) if page.back else await page.show(turn)
    if method != "POST" or page.act is None:
        return replace(fault(_NOT_THIS_WAY), allow="GET, HEAD" if page.act is None else "GET, HEAD, POST")
    try:
        turn.check_form()
        return await page.act(turn)
    except RefusedError as error:
        if error.refused.code in _ELSEWHERE:
            raise
        turn.refused = error.refused
        answer = await page.show(turn)
        return replace(answer, status=status_of(error.refused), retry_after=_again(error.refused))


def _place(page: Page, turn: Turn) -> str:
    """The page's own path or, of a button, that of the page which it is on; what paths name is quoted (RFC 3986)."""
    if page.back is None:
        return turn.path
    return page.back.format_map({name: quote(text, safe="") for name, text in turn.named.items()})


def _again(refused: Refused) -> int | None:
    return refused.retry_after or 1 if status_of(refused) in ASK_AGAIN else None


def _refused(page: Page, turn: Turn, refused: Refused) -> Answer:
    """To where the refusal can be mended: the sign-in, or the password once more; else a page that says it."""
    onward = _place(page, turn)
    if refused.code in _SIGNED_OUT and page.who is not For.STRANGERS:
        if refused.code is Code.INVALID_TOKEN:
            turn.sign_out()
        return see(with_next("/sign-in", onward))
    if refused.code is Code.FRESH_SIGN_IN_REQUIRED:
        return see(with_next("/confirm", onward))
    return fault(refused)
