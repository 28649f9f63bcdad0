"""What happened to an account, as a person reads it."""

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from rex_auth_edge.flows.profile import PAGE
from rex_auth_edge.web.api.account import checked_page
from rex_auth_edge.web.pages.answer import Answer
from rex_auth_edge.web.pages.turn import Turn

_SAID = {
    "ban": "Sign-in closed after wrong passwords",
    "confirmation.approve": "Agreed to what a device asked for",
    "confirmation.ask": "A device asked to confirm something",
    "confirmation.deny": "Refused what a device asked for",
    "confirmation.redeem": "A device did what was agreed to",
    "device.act": "A device acted on being told to",
    "household.claim": "Claimed the household",
    "login": "Signed in",
    "logout": "Signed out",
    "logout.all": "Signed out everywhere",
    "logout.others": "Signed out of all other devices",
    "members.add": "Added to the household",
    "members.disable": "Disabled",
    "members.enable": "Enabled again",
    "members.pardon": "Ban lifted",
    "members.remove": "Removed from the household",
    "members.reset": "Password reset started by an owner",
    "members.role": "Role changed",
    "members.sign_out": "Signed out by an owner",
    "password.change": "Password changed",
    "password.forgot": "Link for a new password asked for",
    "password.reset": "New password set by a link",
    "picture.change": "Picture changed",
    "picture.remove": "Picture removed",
    "profile.change": "Profile changed",
    "profile.voice": "Whether devices may act changed",
    "reauthenticate": "Password confirmed",
    "refresh": "Stayed signed in",
    "session.end": "A device signed out",
    "verify": "Joined the household",
}


def number(turn: Turn) -> int:
    """The page of the list that is asked for. Raises RefusedError where there can be none of that number."""
    text = turn.query.get("page", "1")
    return checked_page(int(text) if text.isdecimal() and len(text) < 9 else 0)  # noqa: PLR2004 - far beyond the last


async def page(turn: Turn, rows: Sequence[Any], count: int, member: Any) -> Answer:
    """A page of somebody's history; the same thing again and again from one device is one line."""
    lines = []
    for _, same in groupby(rows, key=lambda row: (row.event, row.outcome, row.device)):
        group = list(same)
        said = _SAID.get(group[0].event, group[0].event.replace(".", " ").capitalize())
        lines.append((group[0], said, len(group)))
    return await turn.page("history.html", lines=lines, page=count, more=len(rows) == PAGE, member=member)
