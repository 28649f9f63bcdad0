"""The schema's history: looked at without Alembic (its import costs 12 MiB), moved forward with it."""

import os
import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import sqlalchemy as sa

import rex_auth_edge
from rex_auth_edge.domain.failures import ExplainedError
from rex_auth_edge.storage import device_tables, guest_tables, sync_tables  # noqa: F401  `tables` comes with them

COPIES = 3
"""How many copies from before an upgrade are kept."""

_VERSION = re.compile(r"(\d{4})_\w+\.py")
_VERSIONS_TABLE = "alembic_version"


class SchemaError(ExplainedError):
    """The database can't be brought to this program's schema."""


class SchemaTooNewError(SchemaError):
    """The database has a revision that this program doesn't know."""


def migrations_dir() -> Path:
    """Where the history lies: inside an installed package, beside it in a checkout."""
    package = Path(rex_auth_edge.__file__).parent
    inside = package / "migrations"
    return inside if inside.is_dir() else package.parent / "migrations"


def revisions() -> list[str]:
    """What this program knows, by the numbers of the version files, oldest first; the last is what it needs."""
    names = (_VERSION.fullmatch(path.name) for path in (migrations_dir() / "versions").iterdir())
    return sorted(match.group(1) for match in names if match)


def present(connection: sa.Connection) -> str | None:
    """The revision that the database has, None for an empty one. Raises SchemaError where another program lives."""
    tables = sa.inspect(connection).get_table_names()
    if _VERSIONS_TABLE in tables:
        # Empty where an upgrade was killed on MariaDB, which can't undo CREATE TABLE: it is done again.
        return connection.execute(sa.text(f"SELECT version_num FROM {_VERSIONS_TABLE}")).scalar_one_or_none()  # noqa: S608
    if tables:
        raise SchemaError(
            f"The database holds another program's tables ({', '.join(sorted(tables)[:3])}): it was left as it is. Set "
            "DATABASE_URL to a database of its own."
        )
    return None


def upgrade(connection: sa.Connection, before: Callable[[str, str], None]) -> bool:
    """Bring the database to the newest of `revisions()` in the connection's own transaction; whether it had to move.

    `before` is called with the present and the wanted revision ahead of the first change, unless the database is
    empty. Raises SchemaTooNewError for a revision that this program doesn't know.
    """
    found, known = present(connection), revisions()
    if found == known[-1]:
        return False
    if found is not None and found not in known:
        raise SchemaTooNewError(
            f"The database is from a newer version (schema {found}, this program knows {known[-1]}): install that "
            "version again, or put back the copy that it left in the data directory's backups folder."
        )
    if found is not None:
        before(found, known[-1])
    _run_alembic(connection)
    return True


def _run_alembic(connection: sa.Connection) -> None:
    from alembic import command  # noqa: PLC0415 - only where there is something to upgrade
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(migrations_dir()).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def copy_database(path: Path, backups: Path, found: str, wanted: str) -> Path:
    """A consistent copy of a SQLite file as it is before going from `found` to `wanted`; the newest three are kept.

    Newest by revision, since a hub's clock may be wrong. Raises SchemaError where it can't be made.
    """
    copy = backups / f"before-{wanted}-{found}.sqlite3"
    unfinished = copy.with_suffix(".part")
    try:
        backups.mkdir(mode=0o700, exist_ok=True)
        unfinished.unlink(missing_ok=True)
        os.close(os.open(unfinished, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(unfinished)) as target:
            source.backup(target)
        unfinished.replace(copy)
        for old in sorted(set(backups.glob("before-*.sqlite3")) - {copy})[: 1 - COPIES]:
            old.unlink()
    except (OSError, sqlite3.Error) as error:
        raise SchemaError(
            f"No copy of the database could be put into {backups}: {error}. Nothing was upgraded: make room there."
        ) from error
    return copy
