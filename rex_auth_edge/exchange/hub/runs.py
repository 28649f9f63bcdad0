"""The households that are enrolled, while the hub runs: what goes on about each is begun, stopped and begun anew."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from uuid import UUID

from rex_auth_edge.domain.clock import MINUTE
from rex_auth_edge.exchange import enrolment as enrolments
from rex_auth_edge.exchange.hub.copy import Copies
from rex_auth_edge.exchange.hub.household import Household
from rex_auth_edge.exchange.hub.line import Line
from rex_auth_edge.exchange.hub.loop import Loop
from rex_auth_edge.exchange.hub.rounds import Rounds
from rex_auth_edge.exchange.hub.running import Running
from rex_auth_edge.exchange.hub.signed_line import SignedLine
from rex_auth_edge.exchange.stores.hub import enrolled
from rex_auth_edge.exchange.trouble import LineError
from rex_auth_edge.exchange.waking import Waking
from rex_auth_edge.flows.parts import Parts
from rex_auth_edge.keys.seal import SealBrokenError
from rex_auth_edge.storage import sync_enrolments
from rex_auth_edge.storage.store import StorageUnavailableError
from rex_auth_edge.storage.tx import Tx

_log = logging.getLogger(__name__)
_AGAIN = 60
"""Seconds between tries to take up what couldn't be."""
Lines = Callable[[str], Line]


class Runs:
    """`running` is what goes on about each household now, `troubles` why nothing does about the others that should.

    `lines` makes a line to a cloud's address.
    """

    def __init__(self, parts: Parts, data_dir: Path, waking: Waking, lines: Lines) -> None:
        self._parts = parts
        self._data_dir = data_dir
        self._waking = waking
        self._lines = lines
        self.running: dict[UUID, Running] = {}
        self.troubles: dict[UUID, str] = {}
        self._serving = self._loops = False
        self._changing = asyncio.Lock()

    async def run(self) -> None:
        """Serve every household that is enrolled, until cancelled; one that couldn't be taken up is tried again."""
        try:
            while True:
                await self._begun()
                await asyncio.sleep(_AGAIN)  # nobody says when a disk is good again
        finally:
            await self.end()

    async def _begun(self) -> None:
        """Begin, whatever is wrong with the disk: people are served without the cloud."""
        try:
            await self.begin()
        except Exception:  # noqa: BLE001  the hub goes on
            _log.exception("Synchronisation couldn't begin; trying again in %s seconds.", _AGAIN)

    async def begin(self, *, looping: bool = True) -> None:
        """Take up every household that is enrolled; without a loop each, there are rounds by whoever asks alone."""
        async with self._changing:
            self._serving, self._loops = True, looping
            for tenant_id in await self._parts.store.read(enrolled):
                if tenant_id not in self.running:
                    await self._start(tenant_id)

    async def end(self) -> None:
        """Let go of all of them."""
        async with self._changing:
            self._serving = False
            for tenant_id in list(self.running):
                await self._stop(tenant_id)

    async def taken_up(self, tenant_id: UUID) -> Running | None:
        """What goes on about the household, begun now if it wasn't; None where it isn't enrolled, rests, or can't."""
        async with self._changing:
            if tenant_id not in self.running:
                await self._start(tenant_id)
        return self.running.get(tenant_id)

    @asynccontextmanager
    async def anew(self, tenant_id: UUID) -> AsyncIterator[None]:
        """Stop, and go on by what is written down then: one after another, so that no two go on for one household."""
        async with self._changing:
            await self._stop(tenant_id)
            try:
                yield
            finally:
                await self._start(tenant_id)

    async def _stop(self, tenant_id: UUID) -> None:
        running = self.running.pop(tenant_id, None)
        if running is not None:
            await running.close()

    async def _start(self, tenant_id: UUID) -> None:
        before = self.troubles.pop(tenant_id, None)
        row = await self._parts.store.read(lambda conn: sync_enrolments.get(conn, tenant_id))
        if not self._serving or row is None:
            return
        with suppress(SealBrokenError):  # which is told of below
            enrolment = enrolments.opened(self._parts.seal, tenant_id, bytes(row.enrolment))
            self._parts.tokens.shared[tenant_id] = UUID(bytes=enrolment.household)
        if row.paused:
            return
        household = Household(self._parts, tenant_id, Copies(self._data_dir, tenant_id))
        try:
            if await household.begin():
                _log.warning("The database was put back from before: this hub goes on as another incarnation.")
        except LineError as error:
            self.troubles[tenant_id] = error.trouble
            if error.trouble != before:
                await self._note(tenant_id, {"trouble": error.trouble})
            return
        self.running[tenant_id] = running = self._made(tenant_id, household)
        if self._loops:
            running.task = asyncio.create_task(self._looping(tenant_id, running))

    def _made(self, tenant_id: UUID, household: Household) -> Running:
        url, parts = household.enrolment.url, self._parts
        one, kept = (SignedLine(self._lines(url), url, household.signer, parts.entropy) for _ in range(2))
        rounds = Rounds(household, one, kept, parts.clock)

        async def tell(code: str | None) -> None:
            await self.round_ended(tenant_id, running, code)

        loop = Loop(parts, household, rounds, tell)
        running = Running(household, rounds, loop, (one, kept))
        return running

    async def _looping(self, tenant_id: UUID, running: Running) -> None:
        with self._waking.listening(tenant_id) as ear:
            while not running.household.me.removed:
                try:
                    await running.loop.run(ear)
                except Exception:  # noqa: BLE001  one failed round must not end the next
                    _log.exception("A round of synchronisation failed.")
                    await running.loop.pause(MINUTE)

    async def round_ended(self, tenant_id: UUID, running: Running, code: str | None) -> None:
        """A round has ended; `code` is its trouble, if any. Of what was stopped meanwhile nothing is noted."""
        values = running.round_ended(code, self._parts.clock.now())
        if values is not None and self.running.get(tenant_id) is running:
            await self._note(tenant_id, values)

    async def _note(self, tenant_id: UUID, values: dict[str, object]) -> None:
        def work(tx: Tx) -> None:
            sync_enrolments.change(tx, tenant_id, **values)

        with suppress(StorageUnavailableError):  # it is told again
            await self._parts.store.write(work)
