"""The schema's history on both engines: from nothing, from behind, from ahead, interrupted, and all at once."""

import asyncio
import re
import signal
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from rex_auth_edge.storage import open as opening
from rex_auth_edge.storage import schema
from rex_auth_edge.storage.columns import metadata
from rex_auth_edge.storage.schema import SchemaError, SchemaTooNewError
from rex_auth_edge.storage.tx import Node, Tx
from tests.mariadb import MariaServer
from tests.storage.histories import AHEAD, NEWEST, later, opened, sqlite_url, upgrade_elsewhere
from tests.storage.rows import add, kept


@pytest.fixture(params=["sqlite", pytest.param("mariadb", marks=pytest.mark.mariadb)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> sa.URL:
    """An empty database, not opened yet."""
    if request.param == "sqlite":
        return sqlite_url(tmp_path)
    server: MariaServer = request.getfixturevalue("mariadb_server")
    return server.fresh()


def revision(conn: sa.Connection) -> str:
    """What the database says it has."""
    return str(conn.execute(sa.text("SELECT version_num FROM alembic_version")).scalar_one())


def tables(conn: sa.Connection) -> set[str]:
    """What is there."""
    return set(sa.inspect(conn).get_table_names())


def definitions(conn: sa.Connection) -> dict[str, list[str]]:
    """Every table and index in the engine's own words: columns, types, collations, keys, engine; in any order."""
    if conn.dialect.name == "sqlite":
        query = sa.text("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name <> 'alembic_version'")
        found = {row.name: row.sql for row in conn.execute(query)}
    else:
        found = {name: conn.execute(sa.text(f"SHOW CREATE TABLE {name}")).one()[1] for name in metadata.tables}
    # A column that was added later stands behind the others, on their line.
    return {
        name: sorted(part.strip() for part in re.split(r",\s|\n", sql) if part.strip(" ,)"))
        for name, sql in found.items()
    }


async def test_history_makes_exactly_the_tables(url: sa.URL, tmp_path: Path) -> None:
    """An empty database brought up to date has the tables, columns, keys and indexes of tables.py, and no other."""

    def differences(conn: sa.Connection) -> list[object]:
        # Types are left to the next test: what an engine reflects isn't what it was told.
        return list(compare_metadata(MigrationContext.configure(conn, opts={"compare_type": False}), metadata))

    store = await opened(url, tmp_path)
    found, there = await store.read(differences), await store.read(tables)
    await store.close()
    assert found == []
    assert there == set(metadata.tables) | {"alembic_version"}


async def test_history_defines_what_the_tables_say(url: sa.URL, tmp_path: Path) -> None:
    """What the history made reads, to the letter, like what tables.py would make."""

    def anew(tx: Tx) -> None:
        metadata.drop_all(tx.conn)
        metadata.create_all(tx.conn)

    store = await opened(url, tmp_path)
    migrated = await store.read(definitions)
    await store.write(anew)
    made = await store.read(definitions)
    await store.close()
    assert migrated == made
    assert len(made) >= len(metadata.tables)


async def test_opening_again_changes_nothing(url: sa.URL, tmp_path: Path) -> None:
    """A second start finds its rows and its node, makes no copy, and doesn't even import Alembic."""
    first = await opened(url, tmp_path)
    node = await first.write(lambda tx: tx.node)
    await first.write(add("row"))
    await first.close()
    elsewhere = upgrade_elsewhere(url, tmp_path)
    assert (elsewhere.stdout, elsewhere.stderr) == ("False\n", "")
    second = await opened(url, tmp_path)
    again: Node = await second.write(lambda tx: tx.node)
    there = await kept(second)
    await second.close()
    assert (again, there) == (node, {"row"})
    assert node.id.version == 7
    assert node.incarnation == 1
    assert not (tmp_path / "backups").exists()


async def test_an_older_database_moves_forward(
    url: sa.URL, tmp_path: Path, history: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A database that is behind is upgraded, its rows kept."""
    store = await opened(url, tmp_path)
    await store.write(add("row"))
    await store.close()
    later(history, AHEAD)
    monkeypatch.setattr(schema, "migrations_dir", lambda: history)
    store = await opened(url, tmp_path)
    assert await store.read(revision) == AHEAD
    assert f"extra{AHEAD}" in await store.read(tables)
    assert await kept(store) == {"row"}
    await store.close()


async def test_a_database_of_core_moves_forward(
    url: sa.URL, tmp_path: Path, history: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """People of before the households' revision keep their accounts, and their addresses count as proven by mail."""
    for each in (history / "versions").glob("0*.py"):
        if each.name >= "0002":
            each.unlink()
    with monkeypatch.context() as patch:
        patch.setattr(schema, "migrations_dir", lambda: history)
        store = await opened(url, tmp_path)
    texts = dict.fromkeys(("username", "username_key", "email", "email_key", "password_hash", "role"), "maya")
    numbers = dict.fromkeys(("email_verified", "disabled", "created_at", "password_changed_at"), 1)
    person = {"tenant_id": b"t" * 16, "id": b"u" * 16} | texts | numbers
    insert = f"INSERT INTO users ({', '.join(person)}) VALUES ({', '.join(f':{name}' for name in person)})"  # noqa: S608
    await store.write(lambda tx: tx.conn.execute(sa.text(insert), person).rowcount)
    await store.close()
    store = await opened(url, tmp_path)
    proven = await store.read(lambda conn: conn.execute(sa.text("SELECT username, email_proven FROM users")).all())
    await store.close()
    assert proven == [("maya", 1)]


async def test_killed_while_upgrading(
    url: sa.URL, tmp_path: Path, history: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An upgrade killed in the middle left the old revision, and the next start does it again, to the end."""
    store = await opened(url, tmp_path)
    await store.write(add("row"))
    await store.close()
    later(history, AHEAD, killed=True)
    assert upgrade_elsewhere(url, tmp_path, history).returncode == -signal.SIGKILL
    store = await opened(url, tmp_path)
    assert await store.read(revision) == NEWEST
    if url.get_backend_name() == "sqlite":  # MariaDB can't undo a CREATE TABLE
        assert f"extra{AHEAD}" not in await store.read(tables)
    await store.close()
    later(history, AHEAD)
    monkeypatch.setattr(schema, "migrations_dir", lambda: history)
    store = await opened(url, tmp_path)
    assert await store.read(revision) == AHEAD
    assert await kept(store) == {"row"}
    await store.close()


async def test_killed_at_the_first_start(url: sa.URL, tmp_path: Path, history: Path) -> None:
    """A first start killed after some tables is no other program's database: the next start finishes it."""
    core = history / "versions" / "0001_core.py"
    core.write_text(
        core.read_text().replace("    _users()\n", "    __import__('os').kill(__import__('os').getpid(), 9)\n")
    )
    assert upgrade_elsewhere(url, tmp_path, history).returncode == -signal.SIGKILL
    store = await opened(url, tmp_path)
    assert await store.read(tables) == set(metadata.tables) | {"alembic_version"}
    await store.close()


@pytest.mark.parametrize("found", [AHEAD, "9999", "abc123def456"])
async def test_a_newer_database_is_refused(url: sa.URL, tmp_path: Path, found: str) -> None:
    """A revision that this program doesn't know is left alone, with a sentence that says the two ways out."""
    store = await opened(url, tmp_path)
    await store.write(
        lambda tx: tx.conn.execute(sa.text("UPDATE alembic_version SET version_num = :to"), {"to": found}).rowcount
    )
    await store.close()
    with pytest.raises(SchemaTooNewError, match=f"schema {found}.*install.*or put back the copy"):
        await opened(url, tmp_path)


async def test_another_programs_database_is_refused(url: sa.URL, tmp_path: Path) -> None:
    """Tables that aren't ours, though named alike, are neither taken for ours nor added to."""
    store = await opened(url, tmp_path)
    await store.write(lambda tx: tx.conn.execute(sa.text("DROP TABLE alembic_version")).rowcount)
    await store.close()
    with pytest.raises(SchemaError, match=r"another program's tables \(audit, .*DATABASE_URL"):
        await opened(url, tmp_path)


@pytest.mark.mariadb
async def test_processes_that_start_at_once(mariadb_server: MariaServer, tmp_path: Path) -> None:
    """Several that meet an empty MariaDB database bring it up once, and are one node."""
    url = mariadb_server.fresh()
    stores = await asyncio.gather(*(opened(url, tmp_path) for _ in range(4)))
    nodes = {await store.write(lambda tx: tx.node) for store in stores}
    for store in stores:
        await store.close()
    assert len(nodes) == 1


@pytest.mark.mariadb
async def test_an_upgrade_that_never_ends(
    mariadb_server: MariaServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that can't have the upgrade's lock says so instead of upgrading beside another."""
    monkeypatch.setattr(opening, "MIGRATING_PATIENCE", 0)
    url = mariadb_server.fresh()
    store = await opened(url, tmp_path)

    async def start() -> str:
        with pytest.raises(SchemaError) as refused:
            await opened(url, tmp_path)
        return str(refused.value)

    def holding(conn: sa.Connection) -> str:
        conn.execute(sa.text("SELECT GET_LOCK(:name, 0)"), {"name": f"rex-auth-edge {url.database}"})
        return sa.util.await_only(start())

    assert "Another process" in await store.read(holding)
    await store.close()


async def test_a_server_that_is_away(tmp_path: Path, unused_tcp_port: int) -> None:
    """A MariaDB that doesn't answer is told with the two things to look at, and without its password."""
    url = sa.make_url(f"mysql+asyncmy://rex:hunter2@127.0.0.1:{unused_tcp_port}/rex")
    with pytest.raises(SchemaError, match="Is the server up, and DATABASE_URL right") as refused:
        await opened(url, tmp_path)
    assert "hunter2" not in str(refused.value)


def test_the_history_is_one_line() -> None:
    """One head, and every revision is the number that its file begins with."""
    config = Config()
    config.set_main_option("script_location", str(schema.migrations_dir()))
    script = ScriptDirectory.from_config(config)
    assert [one.revision for one in script.walk_revisions()][::-1] == schema.revisions()
    assert script.get_heads() == schema.revisions()[-1:]


def test_the_history_is_found_in_a_package_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Installed from a wheel the history lies inside the package, in a checkout beside it."""
    package = tmp_path / "rex_auth_edge"
    package.mkdir()
    monkeypatch.setattr("rex_auth_edge.__file__", str(package / "__init__.py"))
    assert schema.migrations_dir() == tmp_path / "migrations"
    (package / "migrations").mkdir()
    assert schema.migrations_dir() == package / "migrations"
