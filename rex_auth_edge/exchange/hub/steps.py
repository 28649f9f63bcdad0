"""One household's steps: each is a transaction, and its copy outside of the database is there before the next."""

import asyncio
from collections.abc import Callable
from typing import TypeVar
from uuid import UUID

from msgspec.structs import replace

from rex_auth_edge.exchange import enrolment as enrolments
from rex_auth_edge.exchange.enrolment import Enrolment
from rex_auth_edge.exchange.hub.copy import Copies, Copy
from rex_auth_edge.exchange.mirror import adopt, with_ended
from rex_auth_edge.exchange.stores.hub import SqlHub
from rex_auth_edge.exchange.trouble import LineError, Trouble
from rex_auth_edge.flows.parts import Parts
from rex_auth_edge.keys.seal import SealBrokenError
from rex_auth_edge.storage import sync_enrolments
from rex_auth_edge.storage.store import StorageUnavailableError
from rex_auth_edge.storage.tx import Tx
from rex_auth_edge.sync.hub.welcoming import seal
from rex_auth_edge.sync.me import Me

T = TypeVar("T")


class Steps:
    """`me` is where the hub stood at the end of the last one; `enrolment` with whom it is enrolled.

    Each raises LineError where the disk fails, or the enrolment can't be opened.
    """

    def __init__(self, parts: Parts, tenant_id: UUID, copies: Copies) -> None:
        self._parts = parts
        self._tenant_id = tenant_id
        self._copies = copies
        self._raw = b""
        self._one = asyncio.Lock()
        self.enrolment: Enrolment
        self.me: Me

    async def copied(self) -> Copy | None:
        """The copy, as the last step of the last start has left it."""
        return await _threaded(self._copies.read)

    async def write(self, work: Callable[[Tx, SqlHub], T], clouds: int | None = None) -> T:
        """A step that may move the hub; the ordinary tables follow. `clouds` as in `adopt`."""

        def inside(tx: Tx) -> tuple[T, Me, Enrolment, bytes]:
            store = SqlHub(tx, self._tenant_id)
            silent = store.me().silent
            done = work(tx, store)
            if silent and not store.me().silent:
                store.put_me(replace(store.me(), untold=True))
            me = seal(store)
            store.flush()
            if store.dirty:
                house = with_ended(store.shown, store.buried)
                adopt(tx, self._parts, self._tenant_id, house, tuple(store.dirty), clouds)
            return done, me, self.opened(tx), self._sealed(tx)

        async with self._one:
            try:
                done, self.me, self.enrolment, raw = await self._parts.store.write(inside, urgent=True)
            except StorageUnavailableError as error:
                raise LineError(Trouble.STORAGE) from error
            await _threaded(lambda: self._copies.write(Copy(self.me, raw)))
            return done

    async def look(self, query: Callable[[Tx, SqlHub], T]) -> T:
        """A step that leaves the hub where it stands, so that nothing is copied."""
        try:
            return await self._parts.store.write(lambda tx: query(tx, SqlHub(tx, self._tenant_id)), urgent=True)
        except StorageUnavailableError as error:
            raise LineError(Trouble.STORAGE) from error

    def _sealed(self, tx: Tx) -> bytes:
        row = sync_enrolments.get(tx.conn, self._tenant_id)
        return b"" if row is None else bytes(row.enrolment)

    def opened(self, tx: Tx) -> Enrolment:
        """The enrolment as it is within a step, opened once."""
        raw = self._sealed(tx)
        if raw != self._raw:
            try:
                self._kept = enrolments.opened(self._parts.seal, self._tenant_id, raw)
            except SealBrokenError as error:
                raise LineError(Trouble.SEALED) from error
            self._raw = raw
        return self._kept


async def _threaded(work: Callable[[], T]) -> T:
    """Also who gives up waits for the thread: nobody else has the files to themselves before."""
    working = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        return await asyncio.shield(working)
    except OSError as error:
        raise LineError(Trouble.STORAGE) from error
    finally:
        await asyncio.gather(working, return_exceptions=True)
