"""What is put on record stays as it was put: nobody rewrites it, nor what has only been told again."""

from msgspec.structs import replace

from rex_auth_edge.sync.outcome import Verdict, refuse, take
from rex_auth_edge.sync.standing import House
from rex_auth_edge.sync.state import Incoming

REWRITTEN = "record_rewritten"


def decide_record(change: Incoming, house: House) -> Verdict:
    """Only what isn't there yet is taken, once; of a record that says something else nothing is, and that is told.

    So a node that comes again, after a restore or with a thief, can add to its past nothing but what goes on from it.
    """
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
