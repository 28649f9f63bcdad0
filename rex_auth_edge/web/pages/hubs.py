"""In the cloud, a household's hubs: one is let in by a code that is typed there, and removed here."""

from rex_auth_edge.domain.refusals import Code, Refused, RefusedError
from rex_auth_edge.domain.roles import Act
from rex_auth_edge.exchange.cloud import claims, hubs
from rex_auth_edge.exchange.cloud.hubs import NO_HUB
from rex_auth_edge.flows.parts import NOBODY
from rex_auth_edge.web.answers import unless_refused
from rex_auth_edge.web.api.household import uuid_in
from rex_auth_edge.web.pages.answer import Answer
from rex_auth_edge.web.pages.faults import NOTHING_HERE
from rex_auth_edge.web.pages.handed import Handed, hand
from rex_auth_edge.web.pages.turn import Turn

STATES = {
    "active": "let in",
    "removed": "removed",
    "locked": "there are two of it",
    "outdated": "its program is too old",
    "ahead": "its program is too new",
}
"""What hubs' states are called."""
_HOW = Refused(Code.MISSING_FIELD, "Say what has become of the hub", {"how": "required"})


def in_cloud(turn: Turn) -> bool:
    """Whether hubs are let in and removed here."""
    return turn.visit.desk.parts.home == NOBODY


async def _ready(turn: Turn, act: Act) -> None:
    if not in_cloud(turn):
        raise RefusedError(NOTHING_HERE)
    await turn.ready(act)


async def show_claim(turn: Turn) -> Answer:
    """The question whether to let one in."""
    await _ready(turn, Act.ADD_HUB)
    return await turn.page(
        "question.html",
        question="Let a hub in?",
        consequence="You get a code, good for one hub and for 15 minutes. With it that hub's household becomes one "
        "with this: its people can sign in here, and yours there. Whoever has the code can do that with a hub of their "
        "own: type it yourself, or give it to nobody whom you wouldn't make an owner.",
        button="Show the code",
        harmful=False,
        back="/house/sync",
    )


async def claim(turn: Turn) -> Answer:
    """Make a code, and show it."""
    await _ready(turn, Act.ADD_HUB)
    parts = turn.visit.desk.parts
    made = unless_refused(await claims.make(parts, turn.actor))
    return hand(turn, Handed("hub", "the hub", made.code, parts.url, made.expires_at))


async def show_removal(turn: Turn) -> Answer:
    """The form to remove one."""
    await _ready(turn, Act.REMOVE_HUB)
    wanted = uuid_in(turn.named["hub"], NO_HUB)
    found = unless_refused(await hubs.listed(turn.visit.desk.parts, turn.actor))
    hub = next((each for each in found if each.id == wanted), None)
    if hub is None:
        raise RefusedError(NO_HUB)
    return await turn.page("hub_remove.html", hub=hub)


async def remove(turn: Turn) -> Answer:
    """Remove it; of a stolen one, what it has let in as well."""
    await _ready(turn, Act.REMOVE_HUB)
    how, hub_id = turn.typed("how"), uuid_in(turn.named["hub"], NO_HUB)
    if how not in {"gone", "stolen"}:
        raise RefusedError(_HOW)
    stolen, since = how == "stolen", turn.typed("since") or ""
    unless_refused(await hubs.remove(turn.visit.desk.parts, turn.actor, hub_id, stolen=stolen, since=since))
    return turn.see("/house/sync", "hub-stolen" if stolen else "hub-removed")
