"""News between processes, over Redis's channels: told before whoever caused them is answered, and acknowledged.

What Redis loses, or all of it while it is away, each process finds in the database: see `watch`.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import msgspec

from rex_auth_edge.cloud.shared import TROUBLE, Shared
from rex_auth_edge.domain.clock import SECOND, Clock
from rex_auth_edge.domain.entropy import Entropy
from rex_auth_edge.domain.register import Ended

PATIENCE = 0.5
"""Seconds that a caller waits for all processes to have heard."""
_BEAT = 2 * SECOND
_SILENCE = 10 * SECOND
"""Milliseconds after which a connection that says nothing counts as lost."""
_AGAIN = 1.0
"""Seconds between tries to listen."""
_KEPT = 5 * SECOND

_log = logging.getLogger(__name__)


class News(msgspec.Struct, frozen=True, omit_defaults=True):
    """Sessions that ended, households of which something moved; whether profiles, or the signing keys, have changed.

    `all`: nobody knows what was missed.
    """

    id: str
    ended: tuple[Ended, ...] = ()
    people: bool = False
    keys: bool = False
    moved: tuple[UUID, ...] = ()
    all: bool = False


_decode = msgspec.json.Decoder(News).decode


class Newspaper:
    """Collects what a transaction has changed, tells it, and listens. `hear` is what to do with others' news."""

    def __init__(self, shared: Shared, clock: Clock, entropy: Entropy, hear: Callable[[News], Awaitable[None]]) -> None:
        self._shared = shared
        self._clock = clock
        self._entropy = entropy
        self._hear = hear
        self._ended: list[Ended] = []
        self._moved: set[UUID] = set()
        self._people = self._keys = False
        self._heard: int | None = None
        self._away = False

    def ended(self, what: Ended) -> None:
        """A session has ended."""
        self._ended.append(what)

    def moved(self, tenant_id: UUID) -> None:
        """Something of the household has changed that its hubs may want to know."""
        self._moved.add(tenant_id)

    def people_changed(self) -> None:
        """Somebody's profile has changed."""
        self._people = True

    def keys_changed(self) -> None:
        """The signing keys have changed."""
        self._keys = True

    def hears(self) -> bool:
        """Whether others' news arrive at present."""
        return self._heard is not None and self._clock.now().boot - self._heard < _SILENCE

    async def flush(self) -> None:
        """Tell what was collected, and wait until every process has heard it; for half a second, and never in vain."""
        if not (self._ended or self._people or self._keys or self._moved):
            return
        ended, moved = tuple(self._ended), tuple(self._moved)
        news = News(self._entropy.token_bytes(12).hex(), ended, self._people, self._keys, moved)
        self._ended, self._people, self._keys, self._moved = [], False, False, set()
        if self._away:
            return
        try:
            async with asyncio.timeout(PATIENCE):
                await self._tell(news)
        except TROUBLE as error:
            self._away = self._heard is None or not isinstance(error, TimeoutError)
            _log.warning("Not every process has acknowledged the news; the database tells them.")

    async def _tell(self, news: News) -> None:
        redis, heard = self._shared.redis, self._shared.key("heard", news.id)
        for _ in range(await redis.publish(self._shared.key("news"), msgspec.json.encode(news))):
            await redis.blpop([heard], timeout=PATIENCE)

    async def listen(self) -> None:
        """Listen for ever."""
        while True:
            try:
                await self._listen()
            except TROUBLE as error:
                if not self._away:
                    _log.warning("Redis doesn't answer (%s): going by the database alone.", type(error).__name__)
            self._heard, self._away = None, True
            await asyncio.sleep(_AGAIN)

    async def _listen(self) -> None:
        async with self._shared.ear.pubsub() as paper:
            await paper.subscribe(self._shared.key("news"))
            beaten: int | None = None
            while self._heard is None or self.hears():
                now = self._clock.now().boot
                if beaten is None or now - beaten >= _BEAT:
                    await paper.ping()
                    beaten = now
                if (said := await paper.get_message(timeout=1.0)) is not None:
                    await self._take(said)

    async def _take(self, said: dict[str, Any]) -> None:
        if self._heard is None:
            # What was said while nobody listened here is unknown: as good as a change of everything.
            await self._hear(News("", people=True, keys=True, all=True))
        self._heard, self._away = self._clock.now().boot, False
        if said["type"] != "message":
            return
        try:
            news = _decode(said["data"])
        except msgspec.DecodeError:
            _log.warning("News that this release can't read were passed over.")
            return
        await self._hear(news)
        async with self._shared.redis.pipeline(transaction=False) as answer:
            answer.rpush(self._shared.key("heard", news.id), 1)
            answer.pexpire(self._shared.key("heard", news.id), _KEPT)
            await answer.execute()
