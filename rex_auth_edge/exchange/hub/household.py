"""One household's end: each step is one transaction, and its copy outside of the database is there before the next."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import TypeVar
from uuid import UUID

import sqlalchemy as sa
from msgspec import Struct
from msgspec.structs import replace

from rex_auth_edge.exchange import enrolment as enrolments
from rex_auth_edge.exchange.enrolment import Enrolment
from rex_auth_edge.exchange.hub import reborn
from rex_auth_edge.exchange.hub.copy import Copies, Copy
from rex_auth_edge.exchange.mirror import adopt, beyond, capture, failures, listed, people_of, recapture, with_ended
from rex_auth_edge.exchange.proof import HubKey, Signer
from rex_auth_edge.exchange.stores.hub import SqlHub
from rex_auth_edge.exchange.stores.scribes import HubScribe
from rex_auth_edge.exchange.stores.shown import Shown
from rex_auth_edge.exchange.trouble import LineError, Trouble
from rex_auth_edge.flows.parts import Parts
from rex_auth_edge.keys.seal import SealBrokenError
from rex_auth_edge.storage import sync_enrolments
from rex_auth_edge.storage.columns import portions
from rex_auth_edge.storage.store import StorageUnavailableError
from rex_auth_edge.storage.tx import Touch, Tx, What
from rex_auth_edge.sync.bodies import Compared, Page, Refusal
from rex_auth_edge.sync.digest import Path
from rex_auth_edge.sync.hub import asking, comparing
from rex_auth_edge.sync.hub.applying import apply, read
from rex_auth_edge.sync.hub.settling import settle
from rex_auth_edge.sync.hub.shedding import shed
from rex_auth_edge.sync.hub.welcoming import seal, start
from rex_auth_edge.sync.me import Me
from rex_auth_edge.sync.order import Lane
from rex_auth_edge.sync.wire import WireError

T = TypeVar("T")

_ROWS_AT_ONCE = 50
"""People, sessions or devices that are compared with their cells in one transaction."""
_AT_ONCE = 2000
"""Rows that are summed up in one transaction."""
_KEPT_RECORDS = 2000
"""How many records that wait for the cloud are kept on a full disk."""


class Household:
    """`me` is where it stood at the end of the last step; `enrolment` with whom it is enrolled."""

    def __init__(self, parts: Parts, tenant_id: UUID, copies: Copies) -> None:
        self._parts = parts
        self.tenant_id = tenant_id
        self._copies = copies
        self._flipped = self._checked = self._settled = False
        self._raw = b""
        self._made = (b"", 0)
        self._one = asyncio.Lock()
        self.enrolment: Enrolment
        self.me: Me

    async def begin(self) -> bool:
        """Compare the database with its copy: whether it was put back from before. Raises LineError.

        Another program may have run before this one: what that didn't understand, or this one doesn't, is read anew.
        """
        copy = await self._copied(self._copies.read)

        def work(tx: Tx, store: SqlHub) -> bool:
            if not start(store, None if copy is None else copy.me):
                if not store.me().silent:
                    adopt(tx, self._parts, self.tenant_id, store.shown, beyond(tx.conn, self.tenant_id))
                return False
            if copy is not None:
                sync_enrolments.change(tx, self.tenant_id, enrolment=copy.enrolment)
            reborn.as_incarnation(tx, self._parts)
            return True

        return await self._do(work)

    def signer(self) -> Signer:
        """Who signs the next request."""
        public = self.enrolment.other(self.me.key) if self._flipped else self.me.key
        return self.enrolment.signer(self.me.id, public)

    def flip(self) -> None:
        """Sign with the other key from now on: the cloud may have been restored to when that one was good."""
        self._flipped = not self._flipped

    async def request(self, most: int) -> bytes | None:
        """The next request that changes something at the cloud, written down before it is sent. Raises LineError."""
        return await self._do(lambda tx, store: self._request(tx, store, most))

    def _request(self, tx: Tx, store: SqlHub, most: int) -> bytes | None:
        made = asking.push(store, most, partial(failures.measured, tx, self._parts, self.tenant_id))
        if made is not None and made != self._made[0]:
            self._made = (made, tx.now.boot)
        return made

    def age(self, request: bytes) -> int:
        """How long ago the request was made, in milliseconds, as far as this process knows."""
        made, since = self._made
        return max(0, self._parts.clock.now().boot - since) if made == request else 0

    async def urgent(self) -> bool:
        """Whether anything waits that closes doors. Raises LineError."""
        return await self._look(lambda _, store: bool(store.waiting(Lane.SECURITY, 1)))

    async def question(self, lane: Lane) -> bytes:
        """Ask for a lane's next rows. Raises LineError."""
        return await self._look(lambda _, store: asking.pull(store, lane))

    async def take(self, request: bytes, answer: bytes) -> Struct:
        """Take the answer to a request, and bring the ordinary tables to what it says, a part at a time.

        What has come back by it, and is much, is for `settle`. Raises LineError.
        """
        try:
            parts = read(answer)
            for part in parts:
                await self._take(request, part)
        except WireError as error:
            raise LineError(Trouble.DAMAGED) from error
        self._flipped = self._flipped and isinstance(parts[-1], Refusal)
        return parts[-1]

    async def _take(self, request: bytes, part: Struct) -> None:
        def work(tx: Tx, store: SqlHub) -> bool:
            before = store.me()
            settled = apply(store, request, part)
            if store.me().incarnation != before.incarnation and not before.restored:
                reborn.as_incarnation(tx, self._parts)
            return settled

        epoch = self.me.epoch
        settled = await self._do(work, part.now or None if isinstance(part, Page) else None)
        self._checked = self._checked and self.me.epoch == epoch  # whom a restored cloud has lost may be in here still
        self._settled = self._settled and settled

    async def settle(self) -> bool:
        """Take off some more of what has come back, also from before this start: whether any is left."""
        if not self._settled:
            self._settled = await self._do(lambda _, store: settle(store))
        return not self._settled

    async def branch(self, lane: Lane, path: Path) -> bytes:
        """Ask what lies below a branch of the digest's tree."""
        return await self._look(lambda _, store: comparing.question(store, lane, path))

    async def further(self, lane: Lane, path: Path, compared: Compared) -> list[Path]:
        """Where to ask next; below a leaf both ends are equal now."""
        return await self._do(lambda _, store: comparing.further(store, lane, path, compared))

    async def recount(self, lane: Lane, first: int) -> tuple[int, int]:
        """See `SqlRows.recount`; what it changes is what this hub alone has."""
        return await self._look(lambda _, store: store.recount(lane, first, _AT_ONCE))

    async def forget_kept(self) -> None:
        """See `SqlHub.forget_kept`."""
        await self._do(lambda _, store: store.forget_kept())

    async def check(self) -> None:
        """Once after each start, when all has been read: what the tables here say and the cells don't is written.

        That is nothing, but after a restore: what the hub had begun since is over; after one of the cloud, which has
        lost people who are in here; and where it is `untold`: there it is done before as well. Some at a time, since
        whoever signs in waits meanwhile; what is done in between is written by itself.
        """
        if (self._checked and not self.me.untold) or self.me.silent:
            return
        parts, tenant_id, node = self._parts, self.tenant_id, self.me.id
        await self._compare(lambda conn: people_of(conn, tenant_id))
        await self._compare(lambda conn: listed(conn, parts, tenant_id, Shown(conn, tenant_id), node))
        while await self._do(self._tell_log):
            pass
        self._checked = not self.me.untold
        if self.me.untold:
            await self._do(lambda _, store: store.put_me(replace(store.me(), untold=False)))

    async def _compare(self, which: Callable[[sa.Connection], list[Touch]]) -> None:
        try:
            found = await self._parts.store.read(which)
        except StorageUnavailableError as error:
            raise LineError(Trouble.STORAGE) from error
        for some in portions(found, _ROWS_AT_ONCE):
            await self._do(lambda tx, store, each=some: self._recapture(tx, store, each))  # type: ignore[misc]

    def _recapture(self, tx: Tx, store: SqlHub, some: list[Touch]) -> None:
        if not store.me().silent:
            recapture(tx, self._parts, HubScribe(store), self.tenant_id, some)

    def _tell_log(self, tx: Tx, store: SqlHub) -> bool:
        """Write what others haven't heard of the audit log, some at a time: whether there was any."""
        touches = {Touch(What.AUDIT, tx.node.id)}
        return bool(capture(tx, self._parts, HubScribe(store), self.tenant_id, touches))

    async def shed(self) -> int:
        """Make room on a full disk: drop the oldest records that the cloud hasn't got; how many."""
        return await self._do(lambda _, store: shed(store, _KEPT_RECORDS))

    async def rotate(self) -> None:
        """Begin to sign with a new key: the old one vouches for it in the next Hello."""
        key = HubKey.make(self._parts.entropy)

        def work(tx: Tx, store: SqlHub) -> None:
            me = store.me()
            changed = self._opened(tx).with_key(key, me.key, tx.now.wall)
            raw = enrolments.sealed(self._parts.seal, self.tenant_id, changed)
            sync_enrolments.change(tx, self.tenant_id, enrolment=raw)
            store.put_me(replace(me, next_key=key.public, greeted=False))

        await self._do(work)

    async def _do(self, work: Callable[[Tx, SqlHub], T], clouds: int | None = None) -> T:
        def inside(tx: Tx) -> tuple[T, Me, Enrolment, bytes]:
            store = SqlHub(tx, self.tenant_id)
            silent = store.me().silent
            done = work(tx, store)
            if silent and not store.me().silent:
                store.put_me(replace(store.me(), untold=True))
            me = seal(store)
            store.flush()
            if store.dirty:
                house = with_ended(store.shown, store.buried)
                adopt(tx, self._parts, self.tenant_id, house, tuple(store.dirty), clouds)
            return done, me, self._opened(tx), self._sealed(tx)

        async with self._one:
            try:
                done, self.me, self.enrolment, raw = await self._parts.store.write(inside, urgent=True)
            except StorageUnavailableError as error:
                raise LineError(Trouble.STORAGE) from error
            await self._copied(lambda: self._copies.write(Copy(self.me, raw)))
            return done

    async def _look(self, query: Callable[[Tx, SqlHub], T]) -> T:
        """A step that leaves the hub where it stands, so that nothing is copied."""
        try:
            return await self._parts.store.write(lambda tx: query(tx, SqlHub(tx, self.tenant_id)), urgent=True)
        except StorageUnavailableError as error:
            raise LineError(Trouble.STORAGE) from error

    def _sealed(self, tx: Tx) -> bytes:
        row = sync_enrolments.get(tx.conn, self.tenant_id)
        return b"" if row is None else bytes(row.enrolment)

    def _opened(self, tx: Tx) -> Enrolment:
        raw = self._sealed(tx)
        if raw != self._raw:
            try:
                self._kept = enrolments.opened(self._parts.seal, self.tenant_id, raw)
            except SealBrokenError as error:
                raise LineError(Trouble.SEALED) from error
            self._raw = raw
        return self._kept

    async def _copied(self, work: Callable[[], T]) -> T:
        """Also who gives up waits for the thread: nobody else has the files to themselves before."""
        working = asyncio.ensure_future(asyncio.to_thread(work))
        try:
            return await asyncio.shield(working)
        except OSError as error:
            raise LineError(Trouble.STORAGE) from error
        finally:
            await asyncio.gather(working, return_exceptions=True)
