"""Two processes of the cloud role, which every test of this room shares."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from rex_auth_edge import machine
from rex_auth_edge.storage.store import Store
from tests import mariadb, redis_server
from tests.cli.consoles import Console
from tests.cloud.pair import PASSWORD, Pair, two
from tests.cloud.settings import SETTINGS
from tests.cloud.street import Street, add, sign_in, until, way
from tests.mariadb import MariaServer
from tests.redis_server import RedisServer

_CONTRACT = Path(__file__).with_name("test_contract.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Of the contract's tests with parameters the cloud runs the first example."""
    items[:] = [each for each in items if not (each.path == _CONTRACT and any(_places(each)))]


def _places(item: pytest.Item) -> tuple[int, ...]:
    """Where in their lists the test's parameters stand."""
    called = getattr(item, "callspec", None)
    return () if called is None else tuple(called.indices.values())


@pytest.fixture(scope="session")
def redis() -> Iterator[RedisServer]:
    """A real server, started for the first test that asks."""
    if not redis_server.installed():
        said = "redis-server isn't installed. On Debian: apt install redis-server"
        pytest.fail(said) if machine.environment().get("CI") == "true" else pytest.skip(said)
    with redis_server.running() as server:
        yield server


@pytest.fixture
def office(
    mariadb_store: Store,
    mariadb_server: MariaServer,
    redis: RedisServer,
    tmp_path: Path,
) -> Console:
    """The console of a deployment on an empty database, where nobody serves."""
    database = mariadb_server.url.render_as_string(hide_password=False)
    return Console(tmp_path / "none", SETTINGS | {"DATABASE_URL": database, "RATELIMIT_STORAGE_URI": redis.url})


@pytest.fixture(scope="module")
def pair(mariadb_server: MariaServer, redis: RedisServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """Two processes on one database."""
    with _two(mariadb_server, redis, tmp_path_factory.mktemp("cloud")) as made:
        yield made


@pytest.fixture(scope="package")
def street(
    mariadb_server: MariaServer, redis: RedisServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Street]:
    """The same, and a hub that has joined: Maya owns the household, Noah and Leo are adults of it.

    Shared by all tests that ask for it, in any order; each leaves Maya as she is, and the line mended.
    """
    folder = tmp_path_factory.mktemp("hub")
    folder.chmod(0o700)
    with way(tmp_path_factory.mktemp("way")) as led, ExitStack() as stack:
        # Nobody reads what they log, and a full pipe would stop them.
        more = {"REX_PUBLIC_URL": led.url, "RATE_LIMIT_ENABLED": "false", "REX_LOG_LEVEL": "error"}
        two = stack.enter_context(_two(mariadb_server, redis, tmp_path_factory.mktemp("cloud"), **more))
        led.front.target = int(two.one.url.rpartition(":")[2])
        made = Street(two, led, folder, stack)
        maya = made.claim("maya", PASSWORD)
        made.console("user", "add", "noah", "--role", "adult", typed=PASSWORD + "\n")
        assert add(made.hub, maya, "leo", "adult")
        founded = two.join(two.one, "maya@example.com", "maya")
        made.enrol(founded)
        until(lambda: sign_in(two.other, "noah", tenant=made.tenant).status_code == 200)  # the hub alone knew him
        yield made


@contextmanager
def _two(mariadb_server: MariaServer, redis: RedisServer, folder: Path, **more: str) -> Iterator[Pair]:
    """Two processes, where MariaDB is installed."""
    if not mariadb.installed():
        pytest.skip("MariaDB's server isn't installed.")
    with two(mariadb_server, redis, folder, **more) as made:
        yield made
