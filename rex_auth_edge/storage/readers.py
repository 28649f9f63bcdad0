"""SQLite's readers: aiosqlite's threads, on each of which a whole read runs at once, one hop there and one back.

SQLAlchemy's own layer over aiosqlite hops four times for every statement, and its import alone takes 20 MiB.
"""

import asyncio
import sqlite3
from collections.abc import Callable
from typing import Any, TypeVar

import aiosqlite
import sqlalchemy as sa

T = TypeVar("T")

PATIENCE = 30.0
"""Seconds that a read waits for a reader."""


class _Reader(aiosqlite.Connection):
    """A thread with a connection of SQLAlchemy's over the one that is aiosqlite's."""

    def __init__(self, engine: sa.Engine) -> None:
        super().__init__(self._open, iter_chunk_size=64)
        self._engine = engine
        self._thread.daemon = True

    def _open(self) -> sqlite3.Connection:
        self._core = self._engine.connect()
        driver: Any = self._core.connection.driver_connection
        return driver  # type: ignore[no-any-return]

    async def read(self, query: Callable[[sa.Connection], T]) -> T:
        """Run a query on a snapshot of its own."""
        result, error = await self._execute(self._attempt, query)  # type: ignore[no-untyped-call]
        if error is not None:
            raise error
        return result  # type: ignore[no-any-return]

    def _attempt(self, query: Callable[[sa.Connection], T]) -> tuple[T | None, BaseException | None]:
        """The result or the error, which is returned: aiosqlite logs what is raised, with what somebody typed in it."""
        try:
            with self._conn:
                self._conn.execute("BEGIN")
                return query(self._core), None
        except BaseException as error:  # noqa: BLE001 - whatever it is, the caller is told
            return None, error

    async def close(self) -> None:
        """Finish what is under way, then let go of the file."""
        await self._execute(self._core.close)  # type: ignore[no-untyped-call]
        await super().close()


class Readers:
    """At most `most` of them over a synchronous engine, opened when they are first wanted."""

    def __init__(self, engine: sa.Engine, most: int) -> None:
        self._engine = engine
        self._room = asyncio.Semaphore(most)
        self._idle: list[_Reader] = []
        self._opened: list[_Reader] = []

    async def read(self, query: Callable[[sa.Connection], T]) -> T:
        """Run a query on a consistent snapshot. Raises TimeoutError where no reader becomes free."""
        async with asyncio.timeout(PATIENCE if self._room.locked() else None):
            await self._room.acquire()
        try:
            reader = self._idle.pop() if self._idle else await self._open()
            try:
                return await reader.read(query)
            finally:
                self._idle.append(reader)
        finally:
            self._room.release()

    async def _open(self) -> _Reader:
        """A new reader. Who is cancelled meanwhile waits for it all the same: its thread would outlive the hub."""
        reader = _Reader(self._engine)
        opening = asyncio.ensure_future(reader)
        try:
            await asyncio.shield(opening)
        except asyncio.CancelledError:
            await asyncio.wait([opening])
            if opening.exception() is None:
                self._opened.append(reader)
                self._idle.append(reader)
            raise
        self._opened.append(reader)
        return reader

    async def close(self) -> None:
        """Close every reader."""
        while self._opened:
            await self._opened.pop().close()
