"""What a hub drops of its record when it has no room left: the oldest first, and never without saying how much."""

import hashlib

from rex_auth_edge.sync.hub.store import Entry, HubStore
from rex_auth_edge.sync.hub.writing import next_tag, write
from rex_auth_edge.sync.kinds import Kind
from rex_auth_edge.sync.order import Lane
from rex_auth_edge.sync.pen import Pen
from rex_auth_edge.sync.rules.record import record_id
from rex_auth_edge.sync.state import Cell
from rex_auth_edge.sync.wire import unpack_state

GAP = "gap"
"""The field of a record that says how many were dropped where it stands."""
_AT_ONCE = 500


def shed(store: HubStore, keep: int) -> int:
    """Drop records that the cloud hasn't got, but the latest `keep` and what is under way; how many are gone for good.

    One record of the gap is left in their place; a former gap becomes part of it.
    """
    waiting = [each for each in store.waiting(Lane.AUDIT, keep + _AT_ONCE + 1) if not each.sent]
    dropped = waiting[: max(0, min(len(waiting) - keep, _AT_ONCE))]
    count = sum(map(_lost_with, dropped))
    if len(dropped) < 2:  # noqa: PLR2004 - the gap's own record takes the room of one
        return 0
    for entry in dropped:
        store.drop_entry(entry)
    tag = next_tag(store)
    cell = Cell(Kind.AUDIT, record_id(tag.origin, hashlib.blake2b(repr(tuple(tag)).encode(), digest_size=8).digest()))
    write(store, cell, Pen(tag, store.me().whole).put(**{GAP: count}))
    return count


def _lost_with(entry: Entry) -> int:
    held = unpack_state(entry.state).fields.get(GAP)
    return held.value if held is not None and isinstance(held.value, int) else 1
