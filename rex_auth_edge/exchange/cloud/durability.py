"""What the cloud can't lose any more, as its operator says: hubs keep their own changes until then."""

from collections.abc import Iterable
from uuid import UUID

from rex_auth_edge.exchange.stores.cloud import NotSharedError, SqlCloud
from rex_auth_edge.flows.parts import Parts
from rex_auth_edge.storage import sync_shared
from rex_auth_edge.storage.tx import Tx
from rex_auth_edge.sync.cloud.keeping import made_durable
from rex_auth_edge.sync.order import START, Position


async def mark(parts: Parts) -> list[tuple[UUID, Position]]:
    """How far the order of every shared household goes: to be taken before a backup begins."""
    shared = await parts.store.read(sync_shared.every)
    return [(tenant_id, await parts.store.write(lambda tx, each=tenant_id: _at(tx, each))) for tenant_id in shared]  # type: ignore[misc]  # bound at once


def _at(tx: Tx, tenant_id: UUID) -> Position:
    try:
        return SqlCloud(tx, tenant_id).standing().at
    except NotSharedError:
        return START


async def durable(parts: Parts, marks: Iterable[tuple[UUID, tuple[int, int]]]) -> int:
    """The backup that was begun after these marks is verified, or on a second replica; how many households it is of.

    A mark of before the latest restore, or one that lies ahead of the order, says nothing.
    """
    return sum([await parts.store.write(lambda tx, each=each: _durable(tx, *each)) for each in marks])  # type: ignore[misc]


def _durable(tx: Tx, tenant_id: UUID, place: tuple[int, int]) -> bool:
    try:
        store = SqlCloud(tx, tenant_id)
    except NotSharedError:
        return False
    at, standing = Position(*place), store.standing()
    if at > standing.at or at.epoch != standing.at.epoch:
        return False
    made_durable(store, at)
    store.flush()
    return True
