"""Who was deleted long ago is forgotten where nothing can bring them back any more: by the cloud, once an hour."""

from uuid import UUID

from rex_auth_edge.domain.clock import MINUTE
from rex_auth_edge.exchange.stores.cloud import NotSharedError, SqlCloud
from rex_auth_edge.exchange.stores.graves import with_dead
from rex_auth_edge.flows.parts import Parts
from rex_auth_edge.storage import leases
from rex_auth_edge.storage.tx import Tx
from rex_auth_edge.sync.cloud.keeping import TOMBSTONE_LIFE, bury

_TURN = 55 * MINUTE
"""Milliseconds for which the process that does it keeps the others from it."""
AT_ONCE = 100
"""Whom one transaction forgets: each is of some ten rows, and every node of a cluster makes them one change."""


async def forget_in_turn(parts: Parts) -> None:
    """Of every household, `AT_ONCE` in a transaction; of several processes one does it, an hour."""
    if await parts.store.write(lambda tx: leases.take(tx, "forgetting", _TURN)):
        by = parts.clock.now().floor - TOMBSTONE_LIFE
        for tenant_id in await parts.store.read(lambda conn: with_dead(conn, by)):
            while await parts.store.write(lambda tx, each=tenant_id: _forget(tx, each)) == AT_ONCE:  # type: ignore[misc]
                pass


def _forget(tx: Tx, tenant_id: UUID) -> int:
    try:
        store = SqlCloud(tx, tenant_id)
    except NotSharedError:
        return 0
    done = bury(store, tx.now.floor, AT_ONCE)
    store.flush()
    return done
