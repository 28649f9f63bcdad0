"""From a URL to an open store: the file checked, the schema brought up, the node named."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import create_async_engine

from rex_auth_edge.domain.clock import Clock
from rex_auth_edge.domain.entropy import Entropy, uuid7
from rex_auth_edge.storage import mariadb, schema, sqlite
from rex_auth_edge.storage.store import Store
from rex_auth_edge.storage.tables import node_facts
from rex_auth_edge.storage.tx import Node

_MIGRATING = "rex-auth-edge-schema"


async def open_store(url: sa.URL, data_dir: Path, clock: Clock, entropy: Entropy) -> Store:
    """A store on an up-to-date schema. Raises SchemaError, which says what to do."""
    if url.get_backend_name() == "sqlite":
        return _open_sqlite(Path(url.database or ""), data_dir, clock, entropy)
    return await _open_mariadb(url, clock, entropy)


def _open_sqlite(path: Path, data_dir: Path, clock: Clock, entropy: Entropy) -> Store:
    _make_private(path)
    engine = sa.create_engine(f"sqlite:///{path}", poolclass=sa.pool.NullPool, hide_parameters=True)
    sa.event.listen(engine, "connect", sqlite.configure)
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            stamp = clock.now().wall
            schema.upgrade(connection, lambda found: _copy(path, data_dir, found, stamp))
            node = _node(connection, clock, entropy)
            connection.commit()
    except (sa.exc.DBAPIError, sqlite3.Error) as error:
        raise _unusable(path, error) from error
    finally:
        engine.dispose()
    return sqlite.SqliteStore(path, clock, entropy, node)


def _copy(path: Path, data_dir: Path, found: str, stamp: int) -> None:
    schema.copy_database(path, data_dir / "backups", found, stamp)


def _make_private(path: Path) -> None:
    """Make the file before SQLite does: 0600, which its -wal and -shm inherit."""
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        path.chmod(0o600)
    except OSError as error:
        raise schema.SchemaError(
            f"The database {path} can't be opened: {error.strerror}. Its folder has to exist, writable for the hub."
        ) from error
    with path.open("rb") as file, closing(file):
        start = file.read(16)
    if start and start != b"SQLite format 3\0":
        raise schema.SchemaError(
            f"{path} is not a SQLite database. It was left as it is: move it away, or put back a backup in its place."
        )


def _unusable(path: Path, error: Exception) -> schema.SchemaError:
    cause = getattr(error, "orig", None) or error
    return schema.SchemaError(
        f"The database {path} can't be used: {cause}. It was left as it is: check the disk, or put back a backup."
    )


async def _open_mariadb(url: sa.URL, clock: Clock, entropy: Entropy) -> Store:
    engine = create_async_engine(url, poolclass=sa.pool.NullPool, hide_parameters=True)
    sa.event.listen(engine.sync_engine, "connect", mariadb.configure)

    def prepare(connection: sa.Connection) -> Node:
        """Under a lock of the server's, since several processes may start at once."""
        connection.execute(sa.text("SELECT GET_LOCK(:name, 60)"), {"name": _MIGRATING})
        try:
            schema.upgrade(connection, lambda _found: None)
            node = _node(connection, clock, entropy)
            connection.commit()
        finally:
            connection.execute(sa.text("SELECT RELEASE_LOCK(:name)"), {"name": _MIGRATING})
        return node

    try:
        async with engine.connect() as connection:
            node = await connection.run_sync(prepare)
    except sa.exc.DBAPIError as error:
        raise schema.SchemaError(
            f"The database at {url.host} can't be used: {error.orig}. Is the server up, and DATABASE_URL right?"
        ) from error
    finally:
        await engine.dispose()
    return mariadb.MariaStore(url, clock, entropy, node)


def _node(connection: sa.Connection, clock: Clock, entropy: Entropy) -> Node:
    """Who this node is; named at the first start."""
    row = connection.execute(sa.select(node_facts.c.value).where(node_facts.c.name == "node")).scalar_one_or_none()
    if row is not None:
        return msgspec.json.decode(row, type=Node)
    node = Node(uuid7(entropy, clock.now()), 1)
    connection.execute(sa.insert(node_facts).values(name="node", value=msgspec.json.encode(node)))
    return node
