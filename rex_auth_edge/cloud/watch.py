"""Keeping in memory what all processes have decided: by their news at once, by the database within a second.

Revocations that can't be known are not guessed: five seconds after the last look that succeeded every access token is
refused, until one succeeds again.
"""

import asyncio
import logging

from rex_auth_edge.cloud.news import News, Newspaper
from rex_auth_edge.cloud.shared import Shared
from rex_auth_edge.domain.clock import MINUTE, SECOND
from rex_auth_edge.domain.register import LONGEST
from rex_auth_edge.exchange.waking import Waking
from rex_auth_edge.flows import signing
from rex_auth_edge.flows.authenticate import Authenticator
from rex_auth_edge.flows.parts import Parts
from rex_auth_edge.flows.people import People
from rex_auth_edge.storage import device_grants, sessions
from rex_auth_edge.storage.mariadb import MariaStore
from rex_auth_edge.storage.store import StorageUnavailableError

LOOK = 1.0
"""Seconds between looks at the database."""
GOOD = 5 * SECOND
"""Milliseconds for which a look holds."""
_BACK = 2 * MINUTE
"""How far each look goes back: a row bears the time of its transaction's beginning, by its machine's clock."""
_KEYS = 30 * SECOND

_log = logging.getLogger(__name__)


class Watch:
    """One process's ear. It is ready once `begin` has come back; `run` then goes on for ever."""

    def __init__(
        self, parts: Parts, people: People, authenticator: Authenticator, shared: Shared, waking: Waking | None = None
    ) -> None:
        self._parts = parts
        self._people = people
        self._authenticator = authenticator
        self._since = parts.clock.now().wall - LONGEST
        self._keys_from = parts.clock.now().wall
        self.news = Newspaper(shared, parts.clock, parts.entropy, self._heard)
        parts.register.told = self.news.ended
        self._waking = waking or Waking()
        self._waking.told = self.news.moved
        people.told, people.hears = self.news.people_changed, self.news.hears
        parts.keyring.told = self.news.keys_changed
        if isinstance(parts.store, MariaStore):
            parts.store.settled = self.news.flush

    async def begin(self) -> None:
        """Learn what was revoked before this process began. Raises StorageUnavailableError."""
        self._parts.register.complete(self._parts.clock.now().after(0))
        await self.look()

    async def run(self) -> None:
        """Look for ever."""
        quiet = False
        while True:
            await asyncio.sleep(LOOK)
            try:
                async with asyncio.timeout(GOOD / SECOND):
                    await self.look()
                quiet = False
            except (StorageUnavailableError, TimeoutError):
                if not quiet:
                    _log.error("Nobody can tell what is revoked: the database doesn't answer. Tokens are refused.")
                quiet = True
            except Exception:  # noqa: BLE001  one failed look must not end the next
                _log.exception("Looking for revocations failed; trying again.")

    async def look(self) -> None:
        """Take over what was revoked since the look before, and now and then the signing keys."""
        parts, now = self._parts, self._parts.clock.now()
        since = self._since - _BACK
        ended = await parts.store.read(
            lambda conn: sessions.ended_since(conn, since) + device_grants.ended_since(conn, since)
        )
        for each in ended:
            parts.register.adopt(each, now.after(LONGEST))
        self._since = now.wall
        parts.register.complete(now.after(GOOD))
        if now.wall - self._keys_from >= _KEYS:
            self._keys_from = now.wall
            await self._take_keys()

    async def _heard(self, news: News) -> None:
        until = self._parts.clock.now().after(LONGEST)
        for each in news.ended:
            self._parts.register.adopt(each, until)
        if news.people:
            self._people.drop()
        for tenant_id in news.moved:
            self._waking.heard(tenant_id)
        if news.all:
            self._waking.everybody()
        if news.keys:
            try:
                await self._take_keys()
            except StorageUnavailableError:
                self._keys_from = 0

    async def _take_keys(self) -> None:
        if await signing.reload(self._parts.store, self._parts.seal, self._parts.keyring):
            self._authenticator.forget()
