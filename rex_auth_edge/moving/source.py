"""Reading the original's database, on SQLite, MySQL or MariaDB: one consistent look, which can't write."""

import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import create_async_engine

from rex_auth_edge.domain.failures import ExplainedError
from rex_auth_edge.moving import rows

Read = Callable[[Callable[[sa.Connection], Any]], Any]

_LOOK = ("SET SESSION TRANSACTION READ ONLY", "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")
_WANTED = {"tenants", "users", "login_attempts", "password_change_history"}


class SourceError(ExplainedError):
    """The database can't be read, or isn't the original's."""


class Source:
    """`name` stands for this very database wherever it lies: what was moved in from it is known by it."""

    def __init__(self, read: Read) -> None:
        self._read = read
        missing = _WANTED - set(read(lambda conn: sa.inspect(conn).get_table_names()))
        if missing:
            raise SourceError(f"This is no REX-47 database: it lacks the tables {', '.join(sorted(missing))}.")
        self.name: str = read(rows.name)
        self.tenants, self.people = read(rows.counts)
        self._named = bool(read(rows.has_names))

    def pages(self, size: int) -> Iterator[list[dict[str, Any]]]:
        """Everybody, by tenant and then by age, `size` at a time."""
        after = (0, 0)
        while page := self._read(partial(rows.page, after=after, size=size, named=self._named)):
            yield page
            after = (page[-1]["tenant"], page[-1]["person"])


@contextmanager
def opened(url: sa.URL) -> Iterator[Source]:
    """The database at `url`, until the end. Raises SourceError."""
    try:
        with _sqlite(url) if url.get_backend_name() == "sqlite" else _mysql(url) as read:
            yield Source(read)
    except (sa.exc.DBAPIError, sqlite3.Error) as error:
        cause = getattr(error, "orig", None) or error
        raise SourceError(f"The source can't be read: {cause}. It was left as it is.") from error


@contextmanager
def _sqlite(url: sa.URL) -> Iterator[Read]:
    path = Path(url.database or "")
    if not path.is_file():
        raise SourceError(f"There is no database {path}.")
    name = f"file:{quote(str(path.absolute()))}?mode=ro"
    engine = sa.create_engine("sqlite://", creator=lambda: sqlite3.connect(name, uri=True), poolclass=sa.pool.NullPool)
    try:
        with engine.connect() as conn:
            conn.exec_driver_sql("PRAGMA query_only=on")
            conn.exec_driver_sql("BEGIN")
            yield lambda query: query(conn)
    finally:
        engine.dispose()


@contextmanager
def _mysql(url: sa.URL) -> Iterator[Read]:
    try:
        engine = create_async_engine(url, poolclass=sa.pool.NullPool, hide_parameters=True)
    except ModuleNotFoundError as error:
        raise SourceError(
            f"MySQL needs the package {error.name}: install rex-auth-edge with its extra `cloud`."
        ) from error
    with asyncio.Runner() as runner, closing(_Line(runner, engine)) as line:
        for statement in _LOOK:
            line.read(partial(sa.Connection.exec_driver_sql, statement=statement))
        yield line.read


class _Line:
    """One connection of an asynchronous engine, asked synchronously."""

    def __init__(self, runner: asyncio.Runner, engine: Any) -> None:
        self._runner = runner
        self._engine = engine
        self._connection = runner.run(self._connect())

    async def _connect(self) -> Any:
        return await self._engine.connect()

    def read(self, query: Callable[[sa.Connection], Any]) -> Any:
        """What the query gives."""
        return self._runner.run(self._connection.run_sync(query))

    def close(self) -> None:
        """Hang up."""
        self._runner.run(self._hang_up())

    async def _hang_up(self) -> None:
        await self._connection.close()
        await self._engine.dispose()
