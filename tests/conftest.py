"""What every room's tests are handed."""

import fcntl
import gc
import os
from collections.abc import AsyncIterator, Generator, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import settings

from rex_auth_edge import machine
from rex_auth_edge.storage.columns import metadata
from rex_auth_edge.storage.open import open_store
from rex_auth_edge.storage.store import Store
from rex_auth_edge.storage.tables import node_facts
from rex_auth_edge.storage.tx import Tx
from tests import blank, mariadb
from tests.doubles import HandClock, SeededEntropy
from tests.examples import examples
from tests.hub import Household, household

pytest_plugins = ["tests.in_memory", "tests.secrets_watch", "tests.statements"]

_LONG = {"systemd", "install"}
"""Rooms whose tests boot machines."""

settings.register_profile(
    "house", deadline=None, max_examples=examples(100)
)  # no test is about time, and CI's machines are busy
settings.load_profile("house")


def pytest_configure(config: pytest.Config) -> None:
    """Name our own mark; and look for no garbage among what is imported and collected, all of which stays."""
    gc.disable()
    config.addinivalue_line(
        "markers", "mariadb: needs a MariaDB server; skipped where none is installed, but not in CI"
    )


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """At a checkout's first run one process compiles the tests, and the others wait for what it has made."""
    here = Path(__file__).parent
    if (here / "web" / "__pycache__").exists():  # the last folder's
        return (yield)
    handle = os.open(here, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        fcntl.flock(handle, fcntl.LOCK_SH)
    try:
        return (yield)
    finally:
        os.close(handle)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest goes first, so that no processor is left alone with it at the end."""
    items.sort(key=lambda item: item.path.parent.name not in _LONG)


def pytest_collection_finish() -> None:
    """From here on garbage is looked for, among what tests make."""
    gc.freeze()
    gc.enable()


@pytest.fixture
def clock() -> HandClock:
    """Time that moves only when told to."""
    return HandClock()


@pytest.fixture
def entropy() -> SeededEntropy:
    """Randomness that is the same in every run."""
    return SeededEntropy()


@pytest.fixture(params=["sqlite", pytest.param("mariadb", marks=pytest.mark.mariadb)])
def store(request: pytest.FixtureRequest) -> Store:
    """An empty database, once on each engine."""
    made: Store = request.getfixturevalue(f"{request.param}_store")
    return made


@pytest.fixture
async def sqlite_store(tmp_path: Path, clock: HandClock, entropy: SeededEntropy) -> AsyncIterator[Store]:
    """An empty SQLite database, `hub.db` in `tmp_path`."""
    blank.put(tmp_path / "hub.db")
    opened = await open_store(sa.make_url(f"sqlite:///{tmp_path}/hub.db"), tmp_path, clock, entropy)
    yield opened
    await opened.close()


@pytest.fixture
async def mariadb_store(
    mariadb_server: mariadb.MariaServer, tmp_path: Path, clock: HandClock, entropy: SeededEntropy
) -> AsyncIterator[Store]:
    """The shared MariaDB database, emptied."""
    opened = await open_store(mariadb_server.url, tmp_path, clock, entropy)
    await opened.write(_empty)
    yield opened
    await opened.close()


def _empty(tx: Tx) -> None:
    for table in metadata.sorted_tables:
        tx.conn.execute(table.delete().where(table.c.name != "node") if table is node_facts else table.delete())


@pytest.fixture(scope="session")
def mariadb_server() -> Iterator[mariadb.MariaServer]:
    """A real server, started for the first test that asks."""
    if not mariadb.installed():
        said = "MariaDB's server isn't installed. On Debian: apt install mariadb-server"
        pytest.fail(said) if machine.environment().get("CI") == "true" else pytest.skip(said)
    with mariadb.running() as server:
        yield server


@pytest.fixture
async def home(sqlite_store: Store, clock: HandClock, tmp_path: Path) -> AsyncIterator[Household]:
    """A hub as `make run` starts it."""
    made = await household(sqlite_store, clock, tmp_path / "data")
    yield made
    await made.hub.close()
