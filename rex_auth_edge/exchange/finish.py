"""The end of a transaction that has touched a shared household: what it did becomes changes, before it is committed."""

from functools import partial
from uuid import UUID

from rex_auth_edge.exchange.mirror import adopt, capture
from rex_auth_edge.exchange.scribe import Scribe
from rex_auth_edge.exchange.stores.cloud import NotSharedError, SqlCloud
from rex_auth_edge.exchange.stores.hub import NotEnrolledError, SqlHub
from rex_auth_edge.exchange.stores.scribes import CloudScribe, HubScribe
from rex_auth_edge.exchange.waking import Waking
from rex_auth_edge.flows.parts import Parts
from rex_auth_edge.storage.tx import Touch, Tx
from rex_auth_edge.sync.hub.welcoming import seal


class Finish:
    """What a store calls at the end of each flow that has touched something; households that aren't shared cost a look.

    Where a rule decides otherwise than the flow did, as about a name that somebody else has by now, the rows follow it.
    """

    def __init__(self, parts: Parts, waking: Waking, *, cloud: bool) -> None:
        self._parts = parts
        self._waking = waking
        self._of = self._in_cloud if cloud else self._on_hub

    def __call__(self, tx: Tx) -> None:
        """Write down what the transaction has done to each household."""
        while tx.touched:
            tenant_id, touched = tx.touched.popitem()
            self._of(tx, tenant_id, touched)

    def _on_hub(self, tx: Tx, tenant_id: UUID, touched: set[Touch]) -> None:
        """A hub that isn't itself, restored or in two places, writes nothing: all is compared once it is again."""
        try:
            store = SqlHub(tx, tenant_id)
        except NotEnrolledError:
            return
        if store.me().silent:
            return
        self._carry(tx, store, HubScribe(store), touched)
        if store.dirty:
            seal(store)
        store.flush()

    def _in_cloud(self, tx: Tx, tenant_id: UUID, touched: set[Touch]) -> None:
        try:
            store = SqlCloud(tx, tenant_id)
        except NotSharedError:
            return
        self._carry(tx, store, CloudScribe(store, tx.now.wall, self._parts.naming(tenant_id)), touched)
        store.flush()

    def _carry(self, tx: Tx, store: SqlHub | SqlCloud, scribe: Scribe, touched: set[Touch]) -> None:
        """Until nothing is left: what the rules decide may end sessions here, which are changes in their turn.

        Nothing of which rows tell is touched where a flow has written cells itself.
        """
        tenant_id, written = store.tenant_id, not touched
        while touched:
            told = capture(tx, self._parts, scribe, tenant_id, touched)
            store.flush()
            adopt(tx, self._parts, tenant_id, scribe.house, told | store.dirty)  # refused, too, it is put right
            touched = tx.touched.pop(tenant_id, set())
        if store.dirty or written:
            tx.after_commit.append(partial(self._waking.moved, tenant_id))
