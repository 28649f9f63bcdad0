"""What people and programs ask of synchronisation on a hub: to enrol, pause, compare, leave, and how it stands."""

import asyncio
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from rex_auth_edge.domain.refusals import Code, Refused
from rex_auth_edge.exchange import enrolment as enrolments
from rex_auth_edge.exchange.address import url_of
from rex_auth_edge.exchange.hub import admission, identity, joining
from rex_auth_edge.exchange.hub.copy import Copies
from rex_auth_edge.exchange.hub.joining import Prospect, Wish
from rex_auth_edge.exchange.hub.line import HttpLine
from rex_auth_edge.exchange.hub.misled import no_address
from rex_auth_edge.exchange.hub.runs import Lines, Runs
from rex_auth_edge.exchange.hub.signed_line import SignedLine
from rex_auth_edge.exchange.messages import LONGEST_NAME, Enrol, Enrolled, Look
from rex_auth_edge.exchange.mirror import differences
from rex_auth_edge.exchange.oversight.overview import status_of
from rex_auth_edge.exchange.oversight.status import Status
from rex_auth_edge.exchange.proof import HubKey, Signer
from rex_auth_edge.exchange.stores.shown import Shown
from rex_auth_edge.exchange.trouble import LineError
from rex_auth_edge.exchange.waking import Waking
from rex_auth_edge.flows.parts import Parts
from rex_auth_edge.storage import sync_enrolments
from rex_auth_edge.sync.state import Cell

NOT_ENROLLED = Refused(Code.NOT_ENROLLED, "This household isn't enrolled in any cloud")


class Verified(Struct, frozen=True):
    """What a full comparison has found: differences with the cloud, mended, and cells that the tables here deny.

    A row in which bits have flipped is a difference, too.
    """

    repaired: int
    differing: tuple[Cell, ...]


class Synchronising:
    """One for the program in the hub role. `runs` goes on by itself; `lines` makes a line to a cloud's address."""

    def __init__(self, parts: Parts, data_dir: Path, waking: Waking, lines: Lines = HttpLine) -> None:
        self._parts = parts
        self._data_dir = data_dir
        self._lines = lines
        self.runs = Runs(parts, data_dir, waking, lines)

    async def look(self, tenant_id: UUID, url: str, code: str, as_: str | None = None) -> Prospect | Refused:
        """Where a claim code leads, and who here would become whom by it. Nothing is used up or changed."""
        if (address := url_of(url)) is None:
            return no_address(url)
        wish = Wish(address, code, as_)
        offer = await admission.offered(self._newcomer(wish, HubKey.make(self._parts.entropy)), Look(code), address)
        if isinstance(offer, Refused):
            return offer
        return await self._parts.store.read(lambda conn: joining.prospect(conn, self._parts, tenant_id, wish, offer))

    async def enrol(
        self, tenant_id: UUID, url: str, code: str, as_: str | None = None, household: UUID | None = None
    ) -> Status | Refused:
        """Let the household's cloud know this hub, by a claim code that an owner has made there.

        The owner here who has made it, by `as_` or by the same address where both have proven it, becomes that owner:
        their sessions here end. `household` is what `look` has shown: no other is joined. A hub that was removed from
        it, and has left, joins as another hub.
        """
        if (address := url_of(url)) is None:
            return no_address(url)
        wish, key = Wish(address, code, as_, household), HubKey.make(self._parts.entropy)
        refused = await self._parts.store.read(lambda conn: joining.refused_before(conn, self._parts, tenant_id, wish))
        if refused is not None:
            return refused
        answer = await self._asked(wish, key)
        if identity.is_removed(answer):
            if await self._enrolled(tenant_id):
                return identity.LEAVE_FIRST
            node = await identity.as_another(self._parts)
            answer = node if isinstance(node, Refused) else await self._asked(wish, key)
        if isinstance(answer, Refused):
            return answer
        async with self.runs.anew(tenant_id):
            refused = await self._parts.store.write(
                lambda tx: joining.join(tx, self._parts, tenant_id, wish, key, answer)
            )
        return refused or await self.status(tenant_id)

    def _newcomer(self, wish: Wish, key: HubKey) -> SignedLine:
        return SignedLine(self._lines(wish.url), wish.url, lambda: Signer(key), self._parts.entropy)

    async def _asked(self, wish: Wish, key: HubKey) -> Enrolled | Refused:
        node, there = await self._parts.store.write(lambda tx: tx.node.id), wish.household
        wanted = Enrol(wish.code, node.bytes, self._name(), household=there.bytes if there else b"")
        return await admission.asked(self._newcomer(wish, key), wanted, wish.url)

    def _name(self) -> str:
        """What the hub is called in the list of the household's hubs: as it is reached at home."""
        return (urlsplit(self._parts.url).hostname or "")[:LONGEST_NAME]

    async def now(self, tenant_id: UUID) -> Status | Refused:
        """Don't wait: a round at once, and how it stands then."""
        running = await self.runs.taken_up(tenant_id)
        if running is None:
            return await self.status(tenant_id) if await self._enrolled(tenant_id) else NOT_ENROLLED
        try:
            await running.loop.once()
        except LineError as error:
            await self.runs.round_ended(tenant_id, running, error.trouble)
        running.loop.now()
        return await self.status(tenant_id)

    async def pause(self, tenant_id: UUID) -> Refused | None:
        """Send and ask nothing until `resume`; what is done here waits."""
        return await self._paused(tenant_id, paused=True)

    async def resume(self, tenant_id: UUID) -> Refused | None:
        """Go on."""
        return await self._paused(tenant_id, paused=False)

    async def _paused(self, tenant_id: UUID, *, paused: bool) -> Refused | None:
        if not await self._enrolled(tenant_id):
            return NOT_ENROLLED
        async with self.runs.anew(tenant_id):
            await self._parts.store.write(lambda tx: enrolments.pause(tx, self._parts.seal, tenant_id, paused=paused))
        return None

    async def forget(self, tenant_id: UUID) -> Refused | None:
        """Leave the cloud: the household stays on this hub as it is, and what waited isn't sent."""
        if not await self._enrolled(tenant_id):
            return NOT_ENROLLED
        async with self.runs.anew(tenant_id):
            self._parts.tokens.shared.pop(tenant_id, None)
            await self._parts.store.write(lambda tx: sync_enrolments.forget(tx, tenant_id))
            await asyncio.to_thread(Copies(self._data_dir, tenant_id).forget)
        return None

    async def rotate(self, tenant_id: UUID) -> Status | Refused:
        """Sign with a new key from now on."""
        running = self.runs.running.get(tenant_id)
        if running is None:
            return await self._not_running(tenant_id)
        await running.household.rotate()
        return await self.now(tenant_id)

    def progress(self, tenant_id: UUID) -> tuple[int, int]:
        """How many nodes of digests the latest comparison has compared, and of how many that it knows by now."""
        running = self.runs.running.get(tenant_id)
        return (0, 0) if running is None else (running.rounds.comparing.compared, running.rounds.comparing.known)

    async def verify(self, tenant_id: UUID) -> Verified | Refused:
        """Compare everything, with the cloud and with the tables here."""
        running = self.runs.running.get(tenant_id)
        if running is None:
            return await self._not_running(tenant_id)
        try:
            await running.rounds.whole()
            mended = await running.rounds.comparing.verify()
        except LineError as error:
            return admission.unheard(await self.status(tenant_id), error)
        parts = self._parts
        found = await parts.store.read(lambda conn: differences(conn, parts, tenant_id, Shown(conn, tenant_id)))
        return Verified(mended, tuple(found))

    async def status(self, tenant_id: UUID) -> Status:
        """How it stands."""
        running = self.runs.running.get(tenant_id)
        found = await self._parts.store.read(lambda conn: status_of(conn, self._parts, tenant_id))
        if running is not None:
            return running.present(found)
        trouble = self.runs.troubles.get(tenant_id)
        return found if trouble is None else replace(found, trouble=trouble)

    async def _not_running(self, tenant_id: UUID) -> Refused:
        found = await self.status(tenant_id)
        return admission.not_running(found) if found.enrolled else NOT_ENROLLED

    async def _enrolled(self, tenant_id: UUID) -> bool:
        return await self._parts.store.read(lambda conn: sync_enrolments.get(conn, tenant_id)) is not None
