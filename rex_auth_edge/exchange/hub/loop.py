"""One household's loop: rounds for as long as the hub runs, woken by what is done here and by what the cloud has."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from rex_auth_edge.domain.clock import DAY, MINUTE, SECOND
from rex_auth_edge.exchange.hub.household import Household
from rex_auth_edge.exchange.hub.rounds import Rounds
from rex_auth_edge.exchange.trouble import LineError
from rex_auth_edge.exchange.waking import Ear
from rex_auth_edge.flows.parts import Parts
from rex_auth_edge.storage.faults import Fault
from rex_auth_edge.sync.bodies import Why

_KEY_LIFE = 90 * DAY
_COMPARED = DAY
"""Milliseconds after which everything is read and compared, though nothing has moved, and this hub's rows as well."""
_TOO_SOON = 5 * SECOND
"""Milliseconds within which a request that should be kept waiting isn't answered with nothing."""
_WITHOUT = 1 * MINUTE
"""Milliseconds between rounds, at most, where no request can be kept waiting."""
_LOCKED = 1 * MINUTE
"""Milliseconds between questions for revocations of a hub that is locked out."""


class Loop:
    """`tell` is called with the trouble after each round, None where there is none."""

    def __init__(
        self, parts: Parts, household: Household, rounds: Rounds, tell: Callable[[str | None], Awaitable[None]]
    ) -> None:
        self._parts = parts
        self._household = household
        self._rounds = rounds
        self._tell = tell
        self._whole_at = self._verified_at = 0
        self._until: int | None = None
        self._rest: asyncio.Event | None = None

    @property
    def retry_at(self) -> int | None:
        """When it goes on by itself, by the clock as it is set now; None while it doesn't wait."""
        now = self._parts.clock.now()
        return None if self._until is None else now.wall + self._until - now.boot

    def now(self) -> None:
        """Don't wait for the next attempt."""
        if self._rest is not None:
            self._rest.set()

    async def run(self, ear: Ear) -> None:
        """For as long as the hub isn't removed; `ear` hears what is done here."""
        while not self._household.me.removed:
            try:
                await self.once()
                await self._idle(ear)
            except LineError as error:
                await self._tell(error.trouble)
                await self.pause(self._after(error))

    async def once(self) -> None:
        """A whole round. Raises LineError."""
        if self._parts.store.trouble is Fault.FULL:
            await self._household.shed()
        old = abs(self._parts.clock.now().wall - self._household.enrolment.since) > _KEY_LIFE
        if old and not self._household.me.next_key:
            await self._household.rotate()
        await self._rounds.whole()
        self._whole_at = now = self._parts.clock.now().boot
        if now - (self._verified_at or now - _COMPARED) >= _COMPARED:
            self._verified_at = now
            await self._rounds.comparing.verify()
            await self._household.forget_kept()
        await self._tell(None)

    def _after(self, error: LineError) -> int:
        if error.trouble in {Why.LOCKED, Why.REMOVED}:
            return _LOCKED + self._parts.entropy.below(_LOCKED)
        without = min(self._rounds.patience.wait(self._parts.entropy), _WITHOUT)
        return max(self._rounds.pace.wait(self._parts.entropy, error.retry_after), without)

    async def pause(self, milliseconds: int) -> None:
        """Wait, unless somebody says `now`."""
        self._until = self._parts.clock.now().boot + milliseconds
        self._rest = asyncio.Event()
        with suppress(TimeoutError):
            async with asyncio.timeout(milliseconds / SECOND):
                await self._rest.wait()
        self._rest = self._until = None

    async def _idle(self, ear: Ear) -> None:
        """Until something has moved at the cloud; what is done here is sent meanwhile. Raises LineError."""
        moved = False
        while not moved and self._parts.clock.now().boot - self._whole_at < _COMPARED:
            began = self._parts.clock.now().boot
            moved = await self._kept_waiting(ear)
            if not moved and self._parts.clock.now().boot - began < _TOO_SOON:
                await self.pause(self._parts.entropy.below(_TOO_SOON))
            await self._tell(None)

    async def _kept_waiting(self, ear: Ear) -> bool:
        waiting = asyncio.ensure_future(self._rounds.wait())
        try:
            while not waiting.done():
                if await _heard(ear, waiting):
                    await self._rounds.send()
            return waiting.result()
        finally:
            await ended(waiting)


async def _heard(ear: Ear, waiting: asyncio.Future[bool]) -> bool:
    """Listen until `waiting` is over, at most: whether anything was done here."""
    hearing = asyncio.ensure_future(ear.hear())
    try:
        await asyncio.wait((waiting, hearing), return_when=asyncio.FIRST_COMPLETED)
        return hearing.done()
    finally:
        await ended(hearing)


async def ended(task: asyncio.Future[Any]) -> None:
    """Cancel it, and wait until it is over, however it ends."""
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
