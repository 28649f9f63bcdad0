"""After the cloud's database was put back from before: another epoch, by which hubs tell it what it has forgotten."""

from uuid import UUID

from msgspec.structs import replace

from rex_auth_edge.domain.clock import MINUTE
from rex_auth_edge.exchange.stores.cloud import NotSharedError, SqlCloud
from rex_auth_edge.flows.parts import Parts
from rex_auth_edge.storage import sync_shared
from rex_auth_edge.storage.audit import Event, record
from rex_auth_edge.storage.tx import Tx
from rex_auth_edge.sync.cloud.epochs import begin_epoch


async def begin_epochs(parts: Parts) -> int:
    """Say of every household that is shared that the cloud was restored; how many there are.

    To be called once after a restore, before hubs are let in again. Twice does no harm: hubs read everything anew.
    """
    shared = await parts.store.read(sync_shared.every)
    for tenant_id in shared:
        await parts.store.write(lambda tx, each=tenant_id: _begin(tx, each))  # type: ignore[misc]  # bound at once
    return len(shared)


def _begin(tx: Tx, tenant_id: UUID) -> None:
    """The epoch is told by the clock: two restores of one backup must not begin the same."""
    try:
        store = SqlCloud(tx, tenant_id)
    except NotSharedError:
        return
    at = store.standing().at
    begin_epoch(store, max(at.epoch + 1, tx.now.wall // MINUTE))
    store.put_standing(replace(store.standing(), durable=at))
    store.flush()
    record(tx, tenant_id, Event("cloud.restored", detail={"epoch": store.standing().at.epoch}))
