"""What the cloud shows to owners and tells people: reviews and notices, as cells."""

from typing import Any

from rex_auth_edge.sync.cloud import aftermath, alerts
from rex_auth_edge.sync.kinds import PENDING
from rex_auth_edge.sync.outcome import Notice, Verdict
from rex_auth_edge.sync.pen import Pen
from rex_auth_edge.sync.rules.keys import NOT_ITS_OWN
from rex_auth_edge.sync.rules.notices import ASKED_BY, BY_HUB, DECIDED_AT, WHAT
from rex_auth_edge.sync.rules.record import REWRITTEN
from rex_auth_edge.sync.state import Incoming, State
from rex_auth_edge.sync.wire import pack_state

_OF_HUBS = frozenset({
    *(alerts.ADDRESS, alerts.PASSWORD, alerts.SHARED, alerts.OWNER, alerts.UNSEATED, alerts.HUB, alerts.OUTGROWN),
    *(NOT_ITS_OWN, REWRITTEN),
    *aftermath.CODES,
})  # fmt: skip
"""Codes of what a hub has done that may not be its household's any more."""


def review(change: Incoming, verdict: Verdict, pen: Pen, now: int) -> State:
    """What of the change was held back, for an owner to decide on."""
    about = {"kind": change.cell.kind, "id": change.cell.id, "state": pack_state(verdict.review)}
    why = verdict.notices[-1].code if verdict.notices else ""
    fields: dict[str, Any] = {**about, ASKED_BY: change.tag.origin, DECIDED_AT: now, "why": why}
    return pen.climb(PENDING, change.actor, **fields)


def notice(what: Notice, origin: bytes, pen: Pen, now: int) -> State:
    """What is told of a change by `origin`."""
    fields: dict[str, Any] = {"about": what.about, "code": what.code, DECIDED_AT: now}
    if what.what:
        fields[WHAT] = list(what.what)
    if what.code in _OF_HUBS:
        fields[BY_HUB] = origin
    return pen.climb(**fields)
