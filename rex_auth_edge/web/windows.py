"""Moving windows in memory, on the boot clock.

The memory storage of `limits` counts on the wall clock: a hub whose clock is set back would shut its household out.
"""

from collections import OrderedDict, deque

from limits.aio.storage import MovingWindowSupport, Storage
from typing_extensions import override

from rex_auth_edge.domain.clock import SECOND, Clock

KEPT = 20_000


class BootWindows(Storage, MovingWindowSupport):
    """Up to 20,000 keys, the least recently counted dropped first; a flood of new keys drops itself."""

    STORAGE_SCHEME = None

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock
        self._hits: OrderedDict[str, deque[int]] = OrderedDict()

    @property
    @override
    def base_exceptions(self) -> type[Exception]:
        return KeyError

    @override
    async def acquire_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        now = self._clock.now().boot
        hits = self._recent(key, now - expiry * SECOND)
        if len(hits) + amount > limit:
            return False
        hits.extend([now] * amount)
        self._hits[key] = hits
        self._hits.move_to_end(key)
        if len(self._hits) > KEPT:
            self._hits.popitem(last=False)
        return True

    @override
    async def get_moving_window(self, key: str, limit: int, expiry: int) -> tuple[float, int]:
        now = self._clock.now().boot
        hits = self._recent(key, now - expiry * SECOND)
        return (hits[0] if hits else now) / SECOND, len(hits)

    def _recent(self, key: str, horizon: int) -> deque[int]:
        hits = self._hits.get(key) or deque()
        while hits and hits[0] <= horizon:
            hits.popleft()
        return hits

    @override
    async def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        raise NotImplementedError

    @override
    async def get(self, key: str) -> int:
        raise NotImplementedError

    @override
    async def get_expiry(self, key: str) -> float:
        raise NotImplementedError

    @override
    async def check(self) -> bool:
        return True

    @override
    async def reset(self) -> int | None:
        count = len(self._hits)
        self._hits.clear()
        return count

    @override
    async def clear(self, key: str) -> None:
        self._hits.pop(key, None)
