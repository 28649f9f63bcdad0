"""Synchronisation in numbers, as Prometheus reads them."""

from dataclasses import replace

from prometheus_client import generate_latest

from rex_auth_edge.appliance import measure
from rex_auth_edge.domain.clock import HOUR
from rex_auth_edge.exchange.oversight.measures import Measures, measured
from rex_auth_edge.exchange.oversight.status import Status
from rex_auth_edge.exchange.stores.hub import SqlHub
from rex_auth_edge.metrics import Metrics
from rex_auth_edge.storage.tx import Tx
from rex_auth_edge.sync.kinds import HOUSEHOLD, Kind
from rex_auth_edge.sync.state import Cell
from tests.exchange.conftest import Street
from tests.exchange.people import joined

NOON = 1_795_953_720_000


def test_the_worst_household_counts() -> None:
    """Times are of the one that is furthest behind, counts of all together; who isn't enrolled doesn't count."""
    one = Status(enrolled=True, waiting=(1, 2, 0, 0), reached_at=NOON - HOUR, agreed_at=NOON, reviews=1, repairs=2)
    other = Status(enrolled=True, waiting=(0, 1, 0, 4), reached_at=NOON, trouble="busy", conflicts=3)
    found = measured([one, Status(enrolled=False, waiting=(9, 9, 9, 9)), other], NOON)
    waiting = {"security": 1, "identity": 3, "sessions": 0, "audit": 4}
    assert found == Measures(waiting, 3600.0, NOON / 1000, troubled=1, reviews=1, conflicts=3, repairs=2)
    assert measured([], NOON).lag == 0


async def test_what_prometheus_reads(street: Street) -> None:
    """Of a hub that has just met the cloud; an hour after, of one that hasn't since."""
    hub = await joined(street)
    metrics = Metrics()
    assert b"rex_sync" not in generate_latest(metrics.registry), "nothing is said to be well that nobody has looked at"
    whole = replace(hub.home.hub, sync=hub.sync)
    await hub.meet()
    await measure(whole, metrics)
    read = generate_latest(metrics.registry).decode().splitlines()
    assert 'rex_sync_waiting_changes{lane="security"} 0.0' in read
    assert {"rex_sync_lag_seconds 0.0", "rex_sync_repairs 0.0", "rex_sync_troubled_households 0.0"} <= set(read)
    street.clock.advance(HOUR)
    hub.line.cut = True
    await hub.meet()
    await measure(whole, metrics)
    read = generate_latest(metrics.registry).decode().splitlines()
    assert {"rex_sync_lag_seconds 3600.0", "rex_sync_troubled_households 1.0"} <= set(read)
    assert await hub.sync.forget(hub.tenant) is None
    await measure(whole, metrics)
    assert b"rex_sync" not in generate_latest(metrics.registry)
    cloud = Metrics()
    await measure(street.cloud.home.hub, cloud)
    assert b"rex_sync" not in generate_latest(cloud.registry)


async def test_what_was_mended_is_counted(street: Street) -> None:
    """A row of the cloud's that a hub has lost comes back, and is counted, once."""
    hub = await joined(street)

    def lose(tx: Tx) -> None:
        store = SqlHub(tx, hub.tenant)
        store.drop_row(Cell(Kind.POLICY, HOUSEHOLD))
        store.flush()

    await hub.home.store.write(lose)
    await hub.sync.verify(hub.tenant)
    assert [(await hub.meet()).repairs for _ in range(2)] == [1, 1]
