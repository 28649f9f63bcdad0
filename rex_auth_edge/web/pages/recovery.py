"""A forgotten password: asked for a link, and the page where the link leads."""

import re

from rex_auth_edge.domain.clock import SECOND
from rex_auth_edge.domain.refusals import Code, RefusedError
from rex_auth_edge.flows.household import front
from rex_auth_edge.web import limited
from rex_auth_edge.web.answers import unless_refused
from rex_auth_edge.web.pages.answer import Answer
from rex_auth_edge.web.pages.turn import Turn
from rex_auth_edge.web.problems import status_of

_TOKEN = "rex_reset"  # noqa: S105 - the cookie's name
_PATH = "/reset-password"
_TOKEN_TEXT = re.compile(r"[\w-]{1,400}", re.ASCII)
_CALLED = {"password": "new_password"}


async def show_forgot(turn: Turn) -> Answer:
    """The form for one's address."""
    return await turn.page("forgot.html", household=turn.form.get("tenant") or turn.query.get("household", ""))


async def forgot(turn: Turn) -> Answer:
    """Send the link; what is said is the same for any address."""
    await limited.forgot(turn.visit, turn.typed("email"), turn.typed("tenant"))
    return turn.see("/forgot/sent")


async def sent(turn: Turn) -> Answer:
    """What to do now."""
    return await turn.page("forgot_sent.html")


async def show_reset(turn: Turn) -> Answer:
    """The form for a new password. A link's token moves to a cookie, so that it stays in no history and no referrer."""
    if "token" in turn.query:
        shown = turn.query["token"]
        life = turn.visit.desk.parts.options.lives.reset // SECOND
        turn.keep(_TOKEN, shown if _TOKEN_TEXT.fullmatch(shown) else "none", life, _PATH)
        return turn.see(_PATH)
    try:
        found = await limited.look_at_reset(turn.visit, turn.visit.cookie(_TOKEN))
    except RefusedError as error:
        if error.refused.code not in {Code.INVALID_RESET_TOKEN, Code.RESET_TOKEN_EXPIRED, Code.MISSING_FIELD}:
            raise
        dead = await turn.page("reset_dead.html")
        dead.status = status_of(error.refused)
        return dead
    door = unless_refused(await front.front(turn.visit.desk.parts, str(found.tenant_id)))
    return await turn.page("reset.html", _CALLED, person=found.user, rule=door.password_rule.value)


async def reset(turn: Turn) -> Answer:
    """Set the new password; every session of the person's ends, this browser's too."""
    await limited.reset(turn.visit, turn.visit.cookie(_TOKEN), turn.form.get("new_password"))
    turn.keep(_TOKEN, "", 0, _PATH)
    turn.sign_out()
    return turn.see("/sign-in", "password-reset")
