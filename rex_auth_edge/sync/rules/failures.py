"""How often somebody failed to sign in, and what of it a success forgives."""

from msgspec.structs import replace

from rex_auth_edge.sync.house import House
from rex_auth_edge.sync.outcome import Verdict, take
from rex_auth_edge.sync.state import Count, Incoming


def decide_failures(change: Incoming, house: House) -> Verdict:
    """A success forgives only failures that there are."""
    there = {(each.key, each.origin, each.incarnation): each.total for each in house.state(change.cell).counts}

    def bounded(count: Count) -> Count:
        known = max(count.total, there.get((count.key, count.origin, count.incarnation), 0))
        return replace(count, cleared=min(count.cleared, known))

    return take(change, replace(change.state, counts=tuple(map(bounded, change.state.counts))))
