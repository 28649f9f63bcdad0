"""`make bench-sync`: what synchronising 100,000 changes costs, and how soon an end counts; the table is printed."""

import argparse
import json
import os
import platform
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from rex_auth_edge.domain.clock import DAY
from rex_auth_edge.machine import settle_memory
from rex_auth_edge.sync.cloud.answer import LONGEST_ABSENCE
from rex_auth_edge.sync.order import Lane
from tests.benchmarks import sync_line
from tests.benchmarks.__main__ import Row, others, say, table
from tests.benchmarks.load import percentile
from tests.benchmarks.servers import busy
from tests.benchmarks.sync_ends import AT_ONCE, Ends, Told, ids

EACH_WAY = 100_000
UPDATED = 2_000
ENDS, MEANWHILE, KEPT = 200, 5, 2


@contextmanager
def ends() -> Iterator[Ends]:
    """Both ends, on a disk of their own."""
    with tempfile.TemporaryDirectory() as folder:
        yield Ends(Path(folder))


def peak() -> float:
    """The most memory that this process has had, in MiB, since `forget_peak`."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


def forget_peak() -> None:
    """Count anew from what it has now."""
    Path("/proc/self/clear_refs").write_text("5")


def fresh(count: int) -> tuple[Told, float]:
    """New rows of the hub's: written, sent, taken, acknowledged, read back. And the memory that this took."""
    with ends() as both:
        both.write(ids(3 * AT_ONCE))
        both.push()
        both.pull()
        forget_peak()
        began, both.told = peak(), Told()
        for _ in range(count // AT_ONCE):
            made = ids(3 * AT_ONCE)
            both.write(made)
        both.push()
        both.pull()
        return both.told, peak() - began


def away(count: int) -> Told:
    """Both have written meanwhile: what it takes until they agree."""
    with ends() as both:
        for _ in range(count // AT_ONCE):
            both.write(ids(3 * AT_ONCE))
            both.write_in_cloud(ids(3 * AT_ONCE))
        both.told = Told()
        both.push()
        for lane in Lane:
            both.pull(lane)
        return both.told


def updates(count: int) -> Told:
    """Few cells, written again and again before any of it is sent."""
    with ends() as both:
        cells = ids(UPDATED)
        for number in range(count // AT_ONCE):
            begin = number * AT_ONCE % UPDATED
            both.rename(cells[begin : begin + AT_ONCE], f"name {number}")
        both.told = Told()
        both.push()
        return both.told


def floor(count: int) -> float:
    """Seconds of the processor's for rows of the same size, put into two keyed tables by SQLite alone, and changed."""
    with tempfile.TemporaryDirectory() as folder:
        conn = sqlite3.connect(Path(folder) / "bare.db", isolation_level=None)
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON", "cache_size=-2048"):
            conn.execute(f"PRAGMA {pragma}")
        conn.execute("CREATE TABLE here (id BLOB PRIMARY KEY, seq INT, state BLOB) WITHOUT ROWID")
        conn.execute("CREATE TABLE there (id BLOB PRIMARY KEY, seq INT, state BLOB) WITHOUT ROWID")
        conn.execute("CREATE INDEX order_here ON here (seq)")
        conn.execute("CREATE INDEX order_there ON there (seq)")
        keys = [number.to_bytes(16) for number in range(count)]
        began = time.process_time()
        for statement in (
            "INSERT INTO here VALUES (?3, ?1, ?2)",
            "INSERT INTO there VALUES (?3, ?1, ?2)",
            "UPDATE here SET seq = ?1, state = ?2 WHERE id = ?3",
        ):
            for begin in range(0, count, AT_ONCE):
                conn.execute("BEGIN IMMEDIATE")
                some = keys[begin : begin + AT_ONCE]
                conn.executemany(statement, [(begin + at, bytes(160), each) for at, each in enumerate(some)])
                conn.execute("COMMIT")
        took = time.process_time() - began
        conn.close()
        return took


def measured(count: int) -> list[Row]:
    """The table's rows. `count` changes stand for 100,000."""
    say(f"{count} new rows")
    bare = floor(count) / count * 1e6
    one, memory = fresh(count)
    cost = one.seconds / count * 1e6
    say(f"{count} changes each way")
    both = away(count)
    say(f"{count} updates of {UPDATED} cells")
    again = updates(count)
    pushed, pulled = one.pushed / one.changes, one.pulled / one.changes
    scale, back = EACH_WAY / count, f"{pulled:.1f} read back, where nobody else wrote"
    times = f"{cost / bare:.1f} times SQLite's bare writes ({bare:.0f})"
    return [
        Row("bytes per change sent, three random UUIDs in each", pushed, 96, back, lower=True),
        Row("CPU per change, both ends, us", cost, 60, times, lower=True),
        Row("requests for 100k changes each way", both.requests * scale, 450, f"{both.rows} rows read", lower=True),
        Row("changes sent for 100k updates of 2k cells", again.changes, UPDATED, "", lower=True),
        Row("peak memory above idle, MiB", memory, 24, "the cloud's end in the same process", lower=True),
        Row("absence without a refresh, days", LONGEST_ABSENCE / DAY, 180, "by `sync/cloud/answer.py`"),
    ]


def in_force(count: int, ends: int) -> list[Row]:
    """The rows about a hub and a cloud that are real processes: how soon an end on one side is one on the other.

    `count` records are made on either side while they are apart.
    """
    if not sync_line.installed():
        say("MariaDB or Redis isn't installed: nothing is measured between processes")
        return []
    with sync_line.household() as home:
        say(f"{ends} sessions ended on either side")
        cloud, hub = sync_line.online(home, ends)
        say(f"{count} records on either side while they are apart")
        took, left, further = sync_line.connecting(home, count, MEANWHILE)
        say(f"{KEPT} requests of a hub to which nothing happens")
        silent = sync_line.quiet(home, KEPT)
    slowest = max(percentile(each, 0.99) for each in (cloud, hub))
    halves = (f"{len(each)} {name}: {_spread(each)}" for each, name in ((cloud, "cloud to hub"), (hub, "hub to cloud")))
    waited = f"{left} changes of the hub's waited then; in force within {max(further):.1f} s meanwhile"
    return [
        Row("an end in force on the other side, p99, ms", slowest * 1000, 1500, "; ".join(halves), lower=True),
        Row(
            "traffic of a quiet hub, KiB an hour",
            silent / 1024,
            64,
            f"over {KEPT} requests; TLS adds some 6",
            lower=True,
        ),
        Row(f"ends in force after {count} changes each way, s from connecting", took, 2, waited, lower=True),
    ]


def _spread(times: list[float]) -> str:
    return f"p50 {percentile(times, 0.5) * 1000:.0f}, p99 {percentile(times, 0.99) * 1000:.0f}"


def main() -> None:
    """Run, and print the table or, with --json, the same for programs."""
    parser = argparse.ArgumentParser(prog="make bench-sync ARGS=...", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the changes")
    parser.add_argument("--line", action="store_true", help="only what is measured between processes")
    parser.add_argument("--json", action="store_true", help="print JSON")
    arguments = parser.parse_args()
    settle_memory()
    began, taken = time.perf_counter(), busy() - sum(os.times()[:4])
    count = EACH_WAY // 10 if arguments.quick else EACH_WAY
    rows = in_force(count, ENDS) if arguments.line else [*measured(count), *in_force(count, ENDS)]
    python = f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}"
    where = f"{os.cpu_count()} cores {platform.machine()}, {python}; {others(began, taken)}"
    if arguments.json:
        print(json.dumps({"machine": where, "rows": [asdict(row) | {"verdict": row.verdict} for row in rows]}))
    else:
        print(f"{table(rows)}\n\nOn {where}.")


if __name__ == "__main__":
    main()
