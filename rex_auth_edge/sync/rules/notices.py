"""What people are told, and what waits for an owner: a hub may say that it was looked at, and change nothing in it.

Whoever holds a hub's key would else have an owner confirm something that they never saw, or nobody hear what he did.
"""

from msgspec.structs import replace

from rex_auth_edge.sync.house import House, field
from rex_auth_edge.sync.outcome import Outcome, Verdict, take
from rex_auth_edge.sync.state import Incoming

BY_HUB = "by_hub"
"""The field of a notice with the hub of which it tells, and which has no say in it."""
ASKED_BY = "asked_by"
"""The field of a review with the node whose change it is that waits."""
WHAT = "what"
"""The field of a notice with the parts that it is about, a word each."""
DECIDED_AT = "decided_at"
"""When it was, by the cloud's clock in milliseconds since 1970: for people alone, no rule looks at it."""
READ, DECIDED = "read", "decided"
"""Fields of a notice that its person has seen, and of a review on which an owner has decided."""


def decide_notice(change: Incoming, house: House) -> Verdict:
    """One's own is taken as it is, once; of another's that somebody has seen it. Of what isn't there nobody has."""
    there = house.state(change.cell)
    if there.rung is None:
        return Verdict(Outcome.REFUSED) if change.state.rung is None else take(change)
    if field(house, change.cell, BY_HUB) == change.tag.origin:
        return Verdict(Outcome.REFUSED)
    seen = {name: held for name, held in change.state.fields.items() if name in {READ, DECIDED}}
    return take(change, replace(change.state, fields=seen))
