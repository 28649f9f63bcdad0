"""What an owner hands to somebody or something: an invitation, a link for a new password, a code, a guest's pass.

Shown to this session, for minutes. It waits in a cookie and not in the address, so that it stays in no history; the
QR code is drawn from the cookie too.
"""

import io

import msgspec

from rex_auth_edge.domain.clock import MINUTE, SECOND
from rex_auth_edge.domain.refusals import RefusedError
from rex_auth_edge.web.pages.answer import Answer
from rex_auth_edge.web.pages.faults import NOTHING_HERE
from rex_auth_edge.web.pages.turn import Turn

PATH = "/house/handed"
_COOKIE = "rex_handed"
_LIFE = 10 * MINUTE // SECOND
_MADE_AT = {"device": "/house/devices", "pass": "/house/passes", "invitation": "/house/invites", "hub": "/house/sync"}
"""The list that each kind stands in."""


class Handed(msgspec.Struct, omit_defaults=True):
    """`kind` is invitation, reset, code, device, pass or hub; `until` is in milliseconds since 1970."""

    kind: str
    name: str
    code: str = ""
    link: str = ""
    until: int = 0
    mailed: bool = False


def hand(turn: Turn, handed: Handed) -> Answer:
    """Go to the page that shows it."""
    turn.put_aside(_COOKIE, msgspec.to_builtins(handed), _LIFE, PATH)
    return turn.see(PATH)


def _handed(turn: Turn) -> Handed:
    aside = turn.aside(_COOKIE)
    if aside is None:
        raise RefusedError(NOTHING_HERE)
    return msgspec.convert(aside, Handed)


async def show(turn: Turn) -> Answer:
    """What is to be handed over."""
    return await turn.page("handed.html", handed=_handed(turn))


async def qr(turn: Turn) -> Answer:
    """Its link as a QR code: black on white, whatever the page's colours are."""
    import segno  # noqa: PLC0415 - only where one is drawn

    link = _handed(turn).link
    if not link:
        raise RefusedError(NOTHING_HERE)
    drawn = io.BytesIO()
    segno.make(link, micro=False).save(drawn, kind="svg", light="#fff", border=3, omitsize=True, xmldecl=False)
    return Answer(drawn.getvalue(), kind="image/svg+xml")


async def done(turn: Turn) -> Answer:
    """Forget it, and go where it was made."""
    aside = turn.aside(_COOKIE)
    turn.keep(_COOKIE, "", 0, PATH)
    return turn.see(_MADE_AT.get((aside or {}).get("kind", ""), "/house"))
