"""What a hub tells that has seen nothing yet, as one that has just joined: it takes back nothing that is there.

Somebody who was known to both, under names of their own, goes by those of the cloud.
"""

from msgspec.structs import replace

from rex_auth_edge.sync.house import House
from rex_auth_edge.sync.order import START, Lane
from rex_auth_edge.sync.outcome import Outcome, Verdict, take
from rex_auth_edge.sync.state import Incoming


def is_there(change: Incoming, house: House, name: str) -> bool:
    """Whether another node has filled in this field otherwise, of which the writer had seen nothing."""
    there, told = (state.fields.get(name) for state in (house.state(change.cell), change.state))
    if change.seen[Lane.IDENTITY] != START or there is None or told is None or there.value in (None, ""):
        return False
    return there.by.origin != change.tag.origin and there.value != told.value


def decide_profile(change: Incoming, house: House) -> Verdict:
    """Field by field."""
    fields = {name: held for name, held in change.state.fields.items() if not is_there(change, house, name)}
    if change.state.fields and not fields:
        return Verdict(Outcome.REFUSED)
    return take(change, replace(change.state, fields=fields))
