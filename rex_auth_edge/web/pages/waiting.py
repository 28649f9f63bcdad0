"""What waits for somebody's word at present, as the pages mention it."""

from dataclasses import dataclass, field

from rex_auth_edge.domain.refusals import Refused
from rex_auth_edge.domain.roles import Act
from rex_auth_edge.exchange.oversight import deciding as syncing
from rex_auth_edge.flows.devices import deciding
from rex_auth_edge.flows.devices.window import Window, seen
from rex_auth_edge.flows.household import children, handing, house
from rex_auth_edge.web.answers import unless_refused
from rex_auth_edge.web.pages.turn import Turn


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many people wait for a code, devices and children to be let in; and the window in which devices may ask."""

    codes: int = 0
    asks: int = 0
    window: Window = field(default_factory=Window)
    children: int = 0
    reviews: int = 0


async def waiting(turn: Turn) -> Waiting:
    """What this person may decide on.

    A session that has yet to prove itself in this boot sees nothing of it, and is asked when it wants to.
    """
    parts, actor = turn.visit.desk.parts, turn.actor
    may = unless_refused(await house.read(parts, turn.me)).may
    codes = await handing.waiting(parts, actor) if Act.CODES in may else []
    asks = await deciding.listed(parts, actor) if Act.ASKS in may else []
    window = await seen(parts, actor) if Act.ASKS in may else Window()
    matters = await syncing.matters(parts, actor) if Act.SYNC in may else None
    young = await children.waiting(parts, actor) if Act.CHILDREN in may else []
    if isinstance(codes, Refused) or isinstance(asks, Refused) or isinstance(window, Refused):
        return Waiting()
    held = 0 if matters is None or isinstance(matters, Refused) else len(matters.held)
    return Waiting(len(codes), len(asks), window, 0 if isinstance(young, Refused) else len(young), held)
