"""The cloud's routes for hubs, ahead of the framework: bodies are no JSON, and an answer is as small as it can be."""

import asyncio
import re
from uuid import UUID

from rex_auth_edge.domain.refusals import Code, Refused, RefusedError
from rex_auth_edge.exchange.cloud.desk import Asked, CloudDesk
from rex_auth_edge.exchange.messages import PATHS, PULL, TYPE
from rex_auth_edge.exchange.proof import NONCE, SCHEME
from rex_auth_edge.sync.wire import LARGEST_BODY
from rex_auth_edge.web.addresses import client_address
from rex_auth_edge.web.asgi import App, Headers, Receive, Scope, Send, header, send_refusal
from rex_auth_edge.web.bodies import Gone, playback, whole
from rex_auth_edge.web.desk import Desk
from rex_auth_edge.web.problems import STATUS
from rex_auth_edge.web.rates import Rule

_WAIT = re.compile(rb"(?:^|[,;\s])wait\s*=\s*\"?([0-9]{1,4})", re.IGNORECASE)
_NOT_POST = Refused(Code.METHOD_NOT_ALLOWED, "Hubs ask by POST")
_UNPROVEN = 401
_GUESSES = frozenset({Code.UNKNOWN_HUB, Code.INVALID_PROOF, Code.INVALID_CLAIM_CODE, Code.BAD_REQUEST})


class SyncDoor:
    """Wraps `app`, the rest of the application."""

    def __init__(self, app: App, cloud: CloudDesk, desk: Desk) -> None:
        self._app = app
        self._cloud = cloud
        self._desk = desk
        cloud.spare = self._spare_hub

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["path"] not in PATHS:
            await self._app(scope, receive, send)
        elif scope["method"] != "POST":
            await send_refusal(send, _NOT_POST, [(b"allow", b"POST")])
        else:
            await self._answer(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        address = client_address(scope, self._desk.options)
        try:
            await self._spare(address)
            body = await whole(scope, receive, LARGEST_BODY)
            said = await self._while_there(_asked(scope, body), receive)
        except RefusedError as error:
            said = error.refused
        except Gone:
            return
        if isinstance(said, Refused):
            await self._refuse(said, address, send)
        else:
            await send({"type": "http.response.start", "status": 200, "headers": [*_head(said), self._nonce()]})
            await send({"type": "http.response.body", "body": said})

    async def _spare(self, address: str) -> None:
        """Raise RefusedError where an address has made up too much."""
        refused = await self._desk.rates.peek(Rule.UNPROVEN, "", address)
        if refused is not None:
            raise RefusedError(refused)

    async def _spare_hub(self, household: UUID, hub: bytes) -> Refused | None:
        """Count a hub's request. Where nobody can count, it is let through: what it revokes has to arrive."""
        refused = await self._desk.rates.check(Rule.HUB, f"{household} {hub.hex()}", None)
        return refused if refused is not None and refused.code is Code.RATE_LIMITED else None

    async def _refuse(self, refused: Refused, address: str, send: Send) -> None:
        if refused.code in _GUESSES:
            refused = await self._desk.rates.fail(Rule.UNPROVEN, "", address) or refused
        extra: Headers = [self._nonce()]
        if STATUS[refused.code] == _UNPROVEN:
            extra = [*extra, (b"www-authenticate", SCHEME.encode())]
        if refused.code is Code.BODY_TOO_LARGE:
            extra = [*extra, (b"connection", b"close")]
        await send_refusal(send, refused, extra)

    def _nonce(self) -> tuple[bytes, bytes]:
        return NONCE.encode(), self._cloud.nonce().encode()

    async def _while_there(self, asked: Asked, receive: Receive) -> bytes | Refused:
        """The answer; one that is kept waiting is given up when nobody listens any more. Raises Gone."""
        if not asked.wait:
            return await self._cloud.answer(asked)
        answer = asyncio.ensure_future(self._cloud.answer(asked))
        gone = asyncio.ensure_future(_disconnected(playback(b"", receive)))
        try:
            await asyncio.wait((answer, gone), return_when=asyncio.FIRST_COMPLETED)
            if not answer.done():
                raise Gone
            return answer.result()
        finally:
            answer.cancel()
            gone.cancel()


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _asked(scope: Scope, body: bytes) -> Asked:
    scheme, _, proof = (header(scope, b"authorization") or b"").decode("latin-1").partition(" ")
    wait = _WAIT.search(header(scope, b"prefer") or b"") if scope["path"] == PULL else None
    proof = proof.strip() if scheme.lower() == SCHEME.lower() else ""
    return Asked(scope["path"], body, proof, int(wait[1]) if wait else 0)


def _head(said: bytes) -> list[tuple[bytes, bytes]]:
    return [(b"content-type", TYPE.encode()), (b"content-length", str(len(said)).encode())]
