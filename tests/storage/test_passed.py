"""What is old goes by and by: a bounded number of rows in one transaction, on both engines."""

import pytest
import sqlalchemy as sa

from rex_auth_edge.domain.clock import DAY
from rex_auth_edge.flows import upkeep
from rex_auth_edge.storage.passed import drop
from rex_auth_edge.storage.store import Store
from rex_auth_edge.storage.tables import login_attempts, node_facts
from rex_auth_edge.storage.tx import Tx
from tests.doubles import HandClock


def facts(tx: Tx, count: int) -> None:
    """So many rows, and one that stays."""
    names = ["stays", *(f"old{number:03}" for number in range(count))]
    tx.conn.execute(sa.insert(node_facts), [{"name": name, "value": b"x"} for name in names])


async def test_a_bounded_number(store: Store) -> None:
    """Ten, ten, five and none of twenty-five; what isn't old is left."""
    await store.write(lambda tx: facts(tx, 25))
    old = node_facts.c.name.like("old%")
    gone = [await store.write(lambda tx: drop(tx, node_facts, old, 10)) for _ in range(4)]
    assert gone == [10, 10, 5, 0]
    kept = sa.select(node_facts.c.name).where(node_facts.c.name.in_(["stays", "node"]))
    assert len(await store.read(lambda conn: conn.execute(kept).all())) == 2


def strangers(tx: Tx, count: int) -> None:
    """Wrong passwords of accounts that don't exist."""
    blank = {each.name: None for each in login_attempts.columns}
    for number in range(count):
        key = {"tenant_id": tx.node.id, "account": number.to_bytes(32, "big"), "device_hash": bytes(32)}
        made = {
            "node_id": tx.node.id,
            "incarnation": 1,
            "attempt_count": 1,
            "permanent": False,
            "account_exists": False,
        }
        tx.conn.execute(sa.insert(login_attempts).values(blank | key | made | {"last_attempt_at": tx.now.wall}))


async def test_upkeep_in_parts(store: Store, clock: HandClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """No transaction of the hourly upkeep deletes more than its share, and it says whether there is more."""
    monkeypatch.setattr(upkeep, "MOST", 10)
    await store.write(lambda tx: strangers(tx, 25))
    clock.advance(31 * DAY)
    left, more = [], True
    while more:
        more = await store.write(upkeep._purge)
        left.append(
            await store.read(lambda conn: conn.execute(sa.select(sa.func.count()).select_from(login_attempts)).scalar())
        )
    assert left == [15, 5, 0]
