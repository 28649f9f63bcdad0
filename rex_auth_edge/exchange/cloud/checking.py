"""Whether a request comes from the hub that it names, now, and for the first time.

What costs nothing comes first: a stranger's request is refused before any database is asked, and one that names a hub
without its key after a single look.
"""

from collections.abc import Awaitable, Callable
from uuid import UUID

from rex_auth_edge.domain.clock import SECOND, Moment
from rex_auth_edge.domain.refusals import Code, Refused
from rex_auth_edge.exchange.address import url_of
from rex_auth_edge.exchange.proof import Proof, meant_for, shown
from rex_auth_edge.flows.devices.proving import Memory, OwnMemory
from rex_auth_edge.keys.hashes import Pepper

_STRETCH = 150 * SECOND
"""Milliseconds for which one nonce is given; it is good for as long again."""
Keys = Callable[[UUID, bytes], Awaitable[tuple[bytes, ...]]]
"""A hub's public keys; none for one that isn't known."""
Spare = Callable[[UUID, bytes], Awaitable[Refused | None]]
"""Why a hub has to wait, if it has asked too often."""


async def never(_household: UUID, _hub: bytes) -> Refused | None:
    """Nobody counts."""
    return None


STALE = Refused(Code.USE_NONCE, "Use the nonce of this answer's Rex-Nonce header, and ask again")
NO_HUB = Refused(Code.UNKNOWN_HUB, "The cloud doesn't know this hub's key; enrol the hub anew")


class Checks:
    """One for the program. `url` is the cloud's own; `memory` is of proofs that were used.

    While the memory can't be asked each process has its own: sync's requests change nothing a second time, and
    revocations have to arrive.
    """

    def __init__(self, pepper: Pepper, url: str, memory: Memory) -> None:
        self._pepper = pepper
        self._url = url_of(url) or url.rstrip("/")
        self._memory = memory
        self._own = OwnMemory()
        said = f"The proof isn't one for this request to {self._url}, or was used before"
        self.bad_proof = Refused(Code.INVALID_PROOF, said)
        own = f"This cloud's address is {self._url} (its REX_PUBLIC_URL): enrol the hub at that one"
        self.elsewhere = Refused(Code.INVALID_PROOF, own)

    def nonce(self, now: Moment) -> str:
        """What proofs from now on should bear: a keyed hash of a stretch of time, good for two of them."""
        return self._nonce(now, 0)

    def _nonce(self, now: Moment, back: int) -> str:
        stretch = now.boot // _STRETCH - back
        return self._pepper.digest("sync nonce", now.boot_id, str(stretch)).hex()[:24]

    async def hub(
        self, proof: str, path: str, body: bytes, now: Moment, keys: Keys, spare: Spare = never
    ) -> tuple[Proof, bytes] | Refused:
        """The proof, and the key by which it was made, of a hub that is let in and hasn't asked too often."""
        found = self._fresh(proof, path, body, now)
        if isinstance(found, Refused):
            return found
        if found.hub is None:
            return self.bad_proof
        known = await keys(*found.hub)
        key = next((each for each in known if found.by(each)), None)
        if key is None:
            return self.bad_proof if known else NO_HUB
        return await spare(*found.hub) or await self._spent(found, now) or (found, key)

    async def newcomer(self, proof: str, path: str, body: bytes, now: Moment) -> bytes | Refused:
        """The key of one that is to be let in."""
        found = self._fresh(proof, path, body, now)
        if isinstance(found, Refused):
            return found
        if found.key is None or not found.by(found.key):
            return self.bad_proof
        return await self._spent(found, now) or found.key

    def _fresh(self, proof: str, path: str, body: bytes, now: Moment) -> Proof | Refused:
        found = shown(proof, "POST", self._url + path, body)
        if found is None:
            elsewhere = meant_for(proof) not in {None, self._url + path}
            return STALE if not proof else self.elsewhere if elsewhere else self.bad_proof
        return found if any(self._same(found.nonce, now, back) for back in (0, 1)) else STALE

    def _same(self, nonce: str, now: Moment, back: int) -> bool:
        return self._pepper.same(nonce.encode("utf-8", "replace"), self._nonce(now, back).encode())

    async def _spent(self, found: Proof, now: Moment) -> Refused | None:
        who = found.key or (found.hub[0].bytes + found.hub[1] if found.hub else b"")
        mark = self._pepper.digest("sync proof", who, found.jti)
        fresh = await self._memory.spend(mark, 2 * _STRETCH, now)
        if isinstance(fresh, Refused):
            fresh = await self._own.spend(mark, 2 * _STRETCH, now)
        if isinstance(fresh, Refused):
            return fresh
        return None if fresh else self.bad_proof
