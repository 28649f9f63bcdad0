"""Moving windows in memory, on the boot clock.

The memory storage of `limits` counts on the wall clock: a hub whose clock is set back would shut its household out.
"""

from dataclasses import dataclass
from heapq import nsmallest

from limits.aio.storage import MovingWindowSupport, Storage
from typing_extensions import override

from rex_auth_edge.domain.clock import SECOND, Clock

KEPT = 20_000
_SPARE = KEPT // 10
"""How many go at once when there is no more room, so that a flood doesn't pay for a search with each request."""


@dataclass(slots=True)
class _Window:
    """When its hits happened, the oldest first, and when the last of them stops counting; in milliseconds of boot."""

    hits: list[int]
    ends: int


class BootWindows(Storage, MovingWindowSupport):
    """Up to 20,000 keys. Those that have ended go first, then those with fewest hits: a flood of keys drops itself."""

    STORAGE_SCHEME = None

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock
        self._windows: dict[str, _Window] = {}

    def __len__(self) -> int:
        return len(self._windows)

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
        if key not in self._windows and len(self._windows) >= KEPT:
            self._make_room(now)
        self._windows[key] = _Window(hits + [now] * amount, now + expiry * SECOND)
        return True

    @override
    async def get_moving_window(self, key: str, limit: int, expiry: int) -> tuple[float, int]:
        now = self._clock.now().boot
        hits = self._recent(key, now - expiry * SECOND)
        return (hits[0] if hits else now) / SECOND, len(hits)

    def _recent(self, key: str, horizon: int) -> list[int]:
        window = self._windows.get(key)
        return [hit for hit in window.hits if hit > horizon] if window else []

    def _make_room(self, now: int) -> None:
        self._windows = {key: window for key, window in self._windows.items() if window.ends > now}
        excess = len(self._windows) - (KEPT - _SPARE)
        coldest = nsmallest(excess, self._windows.items(), key=lambda item: (len(item[1].hits), item[1].hits[-1]))
        for key, _ in coldest:
            del self._windows[key]

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
        count = len(self._windows)
        self._windows.clear()
        return count

    @override
    async def clear(self, key: str) -> None:
        self._windows.pop(key, None)
