"""What doesn't depend on the machine of the figures that `make bench-sync` measures."""

import itertools
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from rex_auth_edge.exchange.stores.scribes import CloudScribe
from rex_auth_edge.storage.sync_tables import sync_sums
from rex_auth_edge.sync.cloud.keeping import made_durable
from rex_auth_edge.sync.order import Lane
from tests.benchmarks.sync_ends import AT_ONCE, KEY, Ends, Told, ids


@pytest.fixture
def ends(tmp_path: Path) -> Ends:
    """A hub and its cloud, which have met."""
    made = Ends(tmp_path)
    made.told = Told()
    return made


def test_a_change_costs_few_bytes_and_few_requests(ends: Ends) -> None:
    """At most 96 bytes with three random UUIDs in it; 500 of them in a push, and twice as many rows in a page."""
    for _ in range(3):
        ends.write(ids(3 * AT_ONCE))
    ends.push()
    assert (ends.told.changes, ends.told.requests) == (3 * AT_ONCE, 3)
    assert ends.told.pushed / ends.told.changes <= 96
    ends.pull()
    assert (ends.told.rows, ends.told.requests) == (0, 3 + 1), "what one has written oneself needn't be read"
    for _ in range(3):
        ends.write_in_cloud(ids(3 * AT_ONCE))
    ends.pull()
    assert (ends.told.rows, ends.told.requests) == (3 * AT_ONCE, 3 + 1 + 2)
    assert ends.told.pulled / ends.told.rows <= 96


def test_what_was_written_again_is_sent_once(ends: Ends) -> None:
    """A cell's waiting changes are one change."""
    cells = ids(50)
    for number in range(20):
        ends.rename(cells, f"name {number}")
    ends.push()
    assert ends.told.changes == len(cells)


def test_nothing_grows_with_what_has_gone_before(ends: Ends) -> None:
    """What has come back lies on no cell any more, and both ends agree."""
    ends.write(ids(30))
    ends.push()
    ends.pull()
    assert ends.hub(lambda store: [store.cells.slot(row.cell).laid for row in store.rows(Lane.AUDIT)]) == [None] * 10
    roots = [side(lambda store: store.tree(Lane.AUDIT).root) for side in (ends.hub, ends.cloud)]
    assert roots[0] == roots[1]


def test_a_batch_writes_one_row_of_sums(ends: Ends) -> None:
    """Ids are spread all over the digest's tree, whose sums must not cost more than the rows that they are of."""
    ends.write(ids(3 * AT_ONCE))
    ends.push()
    counted = sa.select(sa.func.count()).select_from(sync_sums)
    assert [side(lambda store: store.tx.conn.scalar(counted)) for side in (ends.hub, ends.cloud)] == [1, 1]


def test_a_page_fits_whatever_is_in_it(ends: Ends) -> None:
    """Rows that can't be compressed come in as many pages as it takes, none of them larger than a body may be."""
    ends.write_in_cloud([part for _ in range(300) for part in (*ids(1), bytes(16), b"".join(ids(64)))])
    ends.pull()
    assert ends.told.rows == 300
    assert ends.told.requests > 1


def test_no_transaction_grows_with_what_waits(ends: Ends) -> None:
    """However much has been written meanwhile on both sides: a hub has one writer, a cluster wants small ones."""
    cells = ids(4 * AT_ONCE)
    for begin in range(0, len(cells), AT_ONCE):
        ends.rename(cells[begin : begin + AT_ONCE], "before")
    ends.push()
    ends.pull(Lane.IDENTITY)
    ends.cloud(lambda store: ends.renamed(CloudScribe(store, 0, KEY), ids(1), "elsewhere"))  # so that there is no echo
    for begin in range(0, len(cells), AT_ONCE):
        ends.rename(cells[begin : begin + AT_ONCE], "after")
    ends.push()
    ends.pull(Lane.IDENTITY)
    lying = ends.hub(lambda store: [entry for entry in store.entries() if not entry.passed])
    assert lying == []
    ends.cloud(lambda store: made_durable(store, store.standing().at))
    ends.rename(cells[:1], "once more")
    ends.push()
    assert ends.hub(lambda store: len(store.entries())) <= 1
    assert ends.on_hub.most <= 2 * (AT_ONCE + 20), "cells and the digest's branches"
    assert ends.in_cloud.most <= 2 * (AT_ONCE + 20)


def test_a_change_costs_no_more_after_many(ends: Ends) -> None:
    """A cloud whose operator never says that anything is durable: what a hub keeps meanwhile isn't read each time."""
    few, many = _steps(ends, after=10), _steps(ends, after=100)
    assert many < few * 1.2


def _steps(ends: Ends, *, after: int) -> int:
    """SQLite's at both ends, in tens, for a change of the hub's until the cloud has it; after so many others."""
    for _ in range(after):
        ends.write(ids(3))
        ends.push()
    drivers: list[Any] = [each.conn.connection.driver_connection for each in (ends.on_hub, ends.in_cloud)]
    steps = itertools.count()
    for driver in drivers:
        driver.set_progress_handler(lambda: next(steps) < 0, 10)
    ends.write(ids(3))
    ends.push()
    for driver in drivers:
        driver.set_progress_handler(None, 10)
    return next(steps)
