"""The keys that sign this hub's tokens: other nodes have their public halves, to check tokens that it has issued.

The cloud's own are in no household: what it signs is good in the cloud alone.
"""

from collections.abc import Iterator

from rex_auth_edge.exchange.mirror.side import Side, Wish
from rex_auth_edge.flows.parts import NOBODY
from rex_auth_edge.keys import public_keys
from rex_auth_edge.storage import keys as rows
from rex_auth_edge.sync.kinds import ACTIVE, REVOKED, Kind
from rex_auth_edge.sync.rules.keys import ALGORITHM, KID, PUBLIC, key_cell
from rex_auth_edge.sync.state import Cell


def wishes(side: Side) -> Iterator[Wish]:
    """Keys that others don't know of yet, also those to come; and those that are gone here. Revoked stays revoked."""
    if side.parts.home == NOBODY:
        return
    node = side.parts.store.node.id.bytes
    mine = {key_cell(node, row.kid): row for row in rows.every(side.conn)}
    for cell, row in mine.items():
        if side.house.state(cell).rung is None:
            fields = {KID: row.kid, ALGORITHM: row.algorithm, PUBLIC: public_keys.written(row.public_pem)}
            yield Wish(cell, lambda pen, fields=fields: pen.climb(ACTIVE, **fields))  # type: ignore[misc]  # bound at once
    for subject in list(side.house.subjects(Kind.KEY)):
        cell = Cell(Kind.KEY, subject)
        rung = side.house.state(cell).rung
        if cell not in mine and rung is not None and rung.step == ACTIVE and rung.by.origin == node:
            yield Wish(cell, lambda pen: pen.climb(REVOKED))
