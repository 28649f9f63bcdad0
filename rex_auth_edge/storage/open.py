"""From a URL to an open store: the file checked, the schema brought up, the node named."""

import os
import sqlite3
from pathlib import Path

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from rex_auth_edge.domain.clock import Clock
from rex_auth_edge.domain.entropy import Entropy, uuid7
from rex_auth_edge.storage import mariadb, schema, sqlite
from rex_auth_edge.storage.store import Store
from rex_auth_edge.storage.tables import node_facts
from rex_auth_edge.storage.tx import Node

MIGRATING_PATIENCE = 60
"""How long, in seconds, a starting process waits for another that upgrades the same MariaDB database."""

_MAGIC = b"SQLite format 3\0"


async def open_store(url: sa.URL, data_dir: Path, clock: Clock, entropy: Entropy) -> Store:
    """A store on an up-to-date schema. Raises SchemaError, which says what to do."""
    if url.get_backend_name() == "sqlite":
        return _open_sqlite(Path(url.database or ""), data_dir, clock, entropy)
    return await _open_mariadb(url, clock, entropy)


def _open_sqlite(path: Path, data_dir: Path, clock: Clock, entropy: Entropy) -> Store:
    _make_private(path)
    engine = sa.create_engine(
        sa.URL.create("sqlite", database=str(path)), poolclass=sa.pool.NullPool, hide_parameters=True
    )
    sa.event.listen(engine, "connect", sqlite.configure)

    def copy(found: str, wanted: str) -> None:
        schema.copy_database(path, data_dir / "backups", found, wanted)

    try:
        with engine.connect() as connection:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            schema.upgrade(connection, copy)
            node = _node(connection, clock, entropy)
            connection.commit()
        return sqlite.SqliteStore(path, clock, entropy, node)
    except (sa.exc.DBAPIError, sqlite3.Error) as error:
        raise _unusable(path, error) from error
    finally:
        engine.dispose()


def _make_private(path: Path) -> None:
    """Make the file before SQLite does: 0600, which its -wal and -shm inherit. What isn't a database stays as it is."""
    try:
        with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600), "rb") as file:
            start = file.read(len(_MAGIC))
            if start in {b"", _MAGIC}:
                os.fchmod(file.fileno(), 0o600)
                return
    except OSError as error:
        raise schema.SchemaError(
            f"The database {path} can't be opened: {error.strerror}. Its folder has to exist, writable for the hub."
        ) from error
    raise schema.SchemaError(
        f"{path} is not a SQLite database. It was left as it is: move it away, or put back a backup in its place."
    )


def _unusable(path: Path, error: Exception) -> schema.SchemaError:
    cause = getattr(error, "orig", None) or error
    return schema.SchemaError(
        f"The database {path} can't be used: {cause}. It was left as it is: check the disk, or put back a backup."
    )


async def _open_mariadb(url: sa.URL, clock: Clock, entropy: Entropy) -> Store:
    engine = _migrating_engine(url)
    lock = {"name": f"rex-auth-edge {url.database}"[:64], "patience": MIGRATING_PATIENCE}

    def prepare(connection: sa.Connection) -> Node:
        """Under a lock of the server's, since several processes may start at once; closing the connection lets go."""
        if connection.execute(sa.text("SELECT GET_LOCK(:name, :patience)"), lock).scalar_one() != 1:
            raise schema.SchemaError(
                f"Another process has been upgrading {url.database} for {MIGRATING_PATIENCE} seconds: wait for it to "
                "finish, and start again."
            )
        schema.upgrade(connection, lambda _found, _wanted: None)
        node = _node(connection, clock, entropy)
        connection.commit()
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


def _migrating_engine(url: sa.URL) -> AsyncEngine:
    try:
        engine = create_async_engine(url, poolclass=sa.pool.NullPool, hide_parameters=True)
    except ModuleNotFoundError as error:
        raise schema.SchemaError(
            f"MariaDB needs the package {error.name}: install rex-auth-edge with its extra `cloud`."
        ) from error
    sa.event.listen(engine.sync_engine, "connect", mariadb.configure)
    return engine


def _node(connection: sa.Connection, clock: Clock, entropy: Entropy) -> Node:
    """Who this node is; named at the first start."""
    row = connection.execute(sa.select(node_facts.c.value).where(node_facts.c.name == "node")).scalar_one_or_none()
    if row is not None:
        return msgspec.json.decode(row, type=Node)
    node = Node(uuid7(entropy, clock.now()), 1)
    connection.execute(sa.insert(node_facts).values(name="node", value=msgspec.json.encode(node)))
    return node
