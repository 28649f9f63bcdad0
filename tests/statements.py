"""SQL that is compiled once in each process of the tests, as in a hub's, and not anew for each test's database.

SQLAlchemy keeps what it has compiled by engine and dialect, of which every database that is opened has its own.
"""

from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite as Dialect
from sqlalchemy.util import LRUCache

_MOST = 2000
_compiled: LRUCache[Any, Any] = LRUCache(_MOST)
_create = sa.create_engine


def _sharing(*args: Any, **named: Any) -> sa.Engine:
    engine = _create(*args, **named)
    if type(engine.dialect) is Dialect:
        engine._compiled_cache = _compiled
    return engine


def _alike(one: Dialect, other: object) -> bool:
    """Whether they write the same SQL: SQLite's do but for their placeholders, since there is one SQLite."""
    return type(one) is type(other) is Dialect and one.paramstyle == other.paramstyle


def pytest_configure() -> None:
    """Share from here on."""
    patch = pytest.MonkeyPatch()
    patch.setattr(sa, "create_engine", _sharing)
    patch.setattr(Dialect, "__eq__", _alike)
    patch.setattr(Dialect, "__hash__", lambda one: hash(one.paramstyle))
