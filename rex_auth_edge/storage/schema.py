"""The schema's history: looked at without Alembic (its import costs 12 MiB), moved forward with it."""

import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import sqlalchemy as sa

import rex_auth_edge
from rex_auth_edge.domain.failures import ExplainedError

COPIES = 3
"""How many copies from before an upgrade are kept."""

_VERSION = re.compile(r"(\d{4})_\w+\.py")


class SchemaError(ExplainedError):
    """The database can't be brought to this program's schema."""


def migrations_dir() -> Path:
    """Where the history lies: inside an installed package, beside it in a checkout."""
    package = Path(rex_auth_edge.__file__).parent
    inside = package / "migrations"
    return inside if inside.is_dir() else package.parent / "migrations"


def head() -> str:
    """The revision that this program needs: the highest number among the version files."""
    names = (_VERSION.fullmatch(path.name) for path in (migrations_dir() / "versions").iterdir())
    return max(match.group(1) for match in names if match)


def present(connection: sa.Connection) -> str | None:
    """The revision that the database has, None for an empty one."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar_one_or_none()


def upgrade(connection: sa.Connection, before: Callable[[str], None]) -> bool:
    """Bring the database to `head()` in the connection's own transaction; whether there was anything to do.

    `before` is called with the present revision ahead of the first change, unless the database is empty. Raises
    SchemaError for a revision that this program doesn't know.
    """
    found, wanted = present(connection), head()
    if found == wanted:
        return False
    if found is not None and found > wanted:
        raise SchemaError(
            f"The database is from a newer version (schema {found}, this program knows {wanted}): install that version "
            "again, or put back the copy that it left in the data directory's backups folder."
        )
    if found is not None:
        before(found)
    _run_alembic(connection)
    return True


def _run_alembic(connection: sa.Connection) -> None:
    from alembic import command  # noqa: PLC0415 - only where there is something to upgrade
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(migrations_dir()))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def copy_database(path: Path, backups: Path, revision: str, stamp: int) -> Path:
    """A consistent copy of a SQLite file as it was at `revision`; the newest three are kept."""
    backups.mkdir(mode=0o700, exist_ok=True)
    copy = backups / f"before-upgrade-from-{revision}-{stamp}.db"
    copy.touch(mode=0o600)
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)
    for old in sorted(backups.glob("before-upgrade-from-*.db"), key=_stamp)[:-COPIES]:
        old.unlink()
    return copy


def _stamp(path: Path) -> Any:
    return int(path.stem.rpartition("-")[2])
