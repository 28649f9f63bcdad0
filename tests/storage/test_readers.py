"""SQLite's readers: as many as there may be, whatever happens in a query."""

import asyncio
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from rex_auth_edge.storage.readers import Readers
from rex_auth_edge.storage.sqlite import configure
from rex_auth_edge.storage.store import Store
from rex_auth_edge.storage.tables import node_facts
from tests.storage.rows import add, kept


@pytest.fixture
async def readers(tmp_path: Path) -> AsyncIterator[Readers]:
    """Two readers over a database with one table."""
    engine = sa.create_engine(
        sa.URL.create("sqlite", database=str(tmp_path / "hub.db")),
        poolclass=sa.pool.NullPool,
        connect_args={"check_same_thread": False},
    )
    sa.event.listen(engine, "connect", configure)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE kept (name TEXT)")
    readers = Readers(engine, 2)
    yield readers
    await readers.close()


def count(conn: sa.Connection) -> Any:
    """The rows of the table."""
    return conn.exec_driver_sql("SELECT count(*) FROM kept").scalar_one()


async def test_never_more_than_allowed(readers: Readers) -> None:
    """Five reads at once use two threads, and the others wait."""
    gate, seen = threading.Barrier(2), set()

    def query(_conn: sa.Connection) -> None:
        seen.add(threading.get_ident())
        gate.wait(10)

    await asyncio.wait_for(asyncio.gather(*(readers.read(query) for _ in range(6))), 30)
    assert len(seen) == 2


@pytest.mark.parametrize("error", [LookupError("no"), StopIteration("no"), sa.exc.InvalidRequestError("no")])
async def test_a_query_that_fails(readers: Readers, error: Exception) -> None:
    """Its caller is told, whatever it was, and the reader serves the next."""

    def query(conn: sa.Connection) -> None:
        conn.exec_driver_sql("INSERT INTO kept VALUES ('undone')")
        raise error

    for _ in range(3):
        with pytest.raises((type(error), RuntimeError)):
            await asyncio.wait_for(readers.read(query), 10)
    assert await readers.read(count) == 0


async def test_a_caller_that_goes_away_keeps_no_reader(readers: Readers) -> None:
    """Its query ends by itself; those that come after it are answered."""
    started, gate = threading.Event(), threading.Event()

    def query(_conn: sa.Connection) -> None:
        started.set()
        gate.wait(10)

    reading = [asyncio.create_task(readers.read(query)) for _ in range(2)]
    await asyncio.to_thread(started.wait, 10)
    for task in reading:
        task.cancel()
    await asyncio.gather(*reading, return_exceptions=True)
    gate.set()
    assert await asyncio.wait_for(readers.read(count), 10) == 0


async def test_a_caller_that_goes_away_while_a_reader_opens(tmp_path: Path) -> None:
    """It goes only once the reader is open, which is then others': no thread is left that nobody closes."""
    begun, gate = threading.Event(), threading.Event()

    def slowly(*_: Any) -> None:
        begun.set()
        gate.wait(10)

    engine = sa.create_engine(sa.URL.create("sqlite", database=str(tmp_path / "hub.db")), poolclass=sa.pool.NullPool)
    sa.event.listen(engine, "connect", slowly)
    readers = Readers(engine, 1)
    reading = asyncio.create_task(readers.read(lambda conn: conn.exec_driver_sql("SELECT 1").scalar_one()))
    await asyncio.to_thread(begun.wait, 10)
    reading.cancel()
    for _ in range(5):
        await asyncio.sleep(0)
    assert not reading.done()
    gate.set()
    await asyncio.gather(reading, return_exceptions=True)
    assert reading.cancelled()
    assert await readers.read(lambda conn: conn.exec_driver_sql("SELECT 2").scalar_one()) == 2
    await readers.close()


async def test_nothing_of_a_query_is_logged(readers: Readers, caplog: pytest.LogCaptureFixture) -> None:
    """The library logs the errors that it sees, with the text that may hold what somebody typed."""

    def query(_conn: sa.Connection) -> None:
        raise LookupError("typed by somebody")

    with caplog.at_level("DEBUG"), pytest.raises(LookupError):
        await readers.read(query)
    assert "typed by somebody" not in caplog.text


async def test_readers_write_nothing_that_stays_open(sqlite_store: Store) -> None:
    """Long reads don't hold up the writer, nor it them."""
    loop = asyncio.get_running_loop()

    def query(conn: sa.Connection) -> int:
        rows = conn.execute(sa.select(node_facts.c.name)).all()
        asyncio.run_coroutine_threadsafe(sqlite_store.write(add("meanwhile")), loop).result(30)
        return len(rows)

    assert await asyncio.wait_for(sqlite_store.read(query), 30) == 1
    assert await kept(sqlite_store) == {"meanwhile"}
