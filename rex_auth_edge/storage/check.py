"""Whether a database is whole: its pages and indexes, its references, its schema."""

import sqlite3
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import sqlalchemy as sa

from rex_auth_edge.storage import schema
from rex_auth_edge.storage.columns import metadata

_MOST = 20


@dataclass(frozen=True, slots=True)
class Health:
    """`problems` are sentences, the first few of them; `found` and `wanted` are the schema's revisions."""

    problems: tuple[str, ...]
    found: str | None
    wanted: str


def whole(conn: sa.Connection) -> Health:
    """Read every page; takes as long as that takes. Raises sqlalchemy's DBAPIError where not even that works."""
    problems = _of_sqlite(conn) if conn.dialect.name == "sqlite" else _of_mariadb(conn)
    found, wanted = schema.present(conn), schema.revisions()[-1]
    if found != wanted:
        problems.append(f"The schema is {found}, this program needs {wanted}: run `rex-auth-edge db upgrade`.")
    return Health(tuple(problems[:_MOST]), found, wanted)


def _of_sqlite(conn: sa.Connection) -> list[str]:
    pages = conn.exec_driver_sql(f"PRAGMA integrity_check({_MOST})").scalars().all()
    orphans = conn.exec_driver_sql("PRAGMA foreign_key_check").all()
    return [f"{line}." for line in pages if line != "ok"] + [
        f"A row of {row[0]} refers to one of {row[2]} that isn't there." for row in orphans
    ]


def _of_mariadb(conn: sa.Connection) -> list[str]:
    names = ", ".join(conn.dialect.identifier_preparer.quote(name) for name in sorted(metadata.tables))
    said = conn.exec_driver_sql(f"CHECK TABLE {names}").all()
    return [f"{table}: {text}." for table, _, kind, text in said if (kind, text) != ("status", "OK")]


def revision(url: sa.URL) -> str | None:
    """The schema that a SQLite file has; None for another engine's, and for what can't be read, as opening it tells.

    Nothing is made, upgraded or repaired: not even the log is moved into the file, which may be damaged.
    """
    path = Path(url.database or "")
    if url.get_backend_name() != "sqlite" or not path.is_file():
        return None
    engine = sa.create_engine("sqlite://", creator=lambda: _reading(path), poolclass=sa.pool.NullPool)
    try:
        with engine.connect() as conn:
            return schema.present(conn)
    except (sa.exc.DBAPIError, sqlite3.Error):
        return None
    finally:
        engine.dispose()


def _reading(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True)


def unless_current(url: sa.URL) -> None:
    """Raise SchemaError for a file that isn't there or has another schema: a command makes and upgrades none."""
    if url.get_backend_name() != "sqlite":
        return
    path, found, wanted = Path(url.database or ""), revision(url), schema.revisions()[-1]
    if not path.is_file() or path.stat().st_size == 0:
        raise schema.SchemaError(
            f"There is no database {path}: put it back if it was moved; `rex-auth-edge db upgrade` makes an empty one."
        )
    if found not in {None, wanted}:
        raise schema.SchemaError(
            f"The database {path} has the schema {found}, this program needs {wanted}: run `rex-auth-edge db upgrade`, "
            "which keeps a copy, or start the hub."
        )
