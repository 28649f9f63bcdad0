"""What devices want to do for the person who sits here, and may do only once they agree; and whether at all."""

from rex_auth_edge.flows.devices import agreeing
from rex_auth_edge.flows.devices.agreeing import NO_CONFIRMATION
from rex_auth_edge.web.answers import unless_refused
from rex_auth_edge.web.api.household import uuid_in
from rex_auth_edge.web.pages.answer import Answer
from rex_auth_edge.web.pages.turn import Turn

LIST = "/me/confirmations"


async def show(turn: Turn) -> Answer:
    """What waits: which device, where it stands, what it wants and from which address."""
    parts = turn.visit.desk.parts
    waiting, acted_for = await agreeing.listed(parts, turn.me), await agreeing.may_act(parts, turn.me)
    return await turn.page("confirmations.html", waiting=waiting, acted_for=acted_for)


async def decide(turn: Turn) -> Answer:
    """Agree to it, or refuse."""
    parts, me, caller = turn.visit.desk.parts, turn.me, turn.visit.caller
    confirmation_id, agreed = uuid_in(turn.named["confirmation"], NO_CONFIRMATION), turn.named["act"] == "approve"
    decided = (agreeing.approve if agreed else agreeing.deny)(parts, me, confirmation_id, caller)
    unless_refused(await decided)
    return turn.see(LIST, "confirmation-approved" if agreed else "confirmation-denied")


async def let_act(turn: Turn) -> Answer:
    """Let devices act for oneself, or not."""
    wanted = turn.typed("voice") == "on"
    unless_refused(await agreeing.let_act(turn.visit.desk.parts, turn.me, turn.visit.caller, wanted=wanted))
    return turn.see(LIST, "voice-on" if wanted else "voice-off")
