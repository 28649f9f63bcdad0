"""MariaDB or MySQL for the cloud role: a pool, each write in its own transaction, retried whole when it loses a race.

Writes are READ COMMITTED: flows decide on rows that they have read FOR UPDATE or change by compare-and-set, so they
need the latest committed state, and no gap locks. Reads are REPEATABLE READ, whose first statement fixes a snapshot.
"""

import asyncio
import logging
import socket
from collections.abc import Awaitable, Callable, Coroutine, Sequence
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
PATIENCE = 20.0
"""Seconds after which nobody waits for a server any more: a frozen one answers nothing, and never hangs up."""
_DEADLOCK, _LOCK_TIMEOUT, _CHANGED, _DUPLICATE = 1213, 1205, 1020, 1062
_NOT_READY = 1047
"""A node of Galera's that is no part of its cluster at the moment, as every one is while it has no quorum."""
_TIDB = (8002, 8022, 8028, 9007)
"""Its names for a transaction that lost a race, or met a change of the schema."""
_RETRIED = frozenset({_DEADLOCK, _LOCK_TIMEOUT, _CHANGED, _DUPLICATE, _NOT_READY, *_TIDB})
"""A duplicate key too: another transaction was first with the row that this one had looked for, so it looks again."""

_log = logging.getLogger(__name__)
_SESSION = (
    # Strict, so that no value is shortened silently, whatever the server's default is; as patient as a person.
    "SET SESSION sql_mode='STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION', time_zone='+00:00', innodb_lock_wait_timeout=5",
    # A node of Galera's first takes in what others have acknowledged: who comes from a dead one misses nothing of it.
    "SET SESSION /*M! wsrep_sync_wait=1, */ time_zone='+00:00'",
    "SELECT 1",
    "SET SESSION /*M! wsrep_sync_wait=0, */ time_zone='+00:00'",
)
_LIVELY = (
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 5),
    (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 3),
    (socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 10_000),
)
"""A machine that has lost its power says nothing: after 10 seconds without a sign of it a connection is given up."""


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
        self.node = node
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
        return await self._within(self._write(work))

    async def _within(self, doing: Coroutine[Any, Any, T]) -> T:
        """What comes of it. It goes on where nobody waits for it any more, since nobody can know how far it has got."""
        task = asyncio.create_task(doing)
        self._under_way.add(task)
        task.add_done_callback(self._over)
        done, _ = await asyncio.wait({task}, timeout=PATIENCE)
        if not done:
            raise StorageUnavailableError(f"The database hasn't answered for {PATIENCE:g} seconds.")
        return task.result()

    def _over(self, task: asyncio.Task[Any]) -> None:
        self._under_way.discard(task)
        if not task.cancelled():
            task.exception()  # it is asked for here in case that nobody else does

    async def _write(self, work: Callable[[Tx], T]) -> T:
        """Until it is committed: `work` starts over, in a new transaction, where it lost a race or its connection."""
        for left in reversed(range(TRIES)):
            try:
                result, tx = await self._attempt(work)
            except sa.exc.DBAPIError as error:
                if not left or not (_number(error) in _RETRIED or error.connection_invalidated):
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
            tx = Tx(connection, self._clock.now(), self._entropy, self._ids, self.node)
            result = work(tx)
            if tx.touched:
                self.finish(tx)
            return result, tx

        async with self._writers.connect() as connection:
            result, tx = await connection.run_sync(run)
            try:
                await connection.commit()
            except sa.exc.DBAPIError as error:
                if _number(error) in _RETRIED:
                    raise
                _publish(tx.in_doubt)
                await self.settled()
                raise _explained(error) from error  # nobody can know whether it was kept, so it isn't done again
            return result, tx

    async def read(self, query: Callable[[sa.Connection], T]) -> T:
        """See `Store.read`."""
        return await self._within(self._read(query))

    async def _read(self, query: Callable[[sa.Connection], T]) -> T:
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
    """Set what the server keeps per session (strictness, UTC, patience), and how soon a dead peer is noticed."""
    transport = connection.driver_connection._transport  # noqa: SLF001  it has no other way to its socket
    if (peer := transport.get_extra_info("socket")) is not None and peer.family != socket.AF_UNIX:
        for option in _LIVELY:
            peer.setsockopt(*option)
    cursor = connection.cursor()
    for statement in _SESSION:
        cursor.execute(statement)
    cursor.close()


def _engine(url: sa.URL, isolation: IsolationLevel, pool: int) -> AsyncEngine:
    engine = create_async_engine(
        url,
        pool_size=pool,
        max_overflow=0,
        pool_pre_ping=True,
        pool_recycle=1800,
        connect_args={"connect_timeout": 5},
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
