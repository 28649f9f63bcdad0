"""What is put on record stays as it was put: nobody rewrites it, nor takes the place of what another node will put."""

import hashlib
from functools import lru_cache

from msgspec.structs import replace

from rex_auth_edge.sync.house import House
from rex_auth_edge.sync.outcome import Verdict, refuse, take
from rex_auth_edge.sync.state import Incoming

REWRITTEN = "record_rewritten"
_MARK = 8
"""Bytes of a record's id that say whose it is: a hub chooses its own id, and would have to try 2^64 for another's."""


def record_id(node: bytes, rest: bytes) -> bytes:
    """The id of a record of that node's; `rest` are the 8 bytes that tell it from the node's others."""
    return _mark_of(node) + rest


@lru_cache(1024)
def _mark_of(node: bytes) -> bytes:
    return hashlib.blake2b(node, digest_size=_MARK).digest()


def decide_record(change: Incoming, house: House) -> Verdict:
    """Only what isn't there yet is taken, once; of a record that says something else nothing is, and that is told.

    So a node that comes again, after a restore or with a thief, can add to its past nothing but what goes on from it.
    Nor does it take the place of another's record that is still to come.
    """
    if change.cell.id[:_MARK] != _mark_of(change.tag.origin):
        return refuse(change, REWRITTEN)
    there = house.state(change.cell).fields
    if not there:
        return take(change)
    again = {name: held for name, held in change.state.fields.items() if name in there}
    if not again:
        return take(change)
    if any(there[name].value != held.value for name, held in again.items()):
        return refuse(change, REWRITTEN)
    fresh = {name: held for name, held in change.state.fields.items() if name not in there}
    return take(change, replace(change.state, fields=fresh))
