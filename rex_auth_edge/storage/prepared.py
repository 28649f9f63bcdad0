"""The statements of every sign-in and refresh, compiled once and run by SQLite's driver itself.

SQLAlchemy takes three to five times as long around such a statement as SQLite in it. Any other database runs them
through SQLAlchemy, so what a statement means is written once. Errors on SQLite are the driver's own.
"""

import sqlite3
from collections import namedtuple
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite

_DIALECT = sqlite.dialect(paramstyle="named")
_POSITIONAL = sqlite.dialect(paramstyle="qmark")

_Convert = Callable[[Any], Any]
_shape_of: Any = namedtuple  # noqa: PYI024 - a class for each statement
"""Its fields are the statement's columns, which no type checker sees."""


class Prepared:
    """One statement, whose values have to bear the same names at every call."""

    def __init__(self, statement: sa.Select[Any] | sa.Insert | sa.Update | sa.Delete) -> None:
        self._statement = statement
        self._sql = ""
        self._names: frozenset[str] = frozenset()
        self._bound: list[tuple[str, _Convert]] = []
        self._constants: dict[str, Any] = {}

    def one(self, conn: sa.Connection, **values: Any) -> Any:
        """The row that there is, with its columns as attributes; None where there is none."""
        if conn.dialect.name != "sqlite":
            return conn.execute(self._statement, values).one_or_none()
        found = self._run(conn, values).fetchone()
        return None if found is None else self._row(found)

    def all(self, conn: sa.Connection, **values: Any) -> list[Any]:
        """Every row."""
        if conn.dialect.name != "sqlite":
            return list(conn.execute(self._statement, values).all())
        return [self._row(found) for found in self._run(conn, values).fetchall()]

    def change(self, conn: sa.Connection, **values: Any) -> int:
        """Write; how many rows it met."""
        if conn.dialect.name != "sqlite":
            return conn.execute(self._statement, values).rowcount
        return self._run(conn, values).rowcount

    def _run(self, conn: sa.Connection, values: dict[str, Any]) -> sqlite3.Cursor:
        if not self._sql:
            self._compile(list(values))
        if values.keys() != self._names:
            raise TypeError(f"Compiled for other values than {', '.join(values)}: {self._sql}")
        values = self._constants | values
        for name, convert in self._bound:
            values[name] = convert(values[name])
        driver: Any = conn.connection.driver_connection
        cursor: sqlite3.Cursor = driver.execute(self._sql, values)
        return cursor

    def _compile(self, names: list[str]) -> None:
        """Threads may meet here, and do the same."""
        compiled = self._statement.compile(dialect=_DIALECT, column_keys=names)
        self._constants = {name: bind.value for name, bind in compiled.binds.items() if not bind.required}
        binds = [(name, bind.type.dialect_impl(_DIALECT)) for name, bind in compiled.binds.items()]
        self._bound = [(name, convert) for name, kind in binds if (convert := kind.bind_processor(_DIALECT))]
        self._names = frozenset(names)
        self._sql = str(compiled)

    def _row(self, found: tuple[Any, ...]) -> Any:
        make, converters = self._shape
        values = list(found)
        for place, convert in converters:
            values[place] = convert(values[place])
        return make(values)

    @cached_property
    def _shape(self) -> tuple[Callable[[list[Any]], Any], list[tuple[int, _Convert]]]:
        """What makes a row of values, and how those are converted that aren't as SQLite gives them."""
        columns: Any = getattr(self._statement, "selected_columns", ())
        kinds = enumerate(column.type.dialect_impl(_DIALECT) for column in columns)
        converters = [(place, to) for place, kind in kinds if (to := kind.result_processor(_DIALECT, None))]
        return _shape_of("Row", [column.key for column in columns])._make, converters


class Repeated:
    """One statement, run for many tuples of plain values (bytes, numbers, texts) in the order in which it binds them.

    `names` are what it binds, in that order. Raises TypeError at its first run where that is another.
    """

    def __init__(self, statement: sa.Select[Any] | sa.Insert | sa.Update | sa.Delete, *names: str) -> None:
        self._statement, self._names = statement, names
        self._sql = ""
        self._constants: tuple[Any, ...] = ()

    def each(self, conn: sa.Connection, rows: Sequence[tuple[Any, ...]]) -> None:
        """Write for each of them."""
        if not rows:
            return
        if conn.dialect.name == "sqlite":
            sql = self._compiled()
            self._driver(conn).executemany(sql, [row + self._constants for row in rows] if self._constants else rows)
        else:
            conn.execute(self._statement, [dict(zip(self._names, row, strict=True)) for row in rows])

    def find(self, conn: sa.Connection, keys: Iterable[tuple[Any, ...]]) -> list[Any]:
        """All rows that any of these finds, as tuples."""
        if conn.dialect.name == "sqlite":
            run, sql = self._driver(conn).execute, self._compiled()
            return [row for key in keys for row in run(sql, key + self._constants)]
        run = conn.execute
        return [row for key in keys for row in run(self._statement, dict(zip(self._names, key, strict=True)))]

    @staticmethod
    def _driver(conn: sa.Connection) -> Any:
        return conn.connection.driver_connection

    def _compiled(self) -> str:
        if not self._sql:
            compiled: Any = self._statement.compile(dialect=_POSITIONAL, column_keys=list(self._names))
            count = len(self._names)
            if tuple(compiled.positiontup[:count]) != self._names:
                raise TypeError(f"It binds {compiled.positiontup}: {compiled}")
            self._constants = tuple(compiled.params[name] for name in compiled.positiontup[count:])
            self._sql = str(compiled)
        return self._sql
