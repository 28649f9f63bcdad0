"""SQLite with one writer: a thread drains its queue into one durable transaction, a savepoint for each flow.

`synchronous=FULL` keeps every acknowledged row through a power cut; sharing a commit makes that cheap.
"""

import asyncio
import queue
import sqlite3
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa

from rex_auth_edge.domain.clock import Clock
from rex_auth_edge.domain.entropy import Entropy, Ids
from rex_auth_edge.storage.faults import Fault, fault_of, of_the_disk, reason
from rex_auth_edge.storage.readers import Readers
from rex_auth_edge.storage.space import Space
from rex_auth_edge.storage.store import StorageUnavailableError, nothing
from rex_auth_edge.storage.tx import Node, Tx
from rex_auth_edge.storage.writer import Item, Writer

T = TypeVar("T")

BATCH = 64
WAITING = 1024
READERS = 3

_PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    "PRAGMA busy_timeout=5000",
    "PRAGMA secure_delete=ON",
    "PRAGMA trusted_schema=OFF",
    "PRAGMA temp_store=MEMORY",
    "PRAGMA cache_size=-2048",
    "PRAGMA journal_size_limit=8388608",
)


def configure(connection: Any, _record: Any = None) -> None:
    """Set what SQLite keeps per connection; transactions are begun by us, never by the driver."""
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in _PRAGMAS:
        cursor.execute(pragma)
    cursor.close()


class SqliteStore:
    """One database file. Raises sqlalchemy's DBAPIError where it can't be opened."""

    def __init__(self, path: Path, space: Space, clock: Clock, entropy: Entropy, node: Node) -> None:
        self._clock = clock
        self._entropy = entropy
        self._ids = Ids(entropy)
        self.node = node
        self._space = space
        self._queue: queue.Queue[Item | None] = queue.Queue(WAITING)
        self._closed = False
        self.finish: Callable[[Tx], None] = nothing
        self._sync = sa.create_engine(
            sa.URL.create("sqlite", database=str(path)),
            poolclass=sa.pool.NullPool,
            hide_parameters=True,
            connect_args={"check_same_thread": False},
        )
        sa.event.listen(self._sync, "connect", configure)
        # Here, so that a failure meets whoever opens the store.
        self._writer = Writer(self._sync, space, self._begin, self._finish)
        self._readers = Readers(self._sync, READERS)
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)
        self._thread.start()

    @property
    def trouble(self) -> Fault | None:
        """See `Store.trouble`."""
        return self._writer.fault or (Fault.FULL if self._space.full else None)

    async def write(self, work: Callable[[Tx], T], *, urgent: bool = False) -> T:
        """See `Store.write`. Work that was accepted is done even if its caller goes away."""
        self._unless_closed()
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        try:
            self._queue.put_nowait(Item(work, urgent, loop, future))
        except queue.Full:
            raise StorageUnavailableError("Too many writes are waiting for the disk.") from None
        return await future

    async def read(self, query: Callable[[sa.Connection], T]) -> T:
        """See `Store.read`."""
        self._unless_closed()
        try:
            return await self._readers.read(query)
        except TimeoutError as error:
            raise StorageUnavailableError("Too many reads are waiting for the database.") from error
        except (sa.exc.DBAPIError, sqlite3.Error) as error:
            if of_the_disk(error):
                self._writer.found(fault_of(error))
                raise StorageUnavailableError(reason(error)) from error
            raise

    async def close(self) -> None:
        """See `Store.close`."""
        if not self._closed:
            self._closed = True
            await asyncio.to_thread(self._queue.put, None)
            await asyncio.to_thread(self._thread.join)
            await self._readers.close()
            self._sync.dispose()

    def _unless_closed(self) -> None:
        if self._closed:
            raise StorageUnavailableError("The database is closed: the hub is stopping.")

    def _begin(self, connection: sa.Connection, full: bool) -> Tx:  # noqa: FBT001 - called by the writer alone
        return Tx(connection, self._clock.now(), self._entropy, self._ids, self.node, full)

    def _finish(self, tx: Tx) -> None:
        self.finish(tx)

    def _run(self) -> None:
        while (batch := self._next())[0] is not None:
            self._writer.do([item for item in batch if item is not None])
            if batch[-1] is None:
                break
        self._writer.close()

    def _next(self) -> list[Item | None]:
        """What is there, waiting for at least one; None, always last, ends the writer."""
        batch = [self._queue.get()]
        with suppress(queue.Empty):
            while batch[-1] is not None and len(batch) < BATCH:
                batch.append(self._queue.get_nowait())
        return batch
