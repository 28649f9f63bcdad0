"""MariaDB or MySQL for the cloud role: a pool, each write in its own transaction, retried whole when it loses a race.

Writes are READ COMMITTED: flows decide on rows that they have read FOR UPDATE or change by compare-and-set, so they
need the latest committed state, and no gap locks. Reads are REPEATABLE READ, whose first statement fixes a snapshot.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine.interfaces import IsolationLevel
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from rex_auth_edge.domain.clock import Clock
from rex_auth_edge.domain.entropy import Entropy, Ids
from rex_auth_edge.storage.store import StorageUnavailableError, nothing
from rex_auth_edge.storage.tx import Node, Tx

T = TypeVar("T")

TRIES = 10
FAREWELL = 10.0
"""Seconds that a closing store waits for its last writes."""
_DEADLOCK, _LOCK_TIMEOUT, _CHANGED, _DUPLICATE = 1213, 1205, 1020, 1062
_TIDB = (8002, 8022, 8028, 9007)
"""Its names for a transaction that lost a race, or met a change of the schema."""
_RETRIED = frozenset({_DEADLOCK, _LOCK_TIMEOUT, _CHANGED, _DUPLICATE, *_TIDB})
"""A duplicate key too: another transaction was first with the row that this one had looked for, so it looks again."""

_log = logging.getLogger(__name__)
_SESSION = (
    # Strict, so that no value is shortened silently, whatever the server's default is; as patient as a person.
    "SET SESSION sql_mode='STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION', time_zone='+00:00', innodb_lock_wait_timeout=5"
)


async def _nothing() -> None:
    pass


class MariaStore:
    """One database, shared by any number of processes.

    `settled` is awaited after a commit and what follows it, before anybody is answered: there the others are told.
    """

    def __init__(self, url: sa.URL, clock: Clock, entropy: Entropy, node: Node, *, pool: int = 10) -> None:
        self._clock = clock
        self._entropy = entropy
        self._ids = Ids(entropy)
        self._node = node
        self._writers = _engine(url, "READ COMMITTED", pool)
        self._readers = _engine(url, "REPEATABLE READ", pool)
        self._under_way: set[asyncio.Task[Any]] = set()
        self._closed = False
        self.finish: Callable[[Tx], None] = nothing
        self.settled: Callable[[], Awaitable[None]] = _nothing

    @property
    def trouble(self) -> None:
        """See `Store.trouble`: the server's disk is the server's."""
        return None

    async def write(self, work: Callable[[Tx], T], *, urgent: bool = False) -> T:  # noqa: ARG002 - likewise
        """See `Store.write`. Work that was accepted is done even if its caller goes away."""
        if self._closed:
            raise StorageUnavailableError("The database is closed: the program is stopping.")
        task = asyncio.create_task(self._write(work))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        return await asyncio.shield(task)

    async def _write(self, work: Callable[[Tx], T]) -> T:
        """Until it is committed: `work` starts over, in a new transaction, where it lost a race."""
        for left in reversed(range(TRIES)):
            try:
                result, tx = await self._attempt(work)
            except sa.exc.DBAPIError as error:
                if _number(error) not in _RETRIED or not left:
                    raise _explained(error) from error
            except sa.exc.TimeoutError as error:
                raise _explained(error) from error
            else:
                _publish(tx.after_commit)
                await self.settled()
                return result
            await asyncio.sleep(self._entropy.below(20 * (TRIES - left)) / 1000)
        raise AssertionError

    async def _attempt(self, work: Callable[[Tx], T]) -> tuple[T, Tx]:
        def run(connection: sa.Connection) -> tuple[T, Tx]:
            tx = Tx(connection, self._clock.now(), self._entropy, self._ids, self._node)
            result = work(tx)
            if tx.touched:
                self.finish(tx)
            return result, tx

        async with self._writers.connect() as connection:
            result, tx = await connection.run_sync(run)
            try:
                await connection.commit()
            except sa.exc.DBAPIError as error:
                if _number(error) not in _RETRIED:
                    _publish(tx.in_doubt)
                    await self.settled()
                raise
            return result, tx

    async def read(self, query: Callable[[sa.Connection], T]) -> T:
        """See `Store.read`."""
        try:
            async with self._readers.connect() as connection:
                return await connection.run_sync(query)
        except (sa.exc.DBAPIError, sa.exc.TimeoutError) as error:
            raise _explained(error) from error

    async def close(self) -> None:
        """See `Store.close`."""
        self._closed = True
        if self._under_way:
            await self._finished(set(self._under_way))
        await self._writers.dispose()
        await self._readers.dispose()

    async def _finished(self, tasks: set[asyncio.Task[Any]]) -> None:
        """Wait for what was accepted; not for ever: a frozen server answers nothing, and never hangs up."""
        _, left = await asyncio.wait(tasks, timeout=FAREWELL)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        if left:
            _log.error("%s writes were given up: the database doesn't answer.", len(left))


def configure(connection: Any, _record: Any = None) -> None:
    """Set what the server keeps per session: strictness, UTC, patience."""
    cursor = connection.cursor()
    cursor.execute(_SESSION)
    cursor.close()


def _engine(url: sa.URL, isolation: IsolationLevel, pool: int) -> AsyncEngine:
    engine = create_async_engine(
        url,
        pool_size=pool,
        max_overflow=0,
        pool_pre_ping=True,
        pool_recycle=1800,
        isolation_level=isolation,
        hide_parameters=True,
    )
    sa.event.listen(engine.sync_engine, "connect", configure)
    return engine


def _publish(callbacks: Sequence[Callable[[], None]]) -> None:
    for callback in callbacks:
        try:
            callback()
        except Exception:  # noqa: BLE001  it is logged, and there is a next time
            _log.exception("What was to follow a commit failed.")


def _number(error: sa.exc.DBAPIError) -> int | None:
    arguments = getattr(error.orig, "args", ())
    return arguments[0] if arguments and isinstance(arguments[0], int) else None


def _explained(error: sa.exc.SQLAlchemyError) -> Exception:
    if isinstance(error, sa.exc.IntegrityError | sa.exc.DataError | sa.exc.ProgrammingError):
        return error
    if isinstance(error, sa.exc.TimeoutError):
        return StorageUnavailableError("Too many are waiting for the database.")
    cause = getattr(error, "orig", None) or error
    return StorageUnavailableError(f"The database can't be used: {cause}. Is the server up, and DATABASE_URL right?")
