"""Invitations, and codes that wait to be handed over."""

from rex_auth_edge.domain.roles import Act, Role
from rex_auth_edge.flows.household import admission, handing, invite
from rex_auth_edge.web.answers import unless_refused
from rex_auth_edge.web.api.household import uuid_in
from rex_auth_edge.web.pages.answer import Answer
from rex_auth_edge.web.pages.handed import Handed, hand
from rex_auth_edge.web.pages.turn import Turn

LIVES = (("1d", "1 day"), ("7d", "7 days"), ("30d", "30 days"))


async def show_invites(turn: Turn) -> Answer:
    """The household's invitations and what became of them."""
    parts = turn.visit.desk.parts
    rows = unless_refused(await invite.listed(parts, turn.actor))
    now = parts.clock.now()
    return await turn.page("invites.html", rows=[(row, admission.status(row, now)) for row in rows])


async def show_invite(turn: Turn) -> Answer:
    """The form for a new one."""
    await turn.ready(Act.INVITE)
    return await turn.page("invite.html", roles=list(Role), lives=LIVES)


async def create(turn: Turn) -> Answer:
    """Invite somebody, and show the code, the link and its QR."""
    guest = invite.Guest(turn.typed("role"), turn.typed("name"), turn.typed("email"), turn.typed("expires_in"))
    made = unless_refused(await invite.create(turn.visit.desk.parts, turn.actor, guest))
    name = guest.name or guest.email or "them"
    return hand(turn, Handed("invitation", name, made.code, made.link, made.expires_at, made.mailed))


async def show_revoke(turn: Turn) -> Answer:
    """The question whether to revoke one."""
    await turn.ready(Act.UNINVITE)
    return await turn.page(
        "question.html",
        question="Revoke this invitation?",
        consequence="Its code and its link are good for nobody any more. A letter with it that waits isn't sent.",
        button="Revoke",
        harmful=True,
        back="/house/invites",
    )


async def revoke(turn: Turn) -> Answer:
    """Make an invitation good for nobody."""
    name = uuid_in(turn.named["invitation"], invite.NO_INVITATION)
    unless_refused(await invite.revoke(turn.visit.desk.parts, turn.actor, name))
    return turn.see("/house/invites", "revoked")


async def show_codes(turn: Turn) -> Answer:
    """Who waits for a code whose letter hasn't left."""
    rows = unless_refused(await handing.waiting(turn.visit.desk.parts, turn.actor))
    return await turn.page("codes.html", rows=rows)


async def show_code(turn: Turn) -> Answer:
    """The question whether to take a code over."""
    await turn.ready(Act.HAND_OVER)
    return await turn.page(
        "question.html",
        question="Hand this code over?",
        consequence="You see the code and tell it to the person yourself; its letter isn't sent then. Make sure that "
        "it is really them: whoever has the code joins the household. It goes on record that you did this.",
        button="Show the code",
        harmful=False,
        back="/house/codes",
    )


async def hand_over(turn: Turn) -> Answer:
    """Take it, and show it."""
    name = uuid_in(turn.named["code"], handing.NOT_WAITING)
    handed = unless_refused(await handing.hand_over(turn.visit.desk.parts, turn.actor, name))
    return hand(turn, Handed("code", handed.email, handed.code))
