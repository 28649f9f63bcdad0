"""All that a household's rows say, written as changes in one go: what a node does some rows at a time."""

from uuid import UUID

from rex_auth_edge.exchange.mirror import capture, recapture
from rex_auth_edge.exchange.mirror.recapturing import listed, people_of
from rex_auth_edge.exchange.scribe import Scribe
from rex_auth_edge.flows.parts import Parts
from rex_auth_edge.storage.tx import Touch, Tx, What
from rex_auth_edge.sync.state import Cell


def capture_all(tx: Tx, parts: Parts, scribe: Scribe, tenant_id: UUID) -> set[Cell]:
    """Write it; which cells those are."""
    people = recapture(tx, parts, scribe, tenant_id, people_of(tx.conn, tenant_id))
    rest = recapture(tx, parts, scribe, tenant_id, listed(tx.conn, parts, tenant_id, scribe.house, scribe.node))
    return people | rest | capture(tx, parts, scribe, tenant_id, {Touch(What.AUDIT, tx.node.id)})
