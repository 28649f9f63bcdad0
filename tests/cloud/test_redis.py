"""What the processes keep in Redis: proofs are good once between all of them, and its restart costs nobody anything."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from rex_auth_edge.cloud.proofs import SharedMemory
from rex_auth_edge.cloud.shared import Shared
from rex_auth_edge.domain.clock import MINUTE
from rex_auth_edge.domain.refusals import Refused
from rex_auth_edge.web.rates import Rates, Rule
from tests.cloud.settings import SETTINGS
from tests.doubles import HandClock
from tests.hub import settings_for
from tests.redis_server import RedisServer


@asynccontextmanager
async def memories(redis: RedisServer, count: int, name: str = "one") -> AsyncIterator[list[SharedMemory]]:
    """As many processes' memories of used proofs, of one deployment."""
    shared = [Shared(redis.url, name) for _ in range(count)]
    yield [SharedMemory(each) for each in shared]
    for each in shared:
        await each.close()


async def test_a_proof_is_good_once_between_all_processes(redis: RedisServer, clock: HandClock) -> None:
    """Shown to four processes at once one of them takes it; another deployment knows nothing of it."""
    async with memories(redis, 4) as each, memories(redis, 1, "other") as others:
        for number in range(5):
            mark = bytes([number]) * 16
            spent = await asyncio.gather(*(memory.spend(mark, MINUTE, clock.now()) for memory in each * 4))
            assert sorted(map(bool, spent)) == [False] * 15 + [True]
            assert await others[0].spend(mark, MINUTE, clock.now()) is True


@pytest.mark.parametrize("then", ["restarted", "gone"])
async def test_a_restart_costs_nobody_anything(clock: HandClock, redis: RedisServer, tmp_path: Path, then: str) -> None:
    """An idle connection that died with the old server is replaced unseen; while none answers, all is refused."""
    settings = SETTINGS | {"RATE_LIMIT_ENABLED": "true", "RATELIMIT_STORAGE_URI": redis.url}
    rates = Rates(settings_for(tmp_path / "data", **settings).web, clock)
    async with memories(redis, 1) as (memory,):
        assert await rates.check(Rule.FORGOT, "maya", "192.0.2.1") is None
        assert await memory.spend(b"first", MINUTE, clock.now()) is True
        redis.kill()
        if then == "restarted":
            redis.start()
        answers = [
            await rates.check(Rule.FORGOT, "maya", "192.0.2.1"),
            await memory.spend(b"second", MINUTE, clock.now()),
        ]
        assert [isinstance(answer, Refused) for answer in answers] == [then == "gone"] * 2
        if then == "gone":
            redis.start()
    await rates.close()
