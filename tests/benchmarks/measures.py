"""The measurements: each takes the running servers and gives numbers; ratios are made where the table is."""

import asyncio
import multiprocessing
import os
import re
import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from tests.benchmarks import floors, servers
from tests.benchmarks.load import Result, percentile, request, run
from tests.benchmarks.servers import PASSWORD, Account
from tests.processes import Process

_TOKENS = re.compile(rb'"access_token":"([^"]+)","refresh_token":"([^"]+)"')
FORM = "application/x-www-form-urlencoded"


def on_server_core(work: Callable[..., float], *arguments: Any) -> float:
    """Run `work` in a process of its own on the server's core."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(1, os.sched_setaffinity, (0, servers.SERVER_CORE)) as pool:
        return pool.apply(work, arguments)


def login(account: Account, address: str, password: str = PASSWORD) -> bytes:
    """A sign-in, from the device that the person has registered with."""
    body = msgspec.json.encode({"email": account.email, "password": password})
    known = {"Cookie": f"rex_device={account.device}"} if account.device else {}
    return request("POST", "/auth/login", body, Content_Type="application/json", X_Forwarded_For=address, **known)


def validate(token: str) -> bytes:
    """What a gateway asks."""
    return request("GET", "/auth/token/validate", Authorization=f"Bearer {token}")


async def sessions(url: str, accounts: list[Account], count: int) -> list[dict[str, str]]:
    """Sign in `count` times; the tokens."""
    wanted = [login(accounts[number % len(accounts)], "10.9.9.9") for number in range(count)]
    result = await run(url, 4, wanted)
    assert set(result.statuses) == {200}, result.statuses
    return [msgspec.json.decode(body) for body in result.bodies]


async def rotate(url: str, tokens: list[str], count: int) -> tuple[Result, list[str]]:
    """Refresh over 8 connections, each with sessions of its own; `tokens` are replaced by the last that came.

    Returns the access tokens too, which nobody has looked at yet.
    """
    access: list[str] = []
    shares = [tokens[part::8] for part in range(8)]
    results = await asyncio.gather(*(_rotate_own(url, share, count // 8, access) for share in shares))
    for part, share in enumerate(shares):
        tokens[part::8] = share
    merged = Result(max(one.seconds for one in results), [], [], {})
    for one in results:
        merged.times += one.times
        merged.statuses |= one.statuses
    assert set(merged.statuses) == {200}, merged.statuses
    return merged, access


async def _rotate_own(url: str, own: list[str], count: int, access: list[str]) -> Result:
    result = Result(0.0, [], [], {})

    def learn(number: int) -> None:
        found = _TOKENS.search(result.bodies[-1])
        assert found, result.bodies[-1]
        access.append(found.group(1).decode())
        own[number % len(own)] = found.group(2).decode()

    def ask(number: int) -> bytes:
        if number:
            learn(number - 1)
        return request("POST", "/auth/token/refresh", Authorization=f"Bearer {own[number % len(own)]}")

    await run(url, 1, [partial(ask, number) for number in range(count)], result)
    learn(count - 1)
    return result


async def login_cost(process: Process, accounts: list[Account], count: int) -> tuple[float, float]:
    """Sign-ins a second over 2 connections, and CPU milliseconds for each."""
    pid = process.process.pid
    before, wanted = servers.cpu(pid), [login(accounts[number % len(accounts)], "10.9.9.9") for number in range(count)]
    result = await run(process.url, 2, wanted)
    assert set(result.statuses) == {200}, result.statuses
    return result.rate, (servers.cpu(pid) - before) * 1000 / count


async def equal_cost(url: str, accounts: list[Account]) -> dict[str, tuple[float, float]]:
    """Median milliseconds for an address that has an account, and for one that hasn't, by endpoint."""
    strangers = [Account(f"stranger{number}@example.com") for number in range(len(accounts))]
    found = {}
    for name, ask in (("login", _wrong), ("forgot", _forgot), ("register", _register)):
        pairs = [ask(who, number) for number, pair in enumerate(zip(accounts, strangers, strict=True)) for who in pair]
        times = (await run(url, 1, pairs)).times
        found[name] = (statistics.median(times[0::2]) * 1000, statistics.median(times[1::2]) * 1000)
    return found


def _wrong(account: Account, number: int) -> bytes:
    return login(Account(account.email), f"10.1.0.{number + 1}", "Wrong-Word-11!")


def _forgot(account: Account, number: int) -> bytes:
    body = f"email={account.email}".encode()
    return request("POST", "/auth/password/forgot", body, Content_Type=FORM, X_Forwarded_For=f"10.2.0.{number + 1}")


def _register(account: Account, number: int) -> bytes:
    body = f"email={account.email}&password={PASSWORD}".encode()
    return request("POST", "/auth/register/initiate", body, Content_Type=FORM, X_Forwarded_For=f"10.3.0.{number + 1}")


def cold_starts(repeats: int) -> tuple[float, float]:
    """Median seconds from start to the first answer: ours on an existing database, and a bare route."""
    ours, theirs = [], []
    with tempfile.TemporaryDirectory() as directory:
        data = Path(directory) / "data"
        with servers.hub(data):
            pass
        for _ in range(repeats):
            began = time.perf_counter()
            with servers.hub(data) as process:
                ours.append(servers.until_ready(process.url, "/health/live", began))
            began = time.perf_counter()
            with servers.bare() as (_, url):
                theirs.append(servers.until_ready(url, "/", began))
    return statistics.median(ours), statistics.median(theirs)


def floor(count: int) -> float:
    """SQLite's durable rotations a second, on the disk that holds temporary files as the hub's database does."""
    with tempfile.TemporaryDirectory() as directory:
        return on_server_core(floors.rotations, Path(directory), count)


def latencies(result: Result) -> tuple[float, float]:
    """Milliseconds: the median, and what 99 of 100 didn't exceed."""
    return percentile(result.times, 0.5) * 1000, percentile(result.times, 0.99) * 1000
