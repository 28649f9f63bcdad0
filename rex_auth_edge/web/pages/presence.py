"""Recovery by the hub's label: the page for whoever stands at the hub, and the button that stops it."""

from urllib.parse import quote

from rex_auth_edge.domain.clock import SECOND
from rex_auth_edge.flows.household import presence
from rex_auth_edge.web import limited
from rex_auth_edge.web.answers import unless_refused
from rex_auth_edge.web.pages.answer import Answer
from rex_auth_edge.web.pages.turn import Turn

_BEGUN, _PATH = "rex_recovery", "/recover"


async def show(turn: Turn) -> Answer:
    """Both forms; where this browser has begun a recovery, its code, to be written down."""
    household = turn.form.get("tenant") or turn.query.get("household", "")
    begun = turn.aside(_BEGUN)
    return await turn.page("recover.html", household=household, begun=begun, on_lan=turn.visit.caller.on_lan)


async def start(turn: Turn) -> Answer:
    """Begin one."""
    begun = await limited.start_recovery(turn.visit, turn.typed("label_secret"), turn.typed("tenant"))
    life = (presence.DELAY + presence.WINDOW) // SECOND
    turn.put_aside(_BEGUN, {"code": begun.code, "due_at": begun.due_at}, life, _PATH)
    return turn.see(_PATH)


async def finish(turn: Turn) -> Answer:
    """On to the new password."""
    asked = (turn.typed("label_secret"), turn.typed("recovery_code"), turn.typed("username"), turn.typed("tenant"))
    granted = await limited.finish_recovery(turn.visit, *asked)
    turn.keep(_BEGUN, "", 0, _PATH)
    return turn.see(f"/reset-password?token={quote(granted.token)}")


async def veto(turn: Turn) -> Answer:
    """Stop what is under way."""
    unless_refused(await presence.veto(turn.visit.desk.parts, turn.actor))
    return turn.see("/house", "recovery-stopped")
