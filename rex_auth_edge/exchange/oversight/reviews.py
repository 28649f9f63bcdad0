"""Changes that were held back: shown to an owner, who writes them anew or lets them be."""

from typing import Any

from msgspec import Struct

from rex_auth_edge.domain.refusals import Code, Refused
from rex_auth_edge.exchange.oversight.notices import decided_at, is_code
from rex_auth_edge.exchange.scribe import Scribe
from rex_auth_edge.sync.house import RESTORED, House, field, revoked, role_in
from rex_auth_edge.sync.kinds import PENDING, REVOKED, Kind, is_cell, lane_of, subject_of
from rex_auth_edge.sync.outcome import Outcome
from rex_auth_edge.sync.pen import Pen
from rex_auth_edge.sync.rules.notices import DECIDED
from rex_auth_edge.sync.rules.roles import LAST_OWNER, WAITS_FOR_OWNER
from rex_auth_edge.sync.state import EMPTY, Cell, Incoming, State
from rex_auth_edge.sync.verdict import decide
from rex_auth_edge.sync.wire import WireError, unpack_state

NO_REVIEW = Refused(Code.NOT_FOUND, "There is no such change that waits")
ONLY_DISMISSED = Refused(
    Code.CANNOT_CONFIRM, "This can't be confirmed for somebody else: dismiss it, and let them do it again"
)
AT_HOME = Refused(
    Code.CANNOT_CONFIRM, "By the household's policy an owner confirms this at home: on the hub's pages or its console"
)
_LAST = Refused(Code.LAST_OWNER, "A household needs an owner")
_REFUSED = Refused(Code.CANNOT_CONFIRM, "By what holds now this can't be done; it can only be dismissed")

_NO_CODE = "unknown"


class Review(Struct, frozen=True):
    """A change to `cell` that waits for an owner. `why` is a code, `actor` who had made it, `state` what it adds.

    `at` as in `notices.decided_at`.
    """

    id: bytes
    cell: Cell
    state: State
    why: str
    actor: bytes | None
    at: int | None = None


def waiting(house: House) -> list[Review]:
    """What waits for an owner, in the order in which it was held."""
    found = [(house.state(Cell(Kind.REVIEW, subject)).rung, subject) for subject in house.subjects(Kind.REVIEW)]
    held = sorted((rung.at, subject) for rung, subject in found if rung is not None and rung.step == PENDING)
    return [review for _, subject in held if (review := review_of(house, subject)) is not None]


def review_of(house: House, subject: bytes) -> Review | None:
    """One of them; None where none waits, none that this program can read, or whom it is about is gone."""
    cell = Cell(Kind.REVIEW, subject)
    rung = house.state(cell).rung
    if rung is None or rung.step != PENDING:
        return None
    kind, about, packed, why = (field(house, cell, name) for name in ("kind", "id", "state", "why"))
    if not (isinstance(kind, str) and isinstance(about, bytes) and isinstance(packed, bytes)):
        return None
    if not is_cell(Cell(kind, about)) or revoked(house, subject_of(kind), about):
        return None
    try:
        state = unpack_state(packed)
    except WireError:
        return None
    code = why if is_code(why) else _NO_CODE
    return Review(subject, Cell(kind, about), state, code, rung.actor, decided_at(house, cell))


def confirm(scribe: Scribe, subject: bytes, owner: bytes | None) -> Cell | Refused:
    """Write the change anew, as this owner's (None: the console's); the cell that it is of."""
    review = review_of(scribe.house, subject)
    if review is None:
        return NO_REVIEW
    if review.why == RESTORED and review.state == EMPTY:  # owners have looked: there is nothing else to do
        _decide(scribe, subject, owner, "confirmed")
        return review.cell
    pen = scribe.pen()
    delta = anew(review, pen, owner)
    if delta is None:
        return ONLY_DISMISSED
    verdict = decide(Incoming(review.cell, pen.tag, pen.seen, delta, owner), scribe.house)
    if verdict.outcome is not Outcome.TAKEN:
        codes = {notice.code for notice in verdict.notices}
        return AT_HOME if WAITS_FOR_OWNER in codes else _LAST if LAST_OWNER in codes else _REFUSED
    scribe.write(review.cell, delta, owner)
    _decide(scribe, subject, owner, "confirmed")
    return review.cell


def dismiss(scribe: Scribe, subject: bytes, owner: bytes | None) -> Refused | None:
    """Let the change be."""
    if review_of(scribe.house, subject) is None:
        return NO_REVIEW
    _decide(scribe, subject, owner, "dismissed")
    return None


def _decide(scribe: Scribe, subject: bytes, owner: bytes | None, how: str) -> None:
    pen = scribe.pen()
    scribe.write(Cell(Kind.REVIEW, subject), pen.climb(REVOKED, owner, **{DECIDED: how}), owner)


def anew(review: Review, pen: Pen, owner: bytes | None) -> State | None:
    """The same change by another's hand; None where nobody can make it for its writer.

    Passwords are a person's own, and what a newer program has written this one can't vouch for. What closes doors has
    been taken already.
    """
    state = review.state
    if state.rest or state.needs or state.secret is not None or state.resets:
        return None
    values: dict[str, Any] = {name: held.value for name, held in state.fields.items()}
    if state.rung is not None:
        return pen.climb(state.rung.step, owner, **values)
    if values:
        return pen.put(**values)
    if review.cell.kind == Kind.ROLE:
        role = role_in(state)
        return None if role is None else pen.role(role.value, owner)
    lifts = not state.marks and (state.own or state.cleared != EMPTY.cleared)
    return pen.lift(lane_of(review.cell.kind)) if lifts else None
