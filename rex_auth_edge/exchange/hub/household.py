"""One household's end of the line: what is asked of the cloud next, and what its answers come to in the tables here."""

from functools import partial
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from rex_auth_edge.exchange import enrolment as enrolments
from rex_auth_edge.exchange.enrolment import Enrolment
from rex_auth_edge.exchange.hub import identity
from rex_auth_edge.exchange.hub.copy import Copies
from rex_auth_edge.exchange.hub.steps import Steps
from rex_auth_edge.exchange.mirror import adopt, bans, beyond, recapture, recapture_all
from rex_auth_edge.exchange.proof import HubKey, Signer
from rex_auth_edge.exchange.stores.hub import SqlHub
from rex_auth_edge.exchange.stores.scribes import HubScribe
from rex_auth_edge.exchange.trouble import LineError, Trouble
from rex_auth_edge.flows.parts import Parts
from rex_auth_edge.storage import sync_enrolments
from rex_auth_edge.storage.store import StorageUnavailableError
from rex_auth_edge.storage.tx import Touch, Tx
from rex_auth_edge.sync.bodies import Page, Refusal
from rex_auth_edge.sync.hub import asking
from rex_auth_edge.sync.hub.applying import apply, read
from rex_auth_edge.sync.hub.settling import settle
from rex_auth_edge.sync.hub.shedding import shed
from rex_auth_edge.sync.hub.welcoming import start
from rex_auth_edge.sync.me import Me
from rex_auth_edge.sync.order import Lane
from rex_auth_edge.sync.wire import WireError

_KEPT_RECORDS = 2000
"""How many records that wait for the cloud are kept on a full disk."""


class Household:
    """What rounds and their loop ask for, in `steps`; whatever waits for them raises LineError."""

    def __init__(self, parts: Parts, tenant_id: UUID, copies: Copies) -> None:
        self._parts = parts
        self.tenant_id = tenant_id
        self.steps = Steps(parts, tenant_id, copies)
        self._flipped = self._checked = self._settled = False
        self._made = (b"", 0)

    @property
    def me(self) -> Me:
        """Where the hub stood at the end of the last step."""
        return self.steps.me

    @property
    def enrolment(self) -> Enrolment:
        """With whom the household is enrolled."""
        return self.steps.enrolment

    async def begin(self) -> bool:
        """Compare the database with its copy: whether it was put back from before.

        Another program may have run before this one: what that didn't understand, or this one doesn't, is read anew.
        """
        copy = await self.steps.copied()

        def work(tx: Tx, store: SqlHub) -> bool:
            if not start(store, None if copy is None else copy.me):
                if not store.me().silent:
                    adopt(tx, self._parts, self.tenant_id, store.shown, beyond(tx.conn, self.tenant_id))
                return False
            if copy is not None:
                sync_enrolments.change(tx, self.tenant_id, enrolment=copy.enrolment)
            identity.as_incarnation(tx, self._parts)
            return True

        return await self.steps.write(work)

    def signer(self) -> Signer:
        """Who signs the next request."""
        public = self.enrolment.other(self.me.key) if self._flipped else self.me.key
        return self.enrolment.signer(self.me.id, public)

    def flip(self) -> None:
        """Sign with the other key from now on: the cloud may have been restored to when that one was good."""
        self._flipped = not self._flipped

    async def request(self, most: int) -> bytes | None:
        """The next request that changes something at the cloud, written down before it is sent."""
        return await self.steps.write(lambda tx, store: self._request(tx, store, most))

    def _request(self, tx: Tx, store: SqlHub, most: int) -> bytes | None:
        made = asking.push(store, most, partial(bans.measured, tx, self._parts, self.tenant_id))
        if made is not None and made != self._made[0]:
            self._made = (made, tx.now.boot)
        return made

    def age(self, request: bytes) -> int:
        """How long ago the request was made, in milliseconds, as far as this process knows."""
        made, since = self._made
        return max(0, self._parts.clock.now().boot - since) if made == request else 0

    async def urgent(self) -> bool:
        """Whether anything waits that closes doors."""
        return await self.steps.look(lambda _, store: bool(store.waiting(Lane.SECURITY, 1)))

    async def question(self, lane: Lane) -> bytes:
        """Ask for a lane's next rows."""
        return await self.steps.look(lambda _, store: asking.pull(store, lane))

    async def take(self, request: bytes, answer: bytes) -> Struct:
        """Take the answer to a request, and bring the ordinary tables to what it says, a part at a time.

        What has come back by it, and is much, is for `settle`.
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
                identity.as_incarnation(tx, self._parts)
            return settled

        epoch = self.me.epoch
        settled = await self.steps.write(work, part.now or None if isinstance(part, Page) else None)
        self._checked = self._checked and self.me.epoch == epoch  # whom a restored cloud has lost may be in here still
        self._settled = self._settled and settled

    async def settle(self) -> bool:
        """Take off some more of what has come back, also from before this start: whether any is left."""
        if not self._settled:
            self._settled = await self.steps.write(lambda _, store: settle(store))
        return not self._settled

    async def forget_kept(self) -> None:
        """See `SqlHub.forget_kept`."""
        await self.steps.write(lambda _, store: store.forget_kept())

    async def check(self) -> None:
        """Once after each start, when all has been read: what the tables here say and the cells don't is written.

        That is nothing, but after a restore: what the hub had begun since is over; after one of the cloud, which has
        lost people who are in here; and where it is `untold`: there it is done before as well.
        """
        if (self._checked and not self.me.untold) or self.me.silent:
            return
        try:
            await recapture_all(self._parts, self.tenant_id, self._recapture)
        except StorageUnavailableError as error:
            raise LineError(Trouble.STORAGE) from error
        self._checked = not self.me.untold
        if self.me.untold:
            await self.steps.write(lambda _, store: store.put_me(replace(store.me(), untold=False)))

    async def _recapture(self, some: list[Touch]) -> bool:
        def work(tx: Tx, store: SqlHub) -> bool:
            silent = store.me().silent
            return not silent and bool(recapture(tx, self._parts, HubScribe(store), self.tenant_id, some))

        return await self.steps.write(work)

    async def shed(self) -> int:
        """Make room on a full disk: drop the oldest records that the cloud hasn't got; how many."""
        return await self.steps.write(lambda _, store: shed(store, _KEPT_RECORDS))

    async def rotate(self) -> None:
        """Begin to sign with a new key: the old one vouches for it in the next Hello."""
        key = HubKey.make(self._parts.entropy)

        def work(tx: Tx, store: SqlHub) -> None:
            me = store.me()
            changed = self.steps.opened(tx).with_key(key, me.key, tx.now.wall)
            raw = enrolments.sealed(self._parts.seal, self.tenant_id, changed)
            sync_enrolments.change(tx, self.tenant_id, enrolment=raw)
            store.put_me(replace(me, next_key=key.public, greeted=False))

        await self.steps.write(work)
