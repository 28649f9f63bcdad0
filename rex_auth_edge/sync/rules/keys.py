"""The keys that sign hubs' tokens: each hub tells the household's other nodes of its own, and of nobody else's."""

import hashlib

from rex_auth_edge.sync.house import House, field, revoked
from rex_auth_edge.sync.kinds import ACTIVE, REVOKED, Kind
from rex_auth_edge.sync.outcome import Verdict, refuse, take
from rex_auth_edge.sync.state import Cell, Incoming

NOT_ITS_OWN = "key_of_another"
KID, ALGORITHM, PUBLIC = "kid", "alg", "public"
_LONGEST = 64
"""Characters of a key's name; a thumbprint (RFC 7638) has 43."""


def key_cell(node: bytes, kid: str) -> Cell:
    """The cell of a node's key, which no other node can open, and no other key of its own can take."""
    return Cell(Kind.KEY, hashlib.blake2b(node + kid.encode(), digest_size=16).digest())


def decide_key(change: Incoming, house: House) -> Verdict:  # noqa: ARG001 - a rule's signature
    """A key is told of by the node whose it is. To revoke it is anybody's."""
    state, kid = change.state, change.state.fields.get(KID)
    if not state.fields and (state.rung is None or state.rung.step >= REVOKED):
        return take(change)
    named = kid is not None and isinstance(kid.value, str) and len(kid.value) <= _LONGEST
    if kid is None or not named or change.cell != key_cell(change.tag.origin, kid.value):
        return refuse(change, NOT_ITS_OWN)
    return take(change)


def key_of(house: House, node: bytes, kid: str) -> tuple[object, object] | None:
    """Algorithm and public half of a hub's key, as they were told; None where it, or its hub, isn't let in."""
    cell = key_cell(node, kid)
    rung = house.state(cell).rung
    if rung is None or rung.step != ACTIVE or rung.by.origin != node or revoked(house, Kind.HUB, node):
        return None
    return field(house, cell, ALGORITHM), field(house, cell, PUBLIC)
