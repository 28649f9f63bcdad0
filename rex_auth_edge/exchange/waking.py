"""Who waits for something of a household to move: a hub's loop, a request that is kept waiting."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import UUID


class Ear:
    """One that waits. What is said before it listens is heard as well, once."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._heard = asyncio.Event()

    async def hear(self, seconds: float | None = None) -> bool:
        """Wait until something moves, for so long at most: whether it did."""
        try:
            async with asyncio.timeout(seconds):
                await self._heard.wait()
        except TimeoutError:
            return False
        self._heard.clear()
        return True

    def say(self) -> None:
        """Something has moved; from any thread."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._heard.set)


class Waking:
    """Tells them. `told` passes on to other processes what has moved in this one."""

    def __init__(self) -> None:
        self._ears: dict[UUID, set[Ear]] = {}
        self.told: Callable[[UUID], None] = lambda _: None

    def moved(self, tenant_id: UUID) -> None:
        """Something of the household has been committed here; from any thread."""
        self.heard(tenant_id)
        self.told(tenant_id)

    def heard(self, tenant_id: UUID) -> None:
        """The same, in another process."""
        for ear in tuple(self._ears.get(tenant_id, ())):
            ear.say()

    def everybody(self) -> None:
        """Let everybody look: the program stops, or nobody knows what was missed."""
        for tenant_id in list(self._ears):
            self.heard(tenant_id)

    @contextmanager
    def listening(self, tenant_id: UUID) -> Iterator[Ear]:
        """Be one who waits."""
        ear = Ear()
        self._ears.setdefault(tenant_id, set()).add(ear)
        try:
            yield ear
        finally:
            ears = self._ears[tenant_id]
            ears.discard(ear)
            if not ears:
                del self._ears[tenant_id]
