"""SQLite with one writer: a thread drains its queue into one durable transaction, a savepoint for each flow.

`synchronous=FULL` keeps every acknowledged row through a power cut; sharing a commit makes that cheap.
"""

import asyncio
import logging
import queue
import sqlite3
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import create_async_engine

from rex_auth_edge.domain.clock import Clock
from rex_auth_edge.domain.entropy import Entropy, Ids
from rex_auth_edge.storage.store import StorageUnavailableError
from rex_auth_edge.storage.tx import Node, Tx

T = TypeVar("T")

BATCH = 64
WAITING = 1024
READERS = 3

_log = logging.getLogger(__name__)
_PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    "PRAGMA busy_timeout=5000",
    "PRAGMA secure_delete=ON",
    "PRAGMA trusted_schema=OFF",
    "PRAGMA temp_store=MEMORY",
    "PRAGMA cache_size=-2048",
)


@dataclass(slots=True)
class _Item:
    """One flow and who waits for it. `outcome` is (result, None) or (None, error) once it has run."""

    work: Callable[[Tx], Any]
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[Any]
    tx: Tx | None = None
    result: Any = None
    error: BaseException | None = None


def configure(connection: Any, _record: Any = None) -> None:
    """Set what SQLite keeps per connection; transactions are begun by us, never by the driver."""
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in _PRAGMAS:
        cursor.execute(pragma)
    cursor.close()


class SqliteStore:
    """One database file. Raises sqlalchemy's DBAPIError where it can't be opened."""

    def __init__(self, path: Path, clock: Clock, entropy: Entropy, node: Node) -> None:
        self._clock = clock
        self._entropy = entropy
        self._ids = Ids(entropy)
        self._node = node
        self._queue: queue.Queue[_Item | None] = queue.Queue(WAITING)
        self._closed = False
        self._sync = sa.create_engine(
            sa.URL.create("sqlite", database=str(path)),
            poolclass=sa.pool.NullPool,
            hide_parameters=True,
            connect_args={"check_same_thread": False},
        )
        sa.event.listen(self._sync, "connect", configure)
        self._writing = self._sync.connect()  # here, so that a failure meets whoever opens the store
        self._async = create_async_engine(
            sa.URL.create("sqlite+aiosqlite", database=str(path)),
            pool_size=READERS,
            max_overflow=0,
            hide_parameters=True,
        )
        sa.event.listen(self._async.sync_engine, "connect", configure)
        sa.event.listen(self._async.sync_engine, "begin", _begin_deferred)
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)
        self._thread.start()

    async def write(self, work: Callable[[Tx], T]) -> T:
        """See `Store.write`. Work that was accepted is done even if its caller goes away."""
        self._unless_closed()
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        try:
            self._queue.put_nowait(_Item(work, loop, future))
        except queue.Full:
            raise StorageUnavailableError("Too many writes are waiting for the disk.") from None
        return await future

    async def read(self, query: Callable[[sa.Connection], T]) -> T:
        """See `Store.read`."""
        self._unless_closed()
        try:
            async with self._async.connect() as connection, connection.begin():
                return await connection.run_sync(query)
        except sa.exc.TimeoutError as error:
            raise StorageUnavailableError("Too many reads are waiting for the database.") from error
        except (sa.exc.DBAPIError, sqlite3.Error) as error:
            if _of_the_disk(error):
                raise StorageUnavailableError(_reason(error)) from error
            raise

    async def close(self) -> None:
        """See `Store.close`."""
        if not self._closed:
            self._closed = True
            await asyncio.to_thread(self._queue.put, None)
            await asyncio.to_thread(self._thread.join)
            await self._async.dispose()
            self._sync.dispose()

    def _unless_closed(self) -> None:
        if self._closed:
            raise StorageUnavailableError("The database is closed: the hub is stopping.")

    def _run(self) -> None:
        while (batch := self._next())[0] is not None:
            self._commit(self._writing, [item for item in batch if item is not None])
            if batch[-1] is None:
                break
        with suppress(sqlite3.Error):  # what it can't do now, the next start does
            _driver(self._writing).execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._writing.close()

    def _next(self) -> list[_Item | None]:
        """What is there, waiting for at least one; None, always last, ends the writer."""
        batch = [self._queue.get()]
        with suppress(queue.Empty):
            while batch[-1] is not None and len(batch) < BATCH:
                batch.append(self._queue.get_nowait())
        return batch

    def _commit(self, connection: sa.Connection, items: list[_Item]) -> None:
        raw = _driver(connection)
        try:
            raw.execute("BEGIN IMMEDIATE")
            for item in items:
                self._attempt(connection, raw, item)
            raw.execute("COMMIT")
        except Exception as error:  # noqa: BLE001  whatever it was, everybody who waits is told
            _log.exception("A transaction of %d writes could not be committed.", len(items))
            with suppress(sqlite3.Error):
                raw.execute("ROLLBACK")
            _answer_all(items, StorageUnavailableError(_reason(error)))
        else:
            for item in items:
                _publish(item)
            _answer_all(items, None)

    def _attempt(self, connection: sa.Connection, raw: Any, item: _Item) -> None:
        """Run one flow in its savepoint; what it raises is its own caller's, and undoes nothing else."""
        raw.execute("SAVEPOINT flow")
        item.tx = Tx(connection, self._clock.now(), self._entropy, self._ids, self._node)
        try:
            item.result = item.work(item.tx)
        except BaseException as error:
            item.error = StorageUnavailableError(_reason(error)) if _of_the_disk(error) else error
            if not raw.in_transaction:  # SQLite has undone everything: a full disk, a failed read
                raise StorageUnavailableError(_reason(error)) from error
            raw.execute("ROLLBACK TO flow")
        raw.execute("RELEASE flow")


def _driver(connection: sa.Connection) -> Any:
    return connection.connection.driver_connection


def _begin_deferred(connection: sa.Connection) -> None:
    connection.exec_driver_sql("BEGIN")


def _publish(item: _Item) -> None:
    if item.error is None and item.tx is not None:
        for callback in item.tx.after_commit:
            try:
                callback()
            except Exception:  # noqa: BLE001  it is logged, and there is a next time
                _log.exception("What was to follow a commit failed.")


def _answer_all(items: list[_Item], failure: StorageUnavailableError | None) -> None:
    """Wake each loop once for all of its callers: a wake-up costs as much as a statement."""
    for loop in {item.loop for item in items}:
        with suppress(RuntimeError):  # the callers' loop is closed: nobody waits
            loop.call_soon_threadsafe(_answer_those_of, loop, items, failure)


def _answer_those_of(
    loop: asyncio.AbstractEventLoop, items: list[_Item], failure: StorageUnavailableError | None
) -> None:
    for item in items:
        if item.loop is loop:
            _answer(item, failure)


def _answer(item: _Item, failure: StorageUnavailableError | None) -> None:
    if item.future.done():
        return
    error = failure or item.error
    if isinstance(error, StopIteration):  # no future takes one, and its caller would wait for ever
        item.future.set_exception(RuntimeError("A flow let StopIteration out."))
    elif error is not None:
        item.future.set_exception(error)
    else:
        item.future.set_result(item.result)


def _of_the_disk(error: BaseException) -> bool:
    """Whether the database failed, rather than refused (a constraint) or the flow was wrong (a bad statement)."""
    cause = getattr(error, "orig", None) or error
    wrong = sqlite3.IntegrityError | sqlite3.ProgrammingError | sqlite3.DataError | sqlite3.InterfaceError
    return isinstance(cause, sqlite3.Error) and not isinstance(cause, wrong)


def _reason(error: BaseException) -> str:
    cause = getattr(error, "orig", None) or error
    return f"The database can't be used: {cause}. Check the disk's space and health, and the file's permissions."
