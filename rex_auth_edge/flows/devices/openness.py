"""Whether any household of the hub lets devices ask, for what the hub tells its LAN."""

from rex_auth_edge.domain.clock import Moment
from rex_auth_edge.storage import pairing_windows
from rex_auth_edge.storage.store import Store


class Openness:
    """As of the last look; one for the program."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.open = False

    async def look(self, now: Moment) -> None:
        """Ask the database."""
        rows = await self._store.read(pairing_windows.every)
        self.open = any(pairing_windows.is_open(row, now) for row in rows)
