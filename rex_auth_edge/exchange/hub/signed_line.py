"""One request with its proof. The nonce is taken from each answer, and refusals become what the hub does next."""

import asyncio
from collections.abc import Callable
from http import HTTPStatus
from typing import TypeVar

import msgspec

from rex_auth_edge.domain.entropy import Entropy
from rex_auth_edge.domain.refusals import Code
from rex_auth_edge.exchange.hub.call import Reply
from rex_auth_edge.exchange.hub.line import Line
from rex_auth_edge.exchange.messages import TYPE
from rex_auth_edge.exchange.proof import NONCE, SCHEME, Signer
from rex_auth_edge.exchange.trouble import LineError, Trouble
from rex_auth_edge.sync.bodies import Why
from rex_auth_edge.sync.hub.pace import told_to_wait
from rex_auth_edge.sync.wire import WireError, opened

_TRIES = 3
"""A nonce may go out of use while a request is under way."""
_LONGEST = 400
"""Characters of a sentence."""
_LATER = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})
_NO_CLOUDS = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.UNSUPPORTED_MEDIA_TYPE})
"""What is answered where nobody synchronises, as by another hub."""
_MEANT: dict[str, str] = {
    Code.UNKNOWN_HUB: Why.UNKNOWN_KEY,
    Code.INVALID_PROOF: Trouble.PROOF,
    Code.BAD_REQUEST: Why.MALFORMED,
    Code.VERSION_NOT_SPOKEN: Why.VERSION,
}


class _Problem(msgspec.Struct):
    code: str = ""
    message: str = ""


_Body = TypeVar("_Body", bound=msgspec.Struct)
_problem = msgspec.json.Decoder(_Problem).decode


class SignedLine:
    """What is asked of one cloud over one line, one request after another; `signer` says who asks at present."""

    def __init__(self, line: Line, url: str, signer: Callable[[], Signer], entropy: Entropy) -> None:
        self._line = line
        self._url = url
        self._signer = signer
        self._entropy = entropy
        self._nonce = ""
        self._one = asyncio.Lock()

    def close(self) -> None:
        """Let go of the line."""
        self._line.close()

    async def ask(self, path: str, body: bytes, wait: int = 0, age: int = 0) -> bytes:
        """The answer's bytes; `wait` is how many seconds it may be kept until there is something. Raises LineError.

        `age`: so many milliseconds ago the body was made.
        """
        async with self._one:
            return await self._ask(path, body, wait, age)

    async def _ask(self, path: str, body: bytes, wait: int, age: int) -> bytes:
        doubted = False
        for _ in range(_TRIES):
            used = self._nonce
            reply = await self._line.post(path, body, self._headers(path, body, wait, age), float(wait))
            self._nonce = reply.headers.get(NONCE, self._nonce)
            if reply.status == HTTPStatus.OK:
                return _content(reply)
            problem = _read(reply)
            again = problem.code == Code.USE_NONCE and self._nonce != used
            # What has arrived twice on the way was refused the second time: that may be the answer that came.
            if not again and (problem.code != Code.INVALID_PROOF or doubted):
                raise _explained(reply, problem)
            doubted = doubted or not again
        raise LineError(Trouble.PROOF)

    def _headers(self, path: str, body: bytes, wait: int, age: int) -> dict[str, str]:
        proof = self._signer().proof("POST", self._url + path, body, self._nonce, self._entropy, age)
        headers = {"Authorization": f"{SCHEME} {proof}", "Content-Type": TYPE}
        return headers | ({"Prefer": f"wait={wait}"} if wait else {})


def body_of(answer: bytes, wanted: type[_Body]) -> _Body | None:
    """The answer, where it is of this kind. Raises LineError for what can't be read."""
    try:
        body = opened(answer)
        return body.read(wanted) if body.name == wanted.__name__ else None
    except WireError as error:
        raise LineError(Trouble.DAMAGED) from error


def _content(reply: Reply) -> bytes:
    if reply.headers.get("content-type", "").partition(";")[0].strip().lower() != TYPE:
        raise LineError(Trouble.NO_CLOUD)
    return reply.body


def _read(reply: Reply) -> _Problem:
    """What it says, where that is a problem; its sentence may be shown to people."""
    try:
        found = _problem(reply.body)
    except (msgspec.DecodeError, RecursionError):
        return _Problem()
    sound = len(found.message) <= _LONGEST and found.message.isprintable()
    return found if sound else _Problem(found.code)


def _explained(reply: Reply, problem: _Problem) -> LineError:
    status, message = reply.status, problem.message
    if status in _LATER:
        retry_after = told_to_wait(reply.headers.get("retry-after", ""), reply.headers.get("date", ""))
        often = status == HTTPStatus.TOO_MANY_REQUESTS
        return LineError(Trouble.TOO_OFTEN if often else Trouble.BUSY, retry_after, message)
    if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        return LineError(Why.TOO_LARGE, 0, message)
    if problem.code in _MEANT:
        return LineError(_MEANT[problem.code], 0, message)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return LineError(Trouble.FAILING, 0, message)
    if not problem.code or status in _NO_CLOUDS:
        return LineError(Trouble.NO_CLOUD, 0, message)
    return LineError(problem.code, 0, message)
