"""Guests' passes: for the household, and for the guest who looks at one."""

import io
import re

from rex_auth_edge.domain.clock import MINUTE, SECOND
from rex_auth_edge.domain.passes import LONGEST
from rex_auth_edge.domain.refusals import Code, RefusedError
from rex_auth_edge.domain.roles import Act
from rex_auth_edge.flows.household import passes
from rex_auth_edge.web import limited
from rex_auth_edge.web.answers import unless_refused
from rex_auth_edge.web.api.household import uuid_in
from rex_auth_edge.web.pages.answer import Answer
from rex_auth_edge.web.pages.faults import NOTHING_HERE
from rex_auth_edge.web.pages.handed import Handed, hand
from rex_auth_edge.web.pages.turn import Turn
from rex_auth_edge.web.problems import status_of

STARTS = (("", "Now"), ("1h", "In 1 hour"), ("6h", "In 6 hours"), ("1d", "In a day"), ("7d", "In a week"))
ENDS = (("1h", "1 hour"), ("4h", "4 hours"), ("8h", "8 hours"), ("1d", "1 day"), ("3d", "3 days"), ("7d", "7 days"))
_SECRET, _PATH = "rex_pass", "/pass"
_SECRET_TEXT = re.compile(r"[\w-]{1,400}=*", re.ASCII)


async def show_passes(turn: Turn) -> Answer:
    """The household's passes and what became of them."""
    parts = turn.visit.desk.parts
    rows = unless_refused(await passes.listed(parts, turn.actor))
    now = parts.clock.now()
    return await turn.page("passes.html", rows=[(row, passes.status(row, now)) for row in rows])


async def show_new(turn: Turn) -> Answer:
    """The form for another."""
    await turn.ready(Act.MAKE_PASS)
    return await turn.page("pass_new.html", starts=STARTS, ends=ENDS)


async def create(turn: Turn) -> Answer:
    """Make it, and show the link and its QR code."""
    scopes = tuple((turn.typed("scopes") or "").split())
    wanted = passes.Wanted(turn.typed("name"), scopes, turn.typed("starts"), turn.typed("ends"))
    made = unless_refused(await passes.create(turn.visit.desk.parts, turn.actor, wanted))
    return hand(turn, Handed("pass", made.shown.name, link=made.link, until=made.shown.ends_at))


async def show_revoke(turn: Turn) -> Answer:
    """The question whether to revoke one."""
    await turn.ready(Act.END_PASS)
    return await turn.page(
        "question.html",
        question="Revoke this pass?",
        consequence="It opens nothing any more. Locks and cameras learn it within 15 minutes where they reach the hub.",
        button="Revoke",
        harmful=True,
        back="/house/passes",
    )


async def revoke(turn: Turn) -> Answer:
    """End it."""
    name = uuid_in(turn.named["pass"], passes.NO_PASS)
    unless_refused(await passes.revoke(turn.visit.desk.parts, turn.actor, name))
    return turn.see("/house/passes", "pass-revoked")


# -------------------------------------------------------------------- for the guest


async def show(turn: Turn) -> Answer:
    """The guest's pass. A link's secret moves to a cookie, so that it stays in no history and no referrer."""
    if "secret" in turn.query:
        secret = turn.query["secret"]
        turn.keep(_SECRET, secret if _SECRET_TEXT.fullmatch(secret) else "none", LONGEST * 2 // SECOND, _PATH)
        return turn.see(_PATH)
    try:
        shown = await limited.look_at_pass(turn.visit, turn.visit.cookie(_SECRET))
    except RefusedError as error:
        if error.refused.code is not Code.INVALID_GRANT:
            raise
        dead = await turn.page("pass_dead.html")
        dead.status = status_of(error.refused)
        return dead
    good_until = turn.visit.desk.parts.clock.now().wall + shown.seconds * SECOND
    more = shown.ends_at - good_until > MINUTE
    return await turn.page("pass.html", shown=shown, good_until=good_until, more=more)


async def qr(turn: Turn) -> Answer:
    """Its token as a QR code, for a door's camera."""
    import segno  # noqa: PLC0415 - only where one is drawn

    shown = await limited.look_at_pass(turn.visit, turn.visit.cookie(_SECRET))
    if shown.token is None:
        raise RefusedError(NOTHING_HERE)
    drawn = io.BytesIO()
    code = segno.make(shown.token, micro=False, error="l")
    code.save(drawn, kind="svg", light="#fff", border=3, omitsize=True, xmldecl=False)
    return Answer(drawn.getvalue(), kind="image/svg+xml")
