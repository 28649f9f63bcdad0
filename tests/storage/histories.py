"""Histories longer than the program's own, and programs that follow them."""

import subprocess
import sys
from pathlib import Path

import sqlalchemy as sa

from rex_auth_edge.storage import schema
from rex_auth_edge.storage.open import open_store
from rex_auth_edge.storage.store import Store
from tests.doubles import HandClock, SeededEntropy

NEWEST = schema.revisions()[-1]
AHEAD = f"{int(NEWEST) + 1:04}"
"""The revision that a next version would bring."""

NEXT = """
import os, signal
import sqlalchemy as sa
from alembic import op

revision, down_revision = "{revision}", "{before}"

def upgrade():
    op.create_table("extra{revision}", sa.Column("id", sa.Integer, primary_key=True), if_not_exists=True)
    if {killed}:
        os.kill(os.getpid(), signal.SIGKILL)
"""

UPGRADE = """
import asyncio, sys
from pathlib import Path
import sqlalchemy as sa
from rex_auth_edge.storage import schema
from rex_auth_edge.storage.open import open_store
from tests.doubles import HandClock, SeededEntropy

url, folder, history = sys.argv[1:]
if history:
    schema.migrations_dir = lambda: Path(history)

async def main():
    store = await open_store(sa.make_url(url), Path(folder), HandClock(), SeededEntropy())
    await store.close()

asyncio.run(main())
print("alembic" in sys.modules)
"""


def sqlite_url(folder: Path) -> sa.URL:
    """`hub.db` in `folder`."""
    return sa.URL.create("sqlite", database=str(folder / "hub.db"))


def later(history: Path, revision: str, *, killed: bool = False) -> None:
    """Add a revision after the one that is the newest, making a table; or killed right after that."""
    before = f"{int(revision) - 1:04}"
    text = NEXT.format(revision=revision, before=before, killed=killed)
    (history / "versions" / f"{revision}_extra.py").write_text(text)


async def opened(url: sa.URL, folder: Path) -> Store:
    """The database, brought up to date."""
    return await open_store(url, folder, HandClock(), SeededEntropy())


def upgrade_elsewhere(url: sa.URL, folder: Path, history: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Open and close in another process; it prints whether Alembic was imported."""
    command = [
        sys.executable,
        "-c",
        UPGRADE,
        url.render_as_string(hide_password=False),
        str(folder),
        str(history or ""),
    ]
    return subprocess.run(command, capture_output=True, text=True, check=False)
