"""The file behind a SQLite store: copies before an upgrade, and files and folders that can't be used."""

import asyncio
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

from rex_auth_edge.storage import schema
from rex_auth_edge.storage.open import open_store
from rex_auth_edge.storage.schema import COPIES, SchemaError
from rex_auth_edge.storage.store import Store
from tests.doubles import HandClock, SeededEntropy
from tests.storage.histories import AHEAD, NEWEST, later
from tests.storage.rows import add


async def opened(path: Path) -> Store:
    """The database at `path`, its data directory beside it."""
    return await open_store(sa.URL.create("sqlite", database=str(path)), path.parent, HandClock(), SeededEntropy())


def names_in(path: Path) -> set[str]:
    """The facts in a database file."""
    with closing(sqlite3.connect(path)) as database:
        return {name for (name,) in database.execute("SELECT name FROM node_facts")} - {"node"}


def listed(folder: Path) -> list[str]:
    """What lies in a folder."""
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def ours(history: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A history that tests add to, as the program's own."""
    monkeypatch.setattr(schema, "migrations_dir", lambda: history)
    return history


async def test_a_copy_is_made_before_an_upgrade(tmp_path: Path, ours: Path) -> None:
    """The copy holds what was there before, opens by itself, and is for the owner only, as is its folder."""
    store = await opened(tmp_path / "hub.db")
    await store.write(add("row"))
    await store.close()
    later(ours, AHEAD)
    await (await opened(tmp_path / "hub.db")).close()
    copies = tmp_path / "backups"
    assert listed(copies) == [f"before-{AHEAD}-{NEWEST}.sqlite3"]
    copy = copies / f"before-{AHEAD}-{NEWEST}.sqlite3"
    assert (copies.stat().st_mode & 0o777, copy.stat().st_mode & 0o777) == (0o700, 0o600)
    assert names_in(copy) == {"row"}
    with closing(sqlite3.connect(copy)) as database:
        assert database.execute("SELECT version_num FROM alembic_version").fetchall() == [(NEWEST,)]


async def test_the_newest_copies_are_kept(tmp_path: Path, ours: Path) -> None:
    """After many upgrades three copies are there, the newest by revision whatever the clock says."""
    await (await opened(tmp_path / "hub.db")).close()
    numbers = range(int(AHEAD), int(AHEAD) + 5)
    for number in numbers:
        later(ours, f"{number:04}")
        await (await opened(tmp_path / "hub.db")).close()
    wanted = [f"before-{number:04}-{number - 1:04}.sqlite3" for number in numbers]
    assert listed(tmp_path / "backups") == wanted[-COPIES:]


async def test_the_copy_just_made_is_never_the_one_to_go(tmp_path: Path, ours: Path) -> None:
    """Who went back to an older version and upgrades again finds that copy, though others have higher numbers."""
    copies = tmp_path / "backups"
    copies.mkdir()
    others = [f"before-{number:04}-{number - 1:04}.sqlite3" for number in range(int(AHEAD) + 1, int(AHEAD) + 4)]
    for other in others:
        (copies / other).touch()
    await (await opened(tmp_path / "hub.db")).close()
    later(ours, AHEAD)
    await (await opened(tmp_path / "hub.db")).close()
    assert listed(copies) == [f"before-{AHEAD}-{NEWEST}.sqlite3", *others[1:]]


async def test_without_a_copy_nothing_is_upgraded(tmp_path: Path, ours: Path) -> None:
    """Where no copy can be made the database stays at its revision, and the sentence says why."""
    await (await opened(tmp_path / "hub.db")).close()
    (tmp_path / "backups").write_text("in the way")
    later(ours, AHEAD)
    with pytest.raises(SchemaError, match=r"No copy of the database could be put into .*make room"):
        await opened(tmp_path / "hub.db")
    with closing(sqlite3.connect(tmp_path / "hub.db")) as database:
        assert database.execute("SELECT version_num FROM alembic_version").fetchall() == [(NEWEST,)]


@pytest.mark.parametrize("content", [b"not a database at all, and longer than its header", b"short"])
async def test_another_file_is_left_as_it_is(tmp_path: Path, content: bytes) -> None:
    """A file that isn't a database is refused by name; neither its content nor its permissions change."""
    path = tmp_path / "notes.txt"
    path.write_bytes(content)
    path.chmod(0o644)
    with pytest.raises(SchemaError, match=r"notes\.txt is not a SQLite database\. It was left as it is"):
        await opened(path)
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (content, 0o644)


async def test_a_damaged_database_is_refused(tmp_path: Path) -> None:
    """A file with a database's header and nothing sensible after it is refused with the two things to do."""
    path = tmp_path / "hub.db"
    path.write_bytes(b"SQLite format 3\0" + b"\xff" * 5_000)
    with pytest.raises(SchemaError, match=r"damaged(.|\n)*keep it(.|\n)*\.dump"):
        await opened(path)


@pytest.mark.parametrize("place", ["missing/hub.db", "file/hub.db", "."])
async def test_places_that_hold_no_database(tmp_path: Path, place: str) -> None:
    """A folder that is missing, or is a file, or a database that is a folder: the path and what has to be."""
    (tmp_path / "file").touch()
    with pytest.raises(SchemaError, match="Its folder has to exist, writable for the hub") as refused:
        await opened(tmp_path / place)
    assert str(tmp_path) in str(refused.value)


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Without anybody's right to write into `folder`, root's included."""
    before = os.geteuid()
    folder.chmod(0o500)
    if before == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(before)
        folder.chmod(0o700)


@pytest.mark.parametrize("made", [False, True])
async def test_a_folder_that_cannot_be_written(tmp_path: Path, *, made: bool) -> None:
    """A read-only folder is refused, whether the database is in it already or not."""
    if made:
        await (await opened(tmp_path / "hub.db")).close()
    with read_only(tmp_path), pytest.raises(SchemaError, match=r"writable for the hub|can't be used"):
        await opened(tmp_path / "hub.db")


async def test_a_database_in_use_elsewhere_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that another program keeps locked is refused with the reason."""
    await (await opened(tmp_path / "hub.db")).close()
    monkeypatch.setattr("rex_auth_edge.storage.sqlite._PRAGMAS", ("PRAGMA busy_timeout=0",))
    with closing(sqlite3.connect(tmp_path / "hub.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(SchemaError, match="database is locked"):
            await opened(tmp_path / "hub.db")


async def test_paths_with_odd_letters(tmp_path: Path) -> None:
    """A folder's name may have letters that mean something in a URL."""
    folder = tmp_path / "50%? #é"
    await asyncio.to_thread(folder.mkdir)
    store = await opened(folder / "hub.db")
    assert await store.write(add("row")) == "row"
    assert await store.read(lambda conn: len(conn.execute(sa.text("SELECT * FROM node_facts")).all())) == 2
    await store.close()
    assert await asyncio.to_thread(listed, folder) == ["hub.db"]
