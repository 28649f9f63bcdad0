"""Rates: what fault 16 of the original asks for, on a clock that is advanced by hand."""

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from rex_auth_edge.domain.clock import DAY, HOUR, MINUTE, SECOND
from rex_auth_edge.domain.refusals import Code, Refused
from rex_auth_edge.web.options import WebOptions
from rex_auth_edge.web.rates import Rates, Rule
from rex_auth_edge.web.windows import KEPT, BootWindows
from tests.doubles import HandClock

OPTIONS = WebOptions("http://localhost")
ADDRESS, OTHER = "192.168.1.20", "192.168.1.21"
MAIL = [Rule.REGISTER, Rule.RESEND, Rule.FORGOT]
GUESSES = [Rule.LOGIN, Rule.VERIFY]
TOKENS = [Rule.REFRESH, Rule.RESET]


@pytest.fixture
def rates(clock: HandClock) -> Rates:
    """Rates as a hub has them."""
    return Rates(OPTIONS, clock)


def limited(refused: Refused | None) -> bool:
    """Whether it is a 429, and one that says when to ask again."""
    if refused is None:
        return False
    assert refused.code is Code.RATE_LIMITED
    assert refused.retry_after is not None
    assert str(refused.retry_after) in refused.message
    return True


async def fail(rates: Rates, rule: Rule, times: int, target: str = "target", address: str | None = None) -> None:
    """That many failures, each at a target of its own where `target` has a place for a number."""
    for number in range(times):
        assert await rates.fail(rule, target.format(number), address) is None


async def check(rates: Rates, rule: Rule, times: int, target: str = "target", address: str | None = None) -> None:
    """That many requests, none of them refused."""
    for number in range(times):
        assert await rates.check(rule, target.format(number), address) is None


@pytest.mark.parametrize(("rule", "amount"), [*((rule, 5) for rule in MAIL), *((rule, 20) for rule in TOKENS)])
async def test_requests_per_target(rates: Rates, clock: HandClock, rule: Rule, amount: int) -> None:
    """A mail address is written to 5 times a minute, a token is used 20 times; other targets are not concerned."""
    await check(rates, rule, amount, address=ADDRESS)
    assert limited(await rates.check(rule, "target", OTHER))
    assert await rates.check(rule, "another", ADDRESS) is None
    clock.advance(MINUTE)
    assert await rates.check(rule, "target", ADDRESS) is None


@pytest.mark.parametrize("rule", MAIL)
async def test_requests_per_address(rates: Rates, rule: Rule) -> None:
    """An address asks for 30 letters a minute, whomever they are for; other addresses are not concerned."""
    await check(rates, rule, 30, "target{}", ADDRESS)
    assert limited(await rates.check(rule, "fresh", ADDRESS))
    assert await rates.check(rule, "fresh", OTHER) is None


@pytest.mark.parametrize("rule", [*GUESSES, Rule.PASSWORD])
async def test_failures_per_account(rates: Rates, clock: HandClock, rule: Rule) -> None:
    """Ten failures close an account to guesses for the rest of a minute; successes cost nothing."""
    for _ in range(100):
        assert await rates.peek(rule, "target", ADDRESS) is None
        assert await rates.check(rule, "target", ADDRESS) is None
    await fail(rates, rule, 10)
    assert limited(await rates.peek(rule, "target", OTHER))
    assert await rates.peek(rule, "another", ADDRESS) is None
    clock.advance(MINUTE)
    assert await rates.peek(rule, "target", ADDRESS) is None


@pytest.mark.parametrize("rule", [*GUESSES, Rule.PASSWORD])
async def test_failures_per_day(rates: Rates, clock: HandClock, rule: Rule) -> None:
    """A hundred failures close an account to guesses until the first of them is a day old."""
    for _ in range(10):
        await fail(rates, rule, 10)
        clock.advance(MINUTE)
    refused = await rates.peek(rule, "target", ADDRESS)
    assert limited(refused)
    assert refused is not None
    assert refused.retry_after == (DAY - 10 * MINUTE) // SECOND
    clock.advance(DAY - 10 * MINUTE)
    assert await rates.peek(rule, "target", ADDRESS) is None


@pytest.mark.parametrize("rule", [*GUESSES, *TOKENS, Rule.VALIDATE])
async def test_failures_per_address(rates: Rates, rule: Rule) -> None:
    """The thirty-first failure of an address within a minute is a 429; other addresses are not concerned."""
    await fail(rates, rule, 30, "target{}", ADDRESS)
    assert limited(await rates.fail(rule, "fresh", ADDRESS))
    assert await rates.fail(rule, "fresh", OTHER) is None


@pytest.mark.parametrize("rule", [*TOKENS, Rule.VALIDATE])
async def test_flood_of_bad_tokens(rates: Rates, rule: Rule) -> None:
    """Whoever floods with bad tokens doesn't hinder the good ones behind the same address."""
    await fail(rates, rule, 30, "bad{}", ADDRESS)
    assert limited(await rates.fail(rule, "bad", ADDRESS))
    assert await rates.check(rule, "good", ADDRESS) is None


@pytest.mark.parametrize("rule", Rule)
async def test_household_behind_its_gateway(rates: Rates, rule: Rule) -> None:
    """Without an address to count only targets are limited."""
    await check(rates, rule, 100, "target{}", None)
    await fail(rates, rule, 100, "failing{}", None)
    assert await rates.peek(rule, "fresh", None) is None


async def test_ipv6_network_is_one_client(rates: Rates) -> None:
    """An IPv6 host can't escape by taking another address of its /64."""
    for number in range(30):
        assert await rates.check(Rule.FORGOT, f"target{number}", f"2a02:8108::{number:x}") is None
    assert limited(await rates.check(Rule.FORGOT, "fresh", "2a02:8108::ffff"))
    assert await rates.check(Rule.FORGOT, "fresh", "2a02:8108:0:1::1") is None


async def test_window_moves(rates: Rates, clock: HandClock) -> None:
    """Asking again is worth it exactly after the seconds that the refusal says."""
    await check(rates, Rule.FORGOT, 1)
    clock.advance(20 * SECOND)
    await check(rates, Rule.FORGOT, 4)
    refused = await rates.check(Rule.FORGOT, "target", None)
    assert refused is not None
    assert refused.retry_after == 40
    clock.advance(40 * SECOND - 1)
    assert limited(await rates.check(Rule.FORGOT, "target", None))
    clock.advance(1)
    assert await rates.check(Rule.FORGOT, "target", None) is None
    assert limited(await rates.check(Rule.FORGOT, "target", None))


@pytest.mark.parametrize("step", [-10 * DAY, 10 * DAY])
async def test_wall_clock_moves_no_window(rates: Rates, clock: HandClock, step: int) -> None:
    """Setting the wall clock neither frees nor shuts out anybody."""
    await fail(rates, Rule.LOGIN, 10)
    clock.step(step)
    refused = await rates.peek(Rule.LOGIN, "target", None)
    assert refused is not None
    assert refused.retry_after == 60
    clock.advance(MINUTE)
    assert await rates.peek(Rule.LOGIN, "target", None) is None


async def test_rates_off(clock: HandClock) -> None:
    """RATE_LIMIT_ENABLED=false limits nothing."""
    rates = Rates(replace(OPTIONS, rate_limits=False), clock)
    for rule in Rule:
        await check(rates, rule, 200, address=ADDRESS)
        await fail(rates, rule, 200, address=ADDRESS)
        assert await rates.peek(rule, "target", ADDRESS) is None


@pytest.mark.parametrize("uri", [None, "memory", "memory://"])
async def test_memory_is_on_the_boot_clock(clock: HandClock, uri: str | None) -> None:
    """Memory by name is the same as none: a deployment that says `memory://` gets the hub's windows."""
    rates = Rates(replace(OPTIONS, rate_storage=uri), clock)
    await check(rates, Rule.FORGOT, 5)
    assert limited(await rates.check(Rule.FORGOT, "target", None))
    clock.advance(MINUTE)
    assert await rates.check(Rule.FORGOT, "target", None) is None
    await rates.close()


async def test_targets_of_any_kind(rates: Rates) -> None:
    """Targets are whatever a stranger has typed: long, empty, with surrogates."""
    for target in ("x" * 1_000_000, "", "\ud800", "\x00", "LIMITS/*"):
        await check(rates, Rule.FORGOT, 5, target.replace("{", ""))
        assert limited(await rates.check(Rule.FORGOT, target, None))


async def test_flood_of_keys(clock: HandClock) -> None:
    """A flood of new keys stays bounded, and pushes out its own: whoever was limited before it stays limited."""
    windows = BootWindows(clock)
    for _ in range(10):
        assert await windows.acquire_entry("hot", 10, 60)
    clock.advance(SECOND)
    for number in range(3 * KEPT):
        assert await windows.acquire_entry(f"cold{number}", 10, 60)
    assert len(windows) <= KEPT
    assert not await windows.acquire_entry("hot", 10, 60)
    assert (await windows.get_moving_window(f"cold{3 * KEPT - 1}", 10, 60))[1] == 1


async def test_ended_windows_go_first(clock: HandClock) -> None:
    """Room is made of windows that have ended, however full they were, before any that still counts."""
    windows = BootWindows(clock)
    for number in range(KEPT - 1):
        for _ in range(2):
            assert await windows.acquire_entry(f"ended{number}", 10, 60)
    assert await windows.acquire_entry("long", 100, DAY // SECOND)
    clock.advance(HOUR)
    assert await windows.acquire_entry("new", 10, 60)
    assert len(windows) == 2
    assert (await windows.get_moving_window("long", 100, DAY // SECOND))[1] == 1


@pytest.fixture
def redis_port() -> Iterator[int]:
    """A Redis of this test's own."""
    if (program := shutil.which("redis-server")) is None:
        pytest.skip("redis-server is not installed")
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    command = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as server:
        while not answers(port):
            assert server.poll() is None
            time.sleep(0.01)
        yield port
        server.terminate()


def answers(port: int) -> bool:
    """Whether somebody listens."""
    with socket.socket() as asking:
        return asking.connect_ex(("127.0.0.1", port)) == 0


@pytest.mark.parametrize("scheme", ["redis", "valkey"])
async def test_redis(clock: HandClock, redis_port: int, scheme: str) -> None:
    """In the cloud several processes count together, in Redis or Valkey."""
    pytest.importorskip("redis")
    options = replace(OPTIONS, rate_storage=f"{scheme}://127.0.0.1:{redis_port}")
    one, other = Rates(options, clock), Rates(options, clock)
    await check(one, Rule.FORGOT, 3)
    await check(other, Rule.FORGOT, 2)
    for rates in (one, other):
        refused = await rates.check(Rule.FORGOT, "target", None)
        assert limited(refused)
        assert refused is not None
        assert 1 <= (refused.retry_after or 0) <= 60
    await fail(one, Rule.LOGIN, 10)
    assert limited(await other.peek(Rule.LOGIN, "target", None))
    await one.close()
    await other.close()


async def test_redis_is_gone(clock: HandClock) -> None:
    """What can't be counted is refused for the moment, and is no failure of the program."""
    pytest.importorskip("redis")
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        rates = Rates(replace(OPTIONS, rate_storage=f"redis://127.0.0.1:{closed.getsockname()[1]}"), clock)
        for refused in (
            await rates.check(Rule.FORGOT, "target", ADDRESS),
            await rates.peek(Rule.LOGIN, "target", ADDRESS),
            await rates.fail(Rule.LOGIN, "target", ADDRESS),
        ):
            assert refused is not None
            assert refused.code is Code.STORAGE_UNAVAILABLE
            assert refused.retry_after
        await rates.close()
