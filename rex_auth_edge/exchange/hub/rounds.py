"""One round with the cloud: send what waits, read what is new, compare. What closes doors comes between everything."""

import asyncio
from collections.abc import Awaitable, Callable

from rex_auth_edge.domain.clock import SECOND, Clock
from rex_auth_edge.exchange.hub.comparing import Comparing
from rex_auth_edge.exchange.hub.household import Household
from rex_auth_edge.exchange.hub.signed_line import SignedLine, body_of
from rex_auth_edge.exchange.messages import HELLO, PULL, PUSH, WAIT
from rex_auth_edge.exchange.trouble import LineError, Trouble
from rex_auth_edge.sync.bodies import NEWEST, OLDEST, Hello, Page, Refusal, Why
from rex_auth_edge.sync.hub.pace import Pace
from rex_auth_edge.sync.order import START, Lane, Position
from rex_auth_edge.sync.wire import encode, name_of

_GREETINGS = 3
"""Times that the cloud may ask for an introduction in one round."""
_URGENT = SECOND
"""Milliseconds after which what closes doors is read in between."""


class Rounds:
    """What a household and its cloud have to say to each other. Whatever fails raises LineError, the pace being told.

    `patience` is the pace of requests that are kept waiting: a proxy may cut those off, and let all others through.
    """

    def __init__(self, household: Household, asking: SignedLine, kept: SignedLine, clock: Clock) -> None:
        self._household = household
        self._asking = asking
        self._kept = kept
        self._clock = clock
        self._upto: Position = START
        self._urgent_at = 0
        self._one = asyncio.Lock()
        self.pace = self.patience = Pace()
        self.comparing = Comparing(household.steps, asking)

    async def whole(self) -> None:
        """Until nothing waits, and all is read that there was."""
        async with self._one:
            for left in reversed(range(_GREETINGS)):
                try:
                    await self._paced(self._whole)
                except LineError as error:
                    if error.trouble != Why.GREET or not left:
                        raise
                else:
                    return

    async def send(self) -> None:
        """What waits, and nothing else."""
        async with self._one:
            await self._paced(self._send)

    async def wait(self) -> bool:
        """Ask for what closes doors, and be kept waiting for it: whether anything has moved."""
        before = self._upto
        try:
            await self._paced(self._wait)
        except LineError:
            self.patience = self.patience.failed()
            raise
        self.patience = Pace()
        return self._upto > before

    async def _wait(self) -> None:
        request = await self._household.question(Lane.SECURITY)
        await self._page(Lane.SECURITY, request, await self._kept.ask(PULL, request, WAIT))

    async def _paced(self, work: Callable[[], Awaitable[None]]) -> None:
        try:
            await work()
        except LineError as error:
            if error.trouble == Why.UNKNOWN_KEY:
                self._household.flip()
            if error.trouble == Trouble.TOO_OFTEN:
                self.pace = self.pace.too_often()
            elif error.trouble != Why.GREET:
                self.pace = self.pace.failed()
            raise

    async def _whole(self) -> None:
        me = self._household.me
        if me.locked or me.removed:
            await self._read(Lane.SECURITY)
        await self._met()
        if not me.greeted or me.pending:
            await self._send_one()
            await self._met()
        await self._read(Lane.SECURITY)
        await self._send()
        for lane in Lane:
            await self._read(lane)
        await self._settled()
        await self._household.check()
        await self._send()
        for lane in Lane:
            if lane not in self.comparing.agreed:
                await self._ask(lane)
        while behind := [lane for lane in Lane if self._household.me.cursors[lane] < self._upto]:
            # A later lane's answer has told of more than an earlier one's: nothing waits at the cloud for what is read.
            for lane in behind:
                await self._read(lane)

    async def _met(self) -> None:
        """Until what an introduction has begun is done, and what was done before it is written."""
        while not self._household.me.met:
            await self._household.settle()
        if self._household.me.untold:
            await self._household.check()

    async def _settled(self) -> None:
        """Until nothing lies on what it has become any more."""
        while await self._household.settle():
            await self._read_urgent()
            await self._send_urgent()

    async def _send(self) -> None:
        while await self._send_one():
            await self._read_urgent()

    async def _send_one(self) -> bool:
        """One request that changes something: whether there was one."""
        request = await self._household.request(self.pace.most)
        if request is None:
            return False
        try:
            path = HELLO if name_of(request) == Hello.__name__ else PUSH
            answer = await self._asking.ask(path, request, age=self._household.age(request))
        except LineError as error:
            if error.trouble != Why.TOO_LARGE:
                raise
            self.pace = self.pace.too_large()
            await self._household.take(request, encode(Refusal(Why.TOO_LARGE)))
            return True
        await self._take(request, answer)
        self.pace = self.pace.succeeded()
        return True

    async def _take(self, request: bytes, answer: bytes) -> None:
        said = await self._household.take(request, answer)
        if isinstance(said, Refusal):
            raise LineError(_trouble(said), said.retry_after)

    async def _read(self, lane: Lane) -> None:
        """All that the lane has."""
        if lane is Lane.SECURITY:
            self._urgent_at = self._clock.now().boot
            while await self._ask(lane):
                pass
        while self._household.me.cursors[lane] < self._upto:
            await self._ask(lane)
            await self._read_urgent()
            await self._send_urgent()

    async def _send_urgent(self) -> None:
        """What closes doors, and was done here while something else is read: that may take long, and has no hurry."""
        while await self._household.urgent() and await self._send_one():
            pass

    async def _read_urgent(self) -> None:
        if self._clock.now().boot - self._urgent_at >= _URGENT:
            await self._read(Lane.SECURITY)

    async def _ask(self, lane: Lane) -> bool:
        request = await self._household.question(lane)
        return await self._page(lane, request, await self._asking.ask(PULL, request))

    async def _page(self, lane: Lane, request: bytes, answer: bytes) -> bool:
        """Take a page: whether there is more, or may be."""
        page, me = body_of(answer, Page), self._household.me
        if page is None or _says_something(page, me.cursors[lane]) or page.durable > me.durable:
            await self._take(request, answer)
        if page is None:
            raise LineError(Trouble.DAMAGED)
        if page.partial:
            if page.upto <= max(me.heard, me.cursors[lane]):
                raise LineError(Why.LOCKED)
            return True
        self.pace = self.pace.succeeded()
        self._upto = max(self._upto, page.upto)
        await self.comparing.heed(lane, page)
        return bool(page.rows) or not page.whole


def _trouble(said: Refusal) -> str:
    """Of versions: who has to be brought up to date; where both speak one by now, they have to meet again."""
    if said.code != Why.VERSION:
        return said.code
    if said.oldest > NEWEST:
        return Trouble.HUB_OLDER
    return Trouble.CLOUD_OLDER if said.newest < OLDEST else Why.GREET


def _says_something(page: Page, cursor: Position) -> bool:
    return page.partial or bool(page.gone) or page.upto != cursor
