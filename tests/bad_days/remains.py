"""What a killed hub leaves on the disk, looked at in a copy, before the next start has touched it."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import sqlalchemy as sa

from rex_auth_edge.storage import chains, tenants
from rex_auth_edge.storage.chains import Chain, Place
from rex_auth_edge.storage.tables import outbox

DATABASE = "rex-auth-edge.db"
_LETTERS = str.maketrans("0123456789", "ghijklmnop")


def copied(data_dir: Path, scratch: Path) -> Path:
    """The database with its log."""
    scratch.mkdir(exist_ok=True)
    for name in (DATABASE, f"{DATABASE}-wal"):
        (scratch / name).unlink(missing_ok=True)
        if (data_dir / name).exists():
            shutil.copy(data_dir / name, scratch / name)
    (scratch / f"{DATABASE}-shm").unlink(missing_ok=True)
    return scratch / DATABASE


def unwhole(path: Path) -> list[str]:
    """What SQLite finds wrong with it, nothing if all is well."""
    with closing(sqlite3.connect(path)) as database:
        pages = [line for (line,) in database.execute("PRAGMA integrity_check") if line != "ok"]
        return pages + [str(row) for row in database.execute("PRAGMA foreign_key_check")]


def audited(path: Path) -> tuple[int, list[str]]:
    """The rows of every audit chain, and where any of them is broken."""
    with closing(sa.create_engine(f"sqlite:///{path}", poolclass=sa.pool.NullPool).connect()) as conn:
        found = [chain for house in tenants.every(conn) for chain in chains.every(conn, house.id)]
        return sum(chain.rows for chain in found), [why for chain in found if (why := _broken(conn, chain))]


def _broken(conn: sa.Connection, chain: Chain) -> str:
    return chains.follow(chain, Place(), chains.rows(conn, chain, 0, chain.rows + 1), done=True).why


def sent(path: Path) -> set[str]:
    """The Message-IDs, up to the @, of the letters on record as sent."""
    with closing(sa.create_engine(f"sqlite:///{path}", poolclass=sa.pool.NullPool).connect()) as conn:
        ids = conn.execute(sa.select(outbox.c.id).where(outbox.c.state == "sent")).scalars()
        return {f"<{letter_id.hex.translate(_LETTERS)}" for letter_id in ids}
