"""Writing changes that no ordinary row stands for, and bringing the rows to what comes of them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar
from uuid import UUID

from rex_auth_edge.domain.refusals import Code, Refused
from rex_auth_edge.exchange.mirror import adopt
from rex_auth_edge.exchange.scribe import Scribe
from rex_auth_edge.exchange.stores.cloud import NotSharedError, SqlCloud
from rex_auth_edge.exchange.stores.hub import NotEnrolledError, SqlHub
from rex_auth_edge.exchange.stores.scribes import CloudScribe, HubScribe
from rex_auth_edge.flows.parts import NOBODY, Parts
from rex_auth_edge.storage.tx import Tx
from rex_auth_edge.sync.hub.welcoming import seal

T = TypeVar("T")

NOT_SHARED = Refused(Code.NOT_FOUND, "There is no such thing: this household is shared with no cloud")
NOT_NOW = Refused(
    Code.BUSY, "This hub has to settle with the cloud first who it is; see `rex-auth-edge sync status`", {}, 60
)


def change_cells(tx: Tx, parts: Parts, tenant_id: UUID, act: Callable[[Scribe], T | Refused]) -> T | Refused:
    """Have `act` write in the household's name, here or in the cloud; NOT_SHARED where nobody else has it."""
    try:
        store: SqlCloud | SqlHub = (SqlCloud if parts.home == NOBODY else SqlHub)(tx, tenant_id)
    except (NotEnrolledError, NotSharedError):
        return NOT_SHARED
    if isinstance(store, SqlHub) and (store.me().restored or store.me().locked):
        return NOT_NOW
    with changing(tx, parts, store) as scribe:
        return act(scribe)


@contextmanager
def changing(tx: Tx, parts: Parts, store: SqlCloud | SqlHub) -> Iterator[Scribe]:
    """With its scribe, who writes in the household's name; at the end the rows are brought to what comes of that.

    What they come to by it, as sessions that end, is captured at the transaction's end like everything else.
    """
    scribe: Scribe
    tenant_id = store.tenant_id
    if isinstance(store, SqlCloud):
        scribe = CloudScribe(store, tx.now.wall, parts.naming(tenant_id))
    else:
        scribe = HubScribe(store)
    yield scribe
    if store.dirty and isinstance(store, SqlHub):
        seal(store)
    store.flush()
    adopt(tx, parts, tenant_id, scribe.house, tuple(store.dirty))
    tx.touched.setdefault(tenant_id, set())
