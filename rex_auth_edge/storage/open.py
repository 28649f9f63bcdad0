"""From a URL to an open store: the file checked, the schema brought up, the node named."""

import asyncio
import os
import sqlite3
from collections.abc import Callable
from contextlib import aclosing, closing
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

import msgspec
import sqlalchemy as sa

from rex_auth_edge.domain.clock import Clock
from rex_auth_edge.domain.entropy import Entropy, uuid7
from rex_auth_edge.storage import schema, sqlite
from rex_auth_edge.storage.faults import Fault, fault_of
from rex_auth_edge.storage.space import Space
from rex_auth_edge.storage.store import Store
from rex_auth_edge.storage.tables import node_facts
from rex_auth_edge.storage.tx import Node

MIGRATING_PATIENCE = 60
"""How long, in seconds, a starting process waits for another that upgrades the same MariaDB database."""
CONNECTING = 10.0
"""Seconds that a MariaDB may take to be connected to: one that is frozen takes connections, and says nothing."""

_NO_SUCH_LOCK = frozenset({1235, 1305})
"""Not supported (here); no such function."""

T = TypeVar("T")

_MAGIC = b"SQLite format 3\0"


class DamagedError(schema.SchemaError):
    """The database's file is damaged; it was left as it is."""


async def open_store(url: sa.URL, data_dir: Path, clock: Clock, entropy: Entropy, *, reserve: int = 0) -> Store:
    """A store on an up-to-date schema. Raises SchemaError, which says what to do.

    `reserve` is how many bytes beside a SQLite file are kept for revocations on a full disk.
    """
    if url.get_backend_name() == "sqlite":
        path = Path(url.database or "")
        return _open_sqlite(path, data_dir, Space(path, reserve), clock, entropy)
    return await _open_mariadb(url, clock, entropy)


def _open_sqlite(path: Path, data_dir: Path, space: Space, clock: Clock, entropy: Entropy) -> Store:
    _make_private(path)
    space.make_room()
    _unless_damaged(path, data_dir)
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
        space.look()
        return sqlite.SqliteStore(path, space, clock, entropy, node)
    except (sa.exc.DBAPIError, sqlite3.Error) as error:
        raise _unusable(path, data_dir, error) from error
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


def _unless_damaged(path: Path, data_dir: Path) -> None:
    """Read every page, over a connection that writes nothing: not even the log is moved into a file that is damaged.

    Takes about a second for a gigabyte in the page cache, and what the card takes to read it otherwise.
    """
    try:
        with closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True)) as database:
            found = [line for (line,) in database.execute("PRAGMA quick_check(3)") if line != "ok"]
    except sqlite3.Error as error:
        raise _unusable(path, data_dir, error) from error
    if found:
        raise _damaged(path, data_dir, "; ".join(" ".join(found).split("\n")))


def _unusable(path: Path, data_dir: Path, error: Exception) -> schema.SchemaError:
    cause = getattr(error, "orig", None) or error
    if fault_of(error) is Fault.DAMAGED:
        return _damaged(path, data_dir, str(cause))
    return schema.SchemaError(f"The database {path} can't be used: {cause}. It was left as it is: check the disk.")


def _damaged(path: Path, data_dir: Path, found: str) -> DamagedError:
    """What was found, and the ways back, the best one first.

    `.dump` and not `.recover`, which saves more: Debian's shell is built without what the latter needs.
    """
    here, copies = path.absolute(), sorted((data_dir / "backups").absolute().glob("before-*.sqlite3"))
    save = f"sqlite3 KEPT/{path.name} .dump | sed 's/^ROLLBACK.*/COMMIT;/' | sqlite3 {here}"
    either = "Either save what can be read: run `{}` (`.recover` in place of `.dump` saves more where it works)."
    lines = [
        f"The database {here} is damaged: {found}. It was left as it is.",
        f"First keep it: move {here} and {path.name}-wal to another place, called KEPT here, and check the disk.",
        either.format(save),
        *(f"Or put back a copy from before an upgrade: {copy}." for copy in copies),
        "Then see what is there with `rex-auth-edge db check`, and start again.",
    ]
    return DamagedError("\n".join(lines))


async def open_current(url: sa.URL, clock: Clock, entropy: Entropy) -> Store:
    """A store on a MariaDB that has this program's schema already. Raises SchemaError where it hasn't."""

    def prepare(connection: sa.Connection) -> Node:
        has, wanted = schema.present(connection), schema.revisions()[-1]
        if has != wanted:
            seen = f"has the schema {has}" if has else "is empty"
            raise schema.SchemaError(
                f"The database {seen}, this program needs schema {wanted}: run `rex-auth-edge db upgrade` once, before "
                "any process of this version starts."
            )
        return _node(connection, clock, entropy)

    return await _prepared(url, clock, entropy, prepare)


async def found(url: sa.URL) -> str | None:
    """The schema that a MariaDB database has, None for an empty one. Raises SchemaError."""
    return await _asked(url, schema.present)


async def _open_mariadb(url: sa.URL, clock: Clock, entropy: Entropy) -> Store:
    lock = {"name": f"rex-auth-edge {url.database}"[:64], "patience": MIGRATING_PATIENCE}

    def prepare(connection: sa.Connection) -> Node:
        """Under a lock of the server's, since several processes may start at once; closing the connection lets go."""
        if not _locked(connection, lock):
            raise schema.SchemaError(
                f"Another process has been upgrading {url.database} for {MIGRATING_PATIENCE} seconds: wait for it to "
                "finish, and start again."
            )
        schema.upgrade(connection, lambda _found, _wanted: None)
        node = _node(connection, clock, entropy)
        connection.commit()
        return node

    return await _prepared(url, clock, entropy, prepare)


def _locked(connection: sa.Connection, lock: dict[str, Any]) -> bool:
    """A cluster (Galera, Vitess) has no such locks: there whoever upgrades does it once, before the others start."""
    try:
        return bool(connection.execute(sa.text("SELECT GET_LOCK(:name, :patience)"), lock).scalar_one() == 1)
    except (sa.exc.NotSupportedError, sa.exc.OperationalError) as error:
        if getattr(error.orig, "args", (0,))[0] not in _NO_SUCH_LOCK:
            raise
        connection.rollback()
        return True


async def _prepared(url: sa.URL, clock: Clock, entropy: Entropy, prepare: Callable[[sa.Connection], Node]) -> Store:
    from rex_auth_edge.storage import mariadb  # noqa: PLC0415 - SQLAlchemy's asyncio and ORM: 20 MiB and 60 ms

    return mariadb.MariaStore(url, clock, entropy, await _asked(url, prepare))


async def _asked(url: sa.URL, question: Callable[[sa.Connection], T]) -> T:
    engine = _migrating_engine(url)
    try:
        async with asyncio.timeout(CONNECTING):
            connection = await engine.connect()
        async with aclosing(connection):
            answer: T = await connection.run_sync(question)
            return answer
    except TimeoutError as error:
        raise schema.SchemaError(
            f"The database at {url.host} takes connections, and says nothing: look whether its server is well."
        ) from error
    except sa.exc.DBAPIError as error:
        raise schema.SchemaError(
            f"The database at {url.host} can't be used: {error.orig}. Is the server up, and DATABASE_URL right?"
        ) from error
    finally:
        await engine.dispose()


def _migrating_engine(url: sa.URL) -> Any:
    from sqlalchemy.ext.asyncio import create_async_engine  # noqa: PLC0415 - likewise

    from rex_auth_edge.storage import mariadb  # noqa: PLC0415

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
