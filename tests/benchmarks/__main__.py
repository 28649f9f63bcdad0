"""`python -m tests.benchmarks`: measures everything side by side in one run, and prints the table."""

import argparse
import asyncio
import json
import os
import platform
import sqlite3
import statistics
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

from tests.benchmarks import crowds, devices, floors, measures, servers
from tests.benchmarks.load import Result, request, run
from tests.benchmarks.servers import Account
from tests.processes import Process

PERSONS = 24
REPEATS = 3


@dataclass
class Row:
    """One line of the table; `lower` tells that less is better."""

    what: str
    value: float
    target: float | None
    note: str
    lower: bool = False

    @property
    def verdict(self) -> str:
        """Whether the target is reached."""
        if self.target is None:
            return ""
        reached = self.value <= self.target if self.lower else self.value >= self.target
        return "reached" if reached else "not reached"


def say(text: str) -> None:
    """Progress, beside the result."""
    print(f"... {text}", file=sys.stderr, flush=True)


def others(began: float, busy: float) -> str:
    """What other programs took of the processors meanwhile: with much of it, no ratio means anything."""
    ours = sum(os.times()[:4])
    share = (servers.busy() - busy - ours) / (time.perf_counter() - began)
    return f"other programs took {max(0.0, share):.2f} of the cores meanwhile"


def machine() -> str:
    """What this ran on."""
    names = ("litestar", "uvicorn", "SQLAlchemy", "argon2-cffi")
    libraries = ", ".join(f"{name} {version(name)}" for name in names)
    python = f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}"
    return f"{os.cpu_count()} cores {platform.machine()}, {python}, {libraries}; server on one core, client on another"


async def bench(size: int) -> list[Row]:
    """Every measurement; `size` scales the counts."""
    rows: list[Row] = []
    os.sched_setaffinity(0, servers.CLIENT_CORE)
    with tempfile.TemporaryDirectory() as directory, servers.bare() as (_, bare_url):
        data = Path(directory) / "data"
        with servers.hub(data):
            say("first start done: the database is there")
        with servers.hub(data) as hub:
            started = servers.rss(hub.process.pid)
            say(f"{PERSONS} people register")
            people = [servers.joined(hub, number) for number in range(PERSONS)]
            say("equal cost for known and unknown addresses")
            equal = await measures.equal_cost(hub.url, people)
            say("signing in against Argon2's ceiling")
            rows += await _logins(hub, people, 20 * size)
            say("sessions, then refreshing against SQLite's floor")
            tokens = [one["refresh_token"] for one in await measures.sessions(hub.url, people, 200)]
            access = await _refreshing(hub.url, tokens, 300 * size, rows)
            say("validating against a bare route")
            await _validating(hub.url, bare_url, access, size, rows)
            say("devices' tokens against bare signatures")
            await _devices(hub, bare_url, access[-1], 100 * size, rows)
            say("memory after 1,000 sign-ins")
            await measures.sessions(hub.url, people, max(0, 1000 - REPEATS * 20 * size - 200))
            rows.append(Row("RSS after start, MiB", started, 80, "", lower=True))
            rows.append(Row("RSS after 1,000 logins, MiB", servers.rss(hub.process.pid), 120, "", lower=True))
            say("validating while sign-ins are at their limit")
            rows += _crowded(*await crowds.beside_logins(hub.url, people, access[-1], 500 * size))
        say("refreshing among 1,000 and 100,000 sessions")
        rows.append(_among(*await crowds.refreshing_among((1_000, 100_000), Path(directory), 150 * size, REPEATS)))
    say("a device's program")
    rows += _offline()
    say("cold starts")
    ours, theirs = measures.cold_starts(REPEATS)
    note = f"{ours:.2f} s against {theirs:.2f} s"
    rows.append(Row("cold start / bare Litestar's", ours / theirs, 2.2, note, lower=True))
    for name, (known, unknown) in equal.items():
        note = f"{known:.2f} ms known, {unknown:.2f} ms unknown"
        rows.append(Row(f"{name}, unknown / known address", unknown / known, None, note))
    return rows


async def _logins(hub: Process, people: list[Account], count: int) -> list[Row]:
    """Sign-ins and ceiling in turn."""
    ceilings, rates, costs = [], [], []
    for _ in range(REPEATS):
        ceilings.append(measures.on_server_core(floors.hashes, 1.5))
        rate, milliseconds = await measures.login_cost(hub, people, count)
        rates.append(rate)
        costs.append(milliseconds)
    ceiling, rate, milliseconds = (statistics.median(found) for found in (ceilings, rates, costs))
    beyond = milliseconds - 1000 / ceiling
    return [
        Row("login / Argon2 ceiling of one core", rate / ceiling, 0.75, f"{rate:.1f}/s against {ceiling:.1f}/s"),
        Row("login minus hash, ms CPU", beyond, 2, f"{milliseconds:.2f} ms in all", lower=True),
    ]


def _crowded(alone: Result, beside: Result) -> list[Row]:
    """No target is set for these: on one core a validation waits for its turn beside a hash."""
    (half, most), (half_beside, most_beside) = measures.latencies(alone), measures.latencies(beside)
    return [
        Row("validate p50 while logins are at their limit, ms", half_beside, None, f"{half:.2f} ms alone", lower=True),
        Row("validate p99 while logins are at their limit, ms", most_beside, None, f"{most:.2f} ms alone", lower=True),
    ]


def _among(few: float, many: float) -> Row:
    return Row("refresh with 100k sessions / with 1k", many / few, 0.9, f"{many:.0f}/s against {few:.0f}/s")


async def _refreshing(url: str, tokens: list[str], count: int, rows: list[Row]) -> list[str]:
    """Refresh and floor in turn; the access tokens that came, none of which has been looked at yet."""
    rates, floor_rates, latencies, access = [], [], [], []
    for _ in range(REPEATS):
        floor_rates.append(measures.floor(4000))
        result, came = await measures.rotate(url, tokens, count)
        rates.append(result.rate)
        latencies.append(measures.latencies(result))
        access += came
    rate, floor = statistics.median(rates), statistics.median(floor_rates)
    rows.append(Row("refresh / SQLite's durable floor", rate / floor, 0.2, f"{rate:.0f}/s against {floor:.0f}/s"))
    half, most = statistics.median(pair[0] for pair in latencies), statistics.median(pair[1] for pair in latencies)
    rows.append(Row("refresh p99 / p50", most / half, 4, f"{most:.1f} ms against {half:.1f} ms", lower=True))
    return access


async def _validating(url: str, bare_url: str, access: list[str], size: int, rows: list[Row]) -> None:
    """One token again and again, then tokens that are new each time; the bare route in turn with both."""
    hot, cold, bare = [], [], []
    share = len(access) // REPEATS
    for part in range(REPEATS):
        bare.append((await run(bare_url, 8, [request("GET", "/")] * 4000 * size)).rate)
        hot.append(_good(await run(url, 8, [measures.validate(access[-1])] * 4000 * size)))
        fresh = access[part * share : (part + 1) * share]
        cold.append(_good(await run(url, 8, [measures.validate(token) for token in fresh])))
    floor = statistics.median(bare)
    for what, rates, target in (("hot token", hot, 0.8), ("a token not seen before", cold, 0.3)):
        rate = statistics.median(rates)
        rows.append(Row(f"validate, {what} / bare route", rate / floor, target, f"{rate:.0f}/s against {floor:.0f}/s"))


async def _devices(hub: Process, bare_url: str, token: str, count: int, rows: list[Row]) -> None:
    """Tokens for a device, and proxies that ask; what each is compared with in turn."""
    thing = devices.let_in(hub)
    rates, ceilings, asked, bare = [], [], [], []
    for _ in range(REPEATS):
        ceilings.append(measures.on_server_core(devices.signatures, 1.0, 2, 1))
        rates.append(await devices.issued(hub, thing, count))
        bare.append((await run(bare_url, 8, [request("GET", "/")] * 20 * count)).rate)
        asked.append(_good(await run(hub.url, 8, [devices.forwarded(token)] * 20 * count)))
    ceiling, asks, floor = (statistics.median(found) for found in (ceilings, asked, bare))
    rate, cost = (statistics.median(found) for found in zip(*rates, strict=True))
    note = f"{rate:.0f}/s against {ceiling:.0f}/s; {cost:.2f} ms CPU each"
    rows.append(Row("device's token issued / 2 signatures checked, 1 made", rate / ceiling, None, note))
    rows.append(Row("forward-auth, hot token / bare route", asks / floor, None, f"{asks:.0f}/s against {floor:.0f}/s"))


def _offline() -> list[Row]:
    """What a device does without the hub, and what importing its program costs; on the server's core."""
    rates, ceilings = [], []
    for _ in range(REPEATS):
        ceilings.append(measures.on_server_core(devices.signatures, 1.0, 1, 0))
        rates.append(measures.on_server_core(devices.checks, 1.0))
    rate, ceiling = statistics.median(rates), statistics.median(ceilings)
    (milliseconds, memory), (more, heavier) = devices.importing(2 * REPEATS - 1)
    none, few, many = (devices.list_bytes(10_000, ended) / 1024 for ended in (0, 100, 1_000))
    return [
        Row(
            "token checked without the hub / signature checked",
            rate / ceiling,
            None,
            f"{rate:.0f}/s against {ceiling:.0f}/s",
        ),
        Row(
            "list for 10,000 tokens, 1% ended, KiB", few, None, f"{none:.2f} with none, {many:.2f} with 10%", lower=True
        ),
        Row("importing the client, ms CPU", milliseconds, None, f"{more:.0f} more for the first signature", lower=True),
        Row("importing the client, MiB", memory, None, f"{heavier:.1f} more for the first signature", lower=True),
    ]


def _good(result: Result) -> float:
    assert set(result.statuses) == {200}, result.statuses
    return result.rate


def table(rows: list[Row]) -> str:
    """The rows as Markdown."""
    lines = ["| what | measured | target | | in figures |", "|---|---|---|---|---|"]
    for row in rows:
        target = "" if row.target is None else f"{'<=' if row.lower else '>='} {row.target:g}"
        lines.append(f"| {row.what} | {row.value:.2f} | {target} | {row.verdict} | {row.note} |")
    return "\n".join(lines)


def main() -> None:
    """Run, and print the table or, with --json, the same for programs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a fifth of the requests")
    parser.add_argument("--json", action="store_true", help="print JSON")
    arguments = parser.parse_args()
    began, busy = time.perf_counter(), servers.busy() - sum(os.times()[:4])
    rows = asyncio.run(bench(1 if arguments.quick else 4))
    where = f"{machine()}; {others(began, busy)}"
    if arguments.json:
        print(json.dumps({"machine": where, "rows": [asdict(row) | {"verdict": row.verdict} for row in rows]}))
    else:
        print(f"{table(rows)}\n\nMedians of {REPEATS}, on {where}.")


if __name__ == "__main__":
    main()
