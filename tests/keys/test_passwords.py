"""The pool of hashes: bounded whatever comes, equal for those who exist and those who don't."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from threading import Event

import pytest
from argon2 import PasswordHasher
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rex_auth_edge.domain.refusals import Code
from rex_auth_edge.keys.options import Argon2Options
from rex_auth_edge.keys.passwords import LONGEST, PasswordPool, PoolBusyError, Verdict
from tests.hub import CHEAP, PASSWORD

RIGHT, WRONG = Verdict(ok=True, rehash=False), Verdict(ok=False, rehash=False)
same_pool = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=30)


@pytest.fixture
async def pool() -> AsyncIterator[PasswordPool]:
    """A cheap pool."""
    made = PasswordPool(CHEAP)
    yield made
    made.close()


async def test_hash_and_verify(pool: PasswordPool) -> None:
    """The right password is right, any other isn't; each hash has a salt of its own."""
    one, other = await asyncio.gather(pool.hash(PASSWORD), pool.hash(PASSWORD))
    assert one != other
    assert one.startswith("$argon2id$v=19$m=8,t=1,p=1$")
    assert await pool.verify(one, PASSWORD) == RIGHT
    for wrong in (PASSWORD + " ", " " + PASSWORD, PASSWORD.lower(), PASSWORD[:-1], "", PASSWORD + "\x00"):
        assert await pool.verify(one, wrong) == WRONG


@same_pool
@given(password=st.text(st.characters(), min_size=1, max_size=140))
async def test_any_password(pool: PasswordPool, password: str) -> None:
    """Whatever can be typed can be a password, exactly as typed; emoji, nulls and lone surrogates included."""
    phc = await pool.hash(password)
    assert (await pool.verify(phc, password)).ok
    assert not (await pool.verify(phc, password + "x")).ok


async def test_too_long_is_wrong(pool: PasswordPool) -> None:
    """Past 1,024 bytes nothing is looked at: it neither matches nor costs more."""
    phc = await pool.hash("x" * LONGEST)
    assert (await pool.verify(phc, "x" * LONGEST)).ok
    assert not (await pool.verify(phc, "x" * (LONGEST + 1))).ok
    assert not (await pool.verify(phc, "x" * 1_000_000)).ok


async def test_nobody_costs_the_same(pool: PasswordPool) -> None:
    """For nobody a hash is made too, and no password is right, not even the one that the stand-in was made of."""
    phc = await pool.hash(PASSWORD)
    before = pool.started
    assert not (await pool.verify(phc, "wrong")).ok
    for password in (PASSWORD, "nobody's password", ""):
        assert await pool.verify(None, password) == WRONG
    assert pool.started == before + 4


@pytest.mark.parametrize("phc", ["", "$", "plain", "$argon2id$v=19$m=8,t=1,p=1$", "$2b$12$" + "x" * 53, "!"])
async def test_damaged_hashes(pool: PasswordPool, phc: str) -> None:
    """A hash that isn't one is like a wrong password: nobody gets in, and nothing fails."""
    assert await pool.verify(phc, PASSWORD) == WRONG


async def test_hashes_of_the_original(pool: PasswordPool) -> None:
    """The original's hashes (passlib's argon2id with its defaults) are good, and are to be made anew at a sign-in."""
    phc = PasswordHasher(time_cost=3, memory_cost=65536, parallelism=4).hash(PASSWORD)
    assert phc.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert await pool.verify(phc, PASSWORD) == Verdict(ok=True, rehash=True)
    assert await pool.verify(phc, "wrong") == WRONG
    assert await pool.verify(await pool.hash(PASSWORD), PASSWORD) == RIGHT


def test_default_parameters() -> None:
    """The defaults are OWASP's floor, and 32 sign-ins can wait."""
    assert (Argon2Options().memory_kib, Argon2Options().passes, Argon2Options().lanes) == (19 * 1024, 2, 1)
    assert Argon2Options().queue >= 32


@pytest.fixture
async def stalled() -> AsyncIterator[tuple[PasswordPool, Event]]:
    """A pool of one worker and two places to wait, whose worker is held up until the event is set."""
    pool, go = PasswordPool(replace(CHEAP, workers=1, queue=2)), Event()
    pool._threads.submit(go.wait)
    yield pool, go
    go.set()
    pool.close()


async def test_bounded(stalled: tuple[PasswordPool, Event]) -> None:
    """With one at work and two waiting the next is refused at once, before anything is hashed; later there is room."""
    pool, go = stalled
    taken = [asyncio.create_task(pool.hash(PASSWORD)) for _ in range(3)]
    await asyncio.sleep(0)
    assert (pool.waiting, pool.started) == (3, 3)
    for asked in (pool.hash(PASSWORD), pool.verify(None, PASSWORD)):
        with pytest.raises(PoolBusyError) as busy:
            await asked
        assert busy.value.refused.code is Code.BUSY
        assert (busy.value.refused.retry_after or 0) >= 1
    assert (pool.waiting, pool.started) == (3, 3)
    go.set()
    assert len(set(await asyncio.gather(*taken))) == 3
    assert pool.waiting == 0
    assert await pool.hash(PASSWORD)


async def test_a_caller_who_leaves_keeps_the_place(stalled: tuple[PasswordPool, Event]) -> None:
    """Whoever asks and hangs up, again and again, can't get more hashes going than the bound."""
    pool, go = stalled
    for _ in range(3):
        asked = asyncio.create_task(pool.hash(PASSWORD))
        await asyncio.sleep(0)
        asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked
    assert pool.waiting == 3
    with pytest.raises(PoolBusyError):
        await pool.hash(PASSWORD)
    go.set()
    async with asyncio.timeout(10):
        await until(lambda: pool.waiting == 0)
    assert await pool.hash(PASSWORD)


async def until(reached: Callable[[], bool]) -> None:
    """Let everything else go on until then."""
    while not reached():  # noqa: ASYNC110 - there is no event to wait for: nobody is told
        await asyncio.sleep(0)


async def test_event_loop_goes_on(stalled: tuple[PasswordPool, Event]) -> None:
    """Hashing is off the event loop: while the worker is held up everything else is served."""
    pool, go = stalled
    asked = asyncio.create_task(pool.verify(None, PASSWORD))
    for _ in range(100):
        await asyncio.sleep(0)
    assert not asked.done()
    go.set()
    assert await asked == WRONG


async def test_closing_drops_who_waits(stalled: tuple[PasswordPool, Event]) -> None:
    """Closing lets the hash at work end, and those that wait are told that they won't be done."""
    pool, go = stalled
    waiting = [asyncio.create_task(pool.hash(PASSWORD)) for _ in range(2)]
    await asyncio.sleep(0)
    go.set()
    pool.close()
    ended = await asyncio.gather(*waiting, return_exceptions=True)
    assert all(isinstance(end, str | asyncio.CancelledError) for end in ended)
    assert pool.waiting == 0
