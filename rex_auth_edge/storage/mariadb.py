"""MariaDB or MySQL for the cloud role: a pool, each write in its own transaction, retried whole when it loses a race.

Isolation is READ COMMITTED: flows decide on rows that they have read FOR UPDATE or change by compare-and-set, so they
need the latest committed state, and no gap locks.
"""

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import create_async_engine

from rex_auth_edge.domain.clock import Clock
from rex_auth_edge.domain.entropy import Entropy, Ids
from rex_auth_edge.storage.store import StorageUnavailableError
from rex_auth_edge.storage.tx import Node, Tx

T = TypeVar("T")

TRIES = 10
_DEADLOCK, _LOCK_TIMEOUT, _CHANGED, _DUPLICATE = 1213, 1205, 1020, 1062
_RETRIED = frozenset({_DEADLOCK, _LOCK_TIMEOUT, _CHANGED, _DUPLICATE})
"""A duplicate key too: another transaction was first with the row that this one had looked for, so it looks again."""


class MariaStore:
    """One database, shared by any number of processes."""

    def __init__(self, url: sa.URL, clock: Clock, entropy: Entropy, node: Node, *, pool: int = 10) -> None:
        self._clock = clock
        self._entropy = entropy
        self._ids = Ids(entropy)
        self._node = node
        self._engine = create_async_engine(
            url,
            pool_size=pool,
            max_overflow=0,
            pool_pre_ping=True,
            pool_recycle=1800,
            isolation_level="READ COMMITTED",
            hide_parameters=True,
        )
        sa.event.listen(self._engine.sync_engine, "connect", configure)

    async def write(self, work: Callable[[Tx], T]) -> T:
        """See `Store.write`."""
        for left in reversed(range(TRIES)):
            try:
                return await self._attempt(work)
            except sa.exc.DBAPIError as error:
                if _number(error) not in _RETRIED or not left:
                    raise _explained(error) from error
                await asyncio.sleep(self._entropy.below(20 * (TRIES - left)) / 1000)
        raise AssertionError

    async def _attempt(self, work: Callable[[Tx], T]) -> T:
        tx: Tx | None = None

        def run(connection: sa.Connection) -> T:
            nonlocal tx
            tx = Tx(connection, self._clock.now(), self._entropy, self._ids, self._node)
            return work(tx)

        async with self._engine.begin() as connection:
            result = await connection.run_sync(run)
        for callback in tx.after_commit if tx else ():
            callback()
        return result

    async def read(self, query: Callable[[sa.Connection], T]) -> T:
        """See `Store.read`."""
        try:
            async with self._engine.connect() as connection:
                return await connection.run_sync(query)
        except sa.exc.DBAPIError as error:
            raise _explained(error) from error

    async def close(self) -> None:
        """See `Store.close`."""
        await self._engine.dispose()


def configure(connection: Any, _record: Any = None) -> None:
    """Refuse silently shortened values, whatever the server's default is."""
    cursor = connection.cursor()
    cursor.execute("SET SESSION sql_mode='STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION', time_zone='+00:00'")
    cursor.close()


def _number(error: sa.exc.DBAPIError) -> int | None:
    arguments = getattr(error.orig, "args", ())
    return arguments[0] if arguments and isinstance(arguments[0], int) else None


def _explained(error: sa.exc.DBAPIError) -> Exception:
    if isinstance(error, sa.exc.IntegrityError | sa.exc.DataError | sa.exc.ProgrammingError):
        return error
    return StorageUnavailableError(
        f"The database can't be used: {error.orig}. Is the server up, and DATABASE_URL right?"
    )
