"""MariaDB: transactions that lose a race start over, and a lost connection is no lost server."""

import asyncio
from collections.abc import Callable
from functools import partial

import pytest
import sqlalchemy as sa

from rex_auth_edge.storage import mariadb
from rex_auth_edge.storage.mariadb import TRIES
from rex_auth_edge.storage.open import open_current
from rex_auth_edge.storage.schema import SchemaError
from rex_auth_edge.storage.store import StorageUnavailableError, Store
from rex_auth_edge.storage.tables import node_facts
from rex_auth_edge.storage.tx import Tx
from tests.doubles import HandClock, SeededEntropy
from tests.mariadb import MariaServer
from tests.storage.rows import add, kept

pytestmark = pytest.mark.mariadb


def touch(tx: Tx, name: str, by: bytes) -> None:
    """Change a row, which holds it until the transaction ends."""
    changed = (
        sa.update(node_facts).where(node_facts.c.name == name).values(value=sa.func.concat(node_facts.c.value, by))
    )
    tx.conn.execute(changed)


def value(conn: sa.Connection, name: str) -> bytes:
    """A row's value."""
    return bytes(conn.execute(sa.select(node_facts.c.value).where(node_facts.c.name == name)).scalar_one())


def deadlocks(server: MariaServer) -> int:
    """How many deadlocks the server has met."""
    return int(server.sql("SHOW GLOBAL STATUS LIKE 'Innodb_deadlocks'").split()[1])


class Meeting:
    """Where two flows wait for each other, once; whoever comes again goes on."""

    def __init__(self) -> None:
        self._came = 0
        self._both = asyncio.Event()

    def wait(self) -> None:
        """Stand still until the other has come."""
        self._came += 1
        if self._came > 1:
            self._both.set()
        sa.util.await_only(self._both.wait())


async def test_a_deadlock_is_retried(mariadb_store: Store, mariadb_server: MariaServer) -> None:
    """Of two flows that wait for each other's rows the server ends one, which starts over: both are done, once."""
    for name in "ab":
        await mariadb_store.write(add(name))
    meeting, begun, before = Meeting(), list[bytes](), deadlocks(mariadb_server)

    def flow(first: str, second: str, by: bytes) -> Callable[[Tx], None]:
        def run(tx: Tx) -> None:
            begun.append(by)
            touch(tx, first, by)
            meeting.wait()
            touch(tx, second, by)

        return run

    await asyncio.gather(*(mariadb_store.write(flow(*way)) for way in (("a", "b", b"x"), ("b", "a", b"y"))))
    assert len(begun) == 3
    assert deadlocks(mariadb_server) == before + 1
    for name in "ab":
        assert sorted(await mariadb_store.read(partial(value, name=name))) == sorted(b"xy")


async def test_waiting_too_long_is_retried(mariadb_store: Store) -> None:
    """A flow whose row is held by another for longer than the server waits starts over, and gets it in the end."""
    await mariadb_store.write(add("row"))
    holds, go, tries = asyncio.Event(), asyncio.Event(), list[int]()

    def holder(tx: Tx) -> None:
        touch(tx, "row", b"1")
        holds.set()
        sa.util.await_only(go.wait())

    def waits(tx: Tx) -> None:
        tries.append(1)
        if len(tries) > 1:
            go.set()
        tx.conn.exec_driver_sql("SET SESSION innodb_lock_wait_timeout=0")
        touch(tx, "row", b"2")

    holding = asyncio.create_task(mariadb_store.write(holder))
    await holds.wait()
    try:
        await mariadb_store.write(waits)
    finally:
        go.set()
        await holding
    assert len(tries) > 1
    assert await mariadb_store.read(lambda conn: value(conn, "row")) == b"12"


async def test_two_first_comers(mariadb_store: Store) -> None:
    """Two flows that both found no row and both add it: the second looks again, and finds the first one's."""
    meeting = Meeting()

    def flow(tx: Tx) -> str:
        if tx.conn.execute(sa.select(node_facts.c.name).where(node_facts.c.name == "first")).first():
            return "found"
        meeting.wait()
        return add("first")(tx)

    assert sorted(await asyncio.gather(mariadb_store.write(flow), mariadb_store.write(flow))) == ["first", "found"]


async def test_retries_end(mariadb_store: Store) -> None:
    """A row that is there for good is a duplicate after every try, and the caller is told."""
    tries: list[int] = []

    def flow(tx: Tx) -> None:
        tries.append(1)
        add("row")(tx)
        add("row")(tx)

    with pytest.raises(sa.exc.IntegrityError):
        await mariadb_store.write(flow)
    assert len(tries) == TRIES
    assert await kept(mariadb_store) == set()


@pytest.mark.parametrize("number", [1020, 1047, 1213, 8002, 8022, 8028, 9007])
async def test_a_race_lost_elsewhere_is_retried(mariadb_store: Store, number: int) -> None:
    """Whatever a cluster (Galera, TiDB) calls it: the flow starts over in a new transaction, and is done once."""
    tries: list[int] = []

    def flow(tx: Tx) -> None:
        tries.append(1)
        add(f"try{len(tries)}")(tx)
        if len(tries) == 1:
            tx.conn.exec_driver_sql(f"SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO={number}")

    await mariadb_store.write(flow)
    assert await kept(mariadb_store) == {"try2"}


async def test_other_errors_are_not_retried(mariadb_store: Store) -> None:
    """What another try would meet again (here: no right to write) is told at once."""
    tries: list[int] = []

    def flow(tx: Tx) -> None:
        tries.append(1)
        tx.conn.exec_driver_sql("SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO=1142")

    with pytest.raises(StorageUnavailableError):
        await mariadb_store.write(flow)
    assert tries == [1]


async def test_a_connection_lost_once(mariadb_store: Store) -> None:
    """A flow whose connection dies before it is committed starts over with a new one, and is done once."""
    tries: list[int] = []

    def flow(tx: Tx) -> None:
        tries.append(1)
        add(f"try{len(tries)}")(tx)
        if len(tries) == 1:
            tx.conn.exec_driver_sql("KILL CONNECTION_ID()")

    await mariadb_store.write(flow)
    assert await kept(mariadb_store) == {"try2"}


async def test_a_connection_lost_in_a_flow(mariadb_store: Store) -> None:
    """A flow whose connection dies every time is refused as unavailable, and keeps nothing."""

    def flow(tx: Tx) -> None:
        add("half")(tx)
        tx.conn.exec_driver_sql("KILL CONNECTION_ID()")
        add("more")(tx)

    with pytest.raises(StorageUnavailableError):
        await mariadb_store.write(flow)
    assert await mariadb_store.write(add("next")) == "next"
    assert await kept(mariadb_store) == {"next"}


async def test_idle_connections_that_died(mariadb_store: Store, mariadb_server: MariaServer) -> None:
    """Connections that the server closed while idle are replaced before anybody notices."""
    await kept(mariadb_store)
    for line in mariadb_server.sql("SELECT id FROM information_schema.processlist WHERE db = 'rex'").split():
        mariadb_server.sql(f"KILL {line}")
    assert await mariadb_store.write(add("row")) == "row"
    assert await kept(mariadb_store) == {"row"}


async def test_sessions_are_strict_and_utc(mariadb_store: Store) -> None:
    """Values that don't fit are refused rather than shortened, and the server's time zone plays no part."""
    asked = "SELECT @@time_zone, @@tx_isolation, @@innodb_lock_wait_timeout"
    assert await mariadb_store.write(lambda tx: tuple(tx.conn.exec_driver_sql(asked).one())) == (
        "+00:00",
        "READ-COMMITTED",
        5,
    )
    with pytest.raises(sa.exc.DataError):
        await mariadb_store.write(add("n" * 65))


async def test_a_frozen_server_holds_nobody_up(
    mariadb_store: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A closing store waits for its last writes for a while, and gives up those that nobody answers."""
    monkeypatch.setattr(mariadb, "FAREWELL", 0.05)
    flow = asyncio.create_task(mariadb_store.write(lambda tx: tx.conn.execute(sa.text("SELECT SLEEP(600)")).scalar()))
    await asyncio.sleep(0)
    await mariadb_store.close()
    with pytest.raises(asyncio.CancelledError):
        await flow
    assert "1 writes were given up" in caplog.text


async def test_nobody_waits_for_a_frozen_server_for_ever(
    mariadb_store: Store, mariadb_server: MariaServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It takes connections and answers nothing: reading and writing are refused, and go on once it does."""
    monkeypatch.setattr(mariadb, "PATIENCE", 0.3)
    with mariadb_server.frozen():
        for asked in (kept(mariadb_store), mariadb_store.write(add("late"))):
            with pytest.raises(StorageUnavailableError, match="hasn't answered"):
                await asked
    monkeypatch.undo()
    await mariadb_store.write(add("later"))
    assert "later" in await kept(mariadb_store)


async def test_an_empty_database_is_said_to_be_empty(mariadb_server: MariaServer) -> None:
    """Whoever has forgotten to make the schema is told what to run."""
    with pytest.raises(SchemaError, match=r"The database is empty, .* run `rex-auth-edge db upgrade`"):
        await open_current(mariadb_server.fresh(), HandClock(), SeededEntropy())
