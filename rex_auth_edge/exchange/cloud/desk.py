"""Where hubs' requests come in: one for the program in the cloud role, asked by `web.sync`."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from rex_auth_edge.domain.clock import SECOND, Moment
from rex_auth_edge.domain.refusals import Code, Refused
from rex_auth_edge.exchange.cloud import answering, enrolling
from rex_auth_edge.exchange.cloud.checking import Checks, Spare, never
from rex_auth_edge.exchange.messages import ENROLL, PULL, WAIT, Enrol, Look
from rex_auth_edge.exchange.waking import Ear, Waking
from rex_auth_edge.flows.devices.proving import Memory
from rex_auth_edge.flows.parts import Parts
from rex_auth_edge.sync.bodies import Pull
from rex_auth_edge.sync.wire import WireError, opened

MOST_WAITING = 256
"""Requests that are kept waiting at a time, one of each hub: half of those that a process takes (`doors`).

Further ones are answered at once. A hub that asks anew has given up the former, whose connection may have been cut.
"""
_LARGEST_ENROL = 4096
"""Bytes of a request of somebody's whom nobody knows yet."""
_LOOK = 1.0
"""Seconds between looks at the database while other processes' news don't arrive."""
_BAD = Refused(Code.BAD_REQUEST, "The body is no request to be let in")


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it came; `wait` is for how many seconds it may be kept until there is something to tell."""

    path: str
    body: bytes
    proof: str
    wait: float = 0.0


class CloudDesk:
    """`hears` says whether other processes' news arrive at present; where there is one process, they always do.

    `spare` counts a hub's requests, and says where they are too many.
    """

    def __init__(self, parts: Parts, memory: Memory, waking: Waking) -> None:
        self._parts = parts
        self._checks = Checks(parts.pepper, parts.url, memory)
        self.waking = waking
        self.hears: Callable[[], bool] = lambda: True
        self.spare: Spare = never
        self._waiting = 0
        self._waits: dict[tuple[UUID, bytes], Ear] = {}
        self._stopping = False

    def nonce(self) -> str:
        """What the next proof should bear."""
        return self._checks.nonce(self._parts.clock.now())

    def stop(self) -> None:
        """Answer everybody who waits, and let nobody wait any more."""
        self._stopping = True
        self.waking.everybody()

    async def answer(self, asked: Asked) -> bytes | Refused:
        """The answer's bytes, or why there are none."""
        now = self._parts.clock.now()
        if asked.path == ENROLL:
            return await self._enrol(asked, now)
        checked = await self._checks.hub(asked.proof, asked.path, asked.body, now, self._keys, self.spare)
        if isinstance(checked, Refused):
            return checked
        found, key = checked
        if found.hub is None:
            return _BAD
        tenant_id, hub = found.hub
        if asked.path == PULL and asked.wait > 0:
            await self._until_moved(tenant_id, hub, asked)
        return await answering.answered(self._parts, tenant_id, hub, key, asked.path, asked.body, found.age)

    async def _keys(self, tenant_id: UUID, hub: bytes) -> tuple[bytes, ...]:
        return await answering.keys(self._parts, tenant_id, hub)

    async def _enrol(self, asked: Asked, now: Moment) -> bytes | Refused:
        key = await self._checks.newcomer(asked.proof, asked.path, asked.body, now)
        if isinstance(key, Refused):
            return key
        if len(asked.body) > _LARGEST_ENROL:
            return _BAD
        try:
            body = opened(asked.body)
            if body.name == Look.__name__:
                return await enrolling.offered(self._parts, body.read(Look))
            wanted = body.read(Enrol)
        except WireError:
            return _BAD
        return await enrolling.enrolled(self._parts, wanted, key)

    async def _until_moved(self, tenant_id: UUID, hub: bytes, asked: Asked) -> None:
        """Wait until the household has something that the hub hasn't, or for as long as it is willing to."""
        try:
            body = opened(asked.body)
            pull = body.read(Pull) if body.name == Pull.__name__ else None
        except WireError:
            return
        who = (tenant_id, hub)
        former = self._waits.pop(who, None)
        if former is not None:
            former.say()
        if pull is None or self._waiting >= MOST_WAITING:
            return
        self._waiting += 1
        try:
            with self.waking.listening(tenant_id) as ear:
                self._waits[who] = ear
                await self._wait(who, pull, min(asked.wait, WAIT), ear)
        finally:
            self._waiting -= 1
            if self._waits.get(who) is ear:
                del self._waits[who]

    async def _wait(self, who: tuple[UUID, bytes], pull: Pull, seconds: float, ear: Ear) -> None:
        until = self._parts.clock.now().boot + seconds * SECOND
        while self._goes_on(who, ear) and await answering.at(self._parts, who[0]) <= pull.after:
            left = (until - self._parts.clock.now().boot) / SECOND
            if left <= 0:
                return
            await ear.hear(left if self.hears() else min(left, _LOOK))

    def _goes_on(self, who: tuple[UUID, bytes], ear: Ear) -> bool:
        return not self._stopping and self._waits.get(who) is ear
