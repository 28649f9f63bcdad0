"""The state machines on SQL: what holds on memory holds on both databases."""

import inspect
from collections.abc import Callable
from typing import Any

import pytest

from rex_auth_edge.storage.store import Store
from rex_auth_edge.storage.tx import Tx
from tests.exchange.stores.machines import CloudStore, HubStore
from tests.sync import test_ends, test_forgotten, test_under_way
from tests.sync.simulation import machines
from tests.sync.simulation.world import World

BY_HAND = [
    test
    for room in (test_ends, test_forgotten, test_under_way)
    for name, test in vars(room).items()
    if name.startswith("test_") and not inspect.signature(test).parameters
]


def on_sql(tx: Tx, work: Callable[[], Any]) -> Any:
    """Do it with machines that keep their rows there."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(machines.MAKE, "hub", lambda: HubStore(tx))
        patch.setitem(machines.MAKE, "cloud", lambda: CloudStore(tx))
        return work()


@pytest.mark.parametrize("test", BY_HAND, ids=lambda test: test.__name__)
async def test_what_holds_by_hand(sqlite_store: Store, test: Callable[[], None]) -> None:
    """Each end does on SQL what the tests of both ends ask of it."""
    await sqlite_store.write(lambda tx: on_sql(tx, test))


@pytest.mark.parametrize("seed", [104, 109, 150])
async def test_whatever_happens_the_rules_hold(sqlite_store: Store, seed: int) -> None:
    """Lines that fail, power cuts, restored databases; after every transaction sums and view are those of the rows."""
    await sqlite_store.write(lambda tx: on_sql(tx, lambda: World(seed).run(80)))


def both(tx: Tx, seed: int, steps: int) -> tuple[World, World]:
    """The same calm run in memory and on SQL."""
    plain = World(seed, faults=False)
    plain.run(steps)

    def again() -> World:
        run = World(seed, faults=False)
        run.run(steps)
        return run

    return plain, on_sql(tx, again)


def rows_of(world: World) -> Any:
    """What the cloud has in the end."""
    return world.cloud.store.disk.held["rows"]


@pytest.mark.parametrize("seed", [1, 2])
async def test_sql_and_memory_come_to_the_same(sqlite_store: Store, seed: int) -> None:
    """The same run ends in the same rows, to the last byte, by the same steps."""

    def run(tx: Tx) -> None:
        plain, sql = both(tx, seed, 40)
        assert sql.trace == plain.trace
        assert rows_of(sql) == rows_of(plain)

    await sqlite_store.write(run)


@pytest.mark.mariadb
async def test_mariadb_comes_to_the_same(mariadb_store: Store) -> None:
    """Likewise, in a shorter run."""

    def run(tx: Tx) -> None:
        plain, sql = both(tx, 1, 8)
        assert sql.trace == plain.trace
        assert rows_of(sql) == rows_of(plain)

    await mariadb_store.write(run)
