"""The one writer of SQLite: what shares a commit, what a failed commit undoes, and what survives kill -9."""

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from pathlib import Path
from uuid import UUID

import pytest
import sqlalchemy as sa

from rex_auth_edge.storage.faults import Fault
from rex_auth_edge.storage.open import open_store
from rex_auth_edge.storage.sqlite import BATCH, WAITING
from rex_auth_edge.storage.store import StorageFullError, StorageUnavailableError, Store
from rex_auth_edge.storage.tables import node_facts, user_pictures
from rex_auth_edge.storage.tx import Tx
from tests.doubles import HandClock, SeededEntropy
from tests.storage.rows import add, kept

PRAGMAS = {
    "journal_mode": "wal",
    "synchronous": 2,
    "foreign_keys": 1,
    "busy_timeout": 5000,
    "secure_delete": 1,
    "trusted_schema": 0,
    "temp_store": 2,
    "cache_size": -2048,
}


@asynccontextmanager
async def held(store: Store) -> AsyncIterator[None]:
    """The writer is busy with a flow, so that what is written meanwhile waits together."""
    begun, go = threading.Event(), threading.Event()

    def flow(_: Tx) -> None:
        begun.set()
        go.wait(30)

    holding = asyncio.create_task(store.write(flow))
    await asyncio.to_thread(begun.wait, 30)
    yield
    go.set()
    await holding


async def together(store: Store, *flows: Callable[[Tx], object]) -> list[object]:
    """The flows' outcomes, exceptions included, when they share a transaction."""
    async with held(store):
        writing = [asyncio.create_task(store.write(flow)) for flow in flows]
        await asyncio.sleep(0)
    return await asyncio.gather(*writing, return_exceptions=True)


def room_for(pages: int) -> Callable[[Tx], None]:
    """Let the database grow by so many pages and no more: a full disk."""

    def flow(tx: Tx) -> None:
        count = tx.conn.exec_driver_sql("PRAGMA page_count").scalar_one()
        tx.conn.exec_driver_sql(f"PRAGMA max_page_count={count + pages}")

    return flow


def modes_in(folder: Path) -> dict[str, int]:
    """The folder's files with their permissions."""
    return {file.name: file.stat().st_mode & 0o777 for file in folder.iterdir()}


async def test_flows_share_a_commit(sqlite_store: Store) -> None:
    """What waits is done in one transaction: all flows run before anything follows the first one's commit."""
    order: list[str] = []

    def flow(name: str) -> Callable[[Tx], None]:
        def run(tx: Tx) -> None:
            order.append(name)
            add(name, then=lambda: order.append(f"after {name}"))(tx)

        return run

    await together(sqlite_store, *map(flow, "abc"))
    assert order == ["a", "b", "c", "after a", "after b", "after c"]


async def test_a_batch_is_bounded(sqlite_store: Store) -> None:
    """However much waits, a commit is shared by 64 at most, so that the first needn't wait for the last."""
    order: list[str] = []

    def flow(tx: Tx) -> None:
        order.append("flow")
        tx.after_commit.append(lambda: order.append("after"))

    await together(sqlite_store, *[flow] * (BATCH + 1))
    assert order == ["flow"] * BATCH + ["after"] * BATCH + ["flow", "after"]


async def test_a_neighbour_in_the_same_transaction_is_not_hurt(sqlite_store: Store) -> None:
    """A flow that fails after writing leaves no row, and those before and after it in the transaction are kept."""

    def fails(tx: Tx) -> None:
        add("half")(tx)
        raise LookupError

    before, failed, after = await together(sqlite_store, add("before"), fails, add("after"))
    assert (before, after) == ("before", "after")
    assert isinstance(failed, LookupError)
    assert await kept(sqlite_store) == {"before", "after"}


async def test_a_full_disk_fails_the_batch(sqlite_store: Store) -> None:
    """Where SQLite undid the transaction everybody in it is told so, nothing follows, and later writes go on."""
    followed: list[str] = []
    await sqlite_store.write(room_for(3))
    flows = [
        add(name, bytes(size), lambda: followed.append("no")) for name, size in (("a", 9), ("b", 90_000), ("c", 9))
    ]
    outcomes = await together(sqlite_store, *flows)
    assert [type(outcome) for outcome in outcomes] == [StorageFullError] * 3
    assert "full" in str(outcomes[0])
    assert (await kept(sqlite_store), followed) == (set(), [])
    assert await sqlite_store.write(add("small")) == "small"


async def test_a_full_disk_and_what_is_urgent(sqlite_store: Store) -> None:
    """In a batch that was too much the urgent flows are done all the same, each by itself, and told that it is full."""
    told: list[bool] = []

    def urgent(tx: Tx) -> str:
        told.append(tx.full)
        return add("urgent", then=lambda: told.append(True))(tx)

    await sqlite_store.write(room_for(3))
    async with held(sqlite_store):
        large = asyncio.create_task(sqlite_store.write(add("large", bytes(90_000))))
        small = asyncio.create_task(sqlite_store.write(urgent, urgent=True))
        await asyncio.sleep(0)
    assert await small == "urgent"
    with pytest.raises(StorageFullError) as refused:
        await large
    assert refused.value.refused.code == "storage_full"
    assert told[-2:] == [True, True]
    assert await kept(sqlite_store) == {"urgent"}


async def test_what_errs_on_the_safe_side(sqlite_store: Store) -> None:
    """Where a commit failed nobody knows what of it is on the disk: what is for that case runs, and nothing else."""
    followed: list[str] = []

    def flow(tx: Tx) -> None:
        tx.conn.exec_driver_sql("CREATE TABLE parent (id INTEGER PRIMARY KEY)")
        tx.conn.exec_driver_sql("CREATE TABLE child (id INTEGER REFERENCES parent DEFERRABLE INITIALLY DEFERRED)")
        tx.conn.exec_driver_sql("INSERT INTO child VALUES (1)")
        tx.after_commit.append(lambda: followed.append("done"))
        tx.in_doubt.append(lambda: followed.append("doubt"))

    with pytest.raises(StorageUnavailableError):
        await sqlite_store.write(flow)
    assert followed == ["doubt"]
    assert await sqlite_store.write(add("next")) == "next"


async def test_a_failed_commit_fails_the_batch(sqlite_store: Store) -> None:
    """A COMMIT that is refused keeps nothing of anybody's, and what was to follow it doesn't."""
    followed: list[str] = []

    def orphan(tx: Tx) -> None:
        tx.conn.exec_driver_sql("INSERT INTO child VALUES (1)")

    def tables(tx: Tx) -> None:
        tx.conn.exec_driver_sql("CREATE TABLE parent (id INTEGER PRIMARY KEY)")
        tx.conn.exec_driver_sql("CREATE TABLE child (id INTEGER REFERENCES parent DEFERRABLE INITIALLY DEFERRED)")

    await sqlite_store.write(tables)
    outcomes = await together(sqlite_store, add("row", then=lambda: followed.append("no")), orphan)
    assert [type(outcome) for outcome in outcomes] == [StorageUnavailableError] * 2
    assert (await kept(sqlite_store), followed) == (set(), [])
    assert await sqlite_store.write(add("next")) == "next"


async def test_a_full_queue_refuses_at_once(sqlite_store: Store) -> None:
    """Past the queue's bound a write is refused while those before it still wait, and all of these are done."""
    async with held(sqlite_store):
        accepted = [asyncio.create_task(sqlite_store.write(add(f"{one}"))) for one in range(WAITING)]
        await asyncio.sleep(0)
        with pytest.raises(StorageUnavailableError, match="Too many writes"):
            await sqlite_store.write(add("late"))
    await asyncio.gather(*accepted)
    assert len(await kept(sqlite_store)) == WAITING


async def test_a_lost_caller_in_a_batch(sqlite_store: Store) -> None:
    """A caller that is cancelled while its write waits gets it done all the same, as its neighbours do."""
    async with held(sqlite_store):
        lost, stays = (asyncio.create_task(sqlite_store.write(add(name))) for name in ("lost", "stays"))
        await asyncio.sleep(0)
        lost.cancel()
    assert await stays == "stays"
    assert await kept(sqlite_store) == {"lost", "stays"}


async def test_what_no_future_can_hold(sqlite_store: Store) -> None:
    """A flow that lets StopIteration out is answered with an error, not with silence."""

    def flow(_: Tx) -> None:
        next(iter(()))

    with pytest.raises(RuntimeError):
        await asyncio.wait_for(sqlite_store.write(flow), 30)


async def test_a_wrong_statement_is_no_failing_disk(sqlite_store: Store) -> None:
    """A flow or a query that is wrong meets its own error, not the sentence about the disk."""
    wrong = sa.insert(node_facts).values(name=object(), value=b"")
    with pytest.raises(sa.exc.StatementError):
        await sqlite_store.write(lambda tx: tx.conn.execute(wrong))
    with pytest.raises(sa.exc.StatementError):
        await sqlite_store.read(lambda conn: conn.execute(sa.select(node_facts).where(node_facts.c.name == object())))


async def test_pragmas_hold_on_every_connection(sqlite_store: Store) -> None:
    """The writer and each of the readers run with the settings that keep rows through a power cut."""

    def pragmas(conn: sa.Connection) -> dict[str, object]:
        return {name: conn.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in PRAGMAS}

    reads = [sqlite_store.read(pragmas) for _ in range(6)]
    assert await asyncio.gather(sqlite_store.write(lambda tx: pragmas(tx.conn)), *reads) == [PRAGMAS] * 7


async def test_files_are_private(tmp_path: Path, clock: HandClock, entropy: SeededEntropy) -> None:
    """The database, its log and its index are for the owner only, whatever the umask; an open file is closed down."""
    before = os.umask(0)
    try:
        path = tmp_path / "hub.db"
        path.touch(mode=0o666)
        store = await open_store(sa.URL.create("sqlite", database=str(path)), tmp_path, clock, entropy)
        await store.write(add("row"))
        modes = modes_in(tmp_path)
        await store.close()
    finally:
        os.umask(before)
    assert modes == {"hub.db": 0o600, "hub.db-wal": 0o600, "hub.db-shm": 0o600}


async def test_close_leaves_one_file(sqlite_store: Store, tmp_path: Path) -> None:
    """After a close everything is in the database file, which can be copied alone."""
    await sqlite_store.write(add("row"))
    await kept(sqlite_store)
    await sqlite_store.close()
    assert list(modes_in(tmp_path)) == ["hub.db"]
    with closing(sqlite3.connect(tmp_path / "hub.db")) as database:
        assert ("row",) in database.execute("SELECT name FROM node_facts").fetchall()


async def test_a_damaged_page_is_a_failing_disk(sqlite_store: Store, tmp_path: Path) -> None:
    """A read that meets a damaged page is refused as unavailable, with a sentence for the person at the console."""
    picture = {"tenant_id": UUID(int=1), "user_id": UUID(int=2), "media_type": "image/png", "image": bytes(400_000)}
    await sqlite_store.write(lambda tx: tx.conn.execute(sa.insert(user_pictures).values(picture)).rowcount)
    with closing(sqlite3.connect(tmp_path / "hub.db")) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with (tmp_path / "hub.db").open("r+b") as file:
        file.seek(-300_000, os.SEEK_END)
        file.write(b"\xff" * 300_000)
    with pytest.raises(StorageUnavailableError, match="malformed"):
        await sqlite_store.read(lambda conn: conn.execute(sa.select(user_pictures.c.image)).all())
    assert sqlite_store.trouble is Fault.DAMAGED


def test_kill_loses_nothing_acknowledged(tmp_path: Path) -> None:
    """After kill -9 in the middle of writing every row that was answered for is there, and the file is whole."""
    command = [sys.executable, "-m", "tests.storage.writing", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        answered = [process.stdout.readline().strip() for _ in range(300)]
        process.send_signal(signal.SIGKILL)
        answered += process.stdout.read().splitlines()[:-1]  # the last line may be cut short
    with closing(sqlite3.connect(tmp_path / "hub.db")) as database:
        there = {name for (name,) in database.execute("SELECT name FROM node_facts")}
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert process.returncode == -signal.SIGKILL
    assert set(answered) - there == set()
