"""Joining a household: claimed by its setup code, by an open door, or by an invitation; then the code of the letter."""

import re
from typing import Any

from rex_auth_edge.domain.clock import DAY, MINUTE, SECOND
from rex_auth_edge.domain.password_rules import PasswordRule
from rex_auth_edge.domain.refusals import Code, Refused, RefusedError
from rex_auth_edge.domain.roles import Registration
from rex_auth_edge.flows import signup, verify
from rex_auth_edge.flows.household import front
from rex_auth_edge.web import limited
from rex_auth_edge.web.answers import unless_refused
from rex_auth_edge.web.pages.answer import Answer
from rex_auth_edge.web.pages.entry import HOME, unclaimed
from rex_auth_edge.web.pages.turn import Turn

_PENDING, _INVITE = "rex_pending", "rex_invite"
_PENDING_LIFE = (signup.RESENDABLE + 5 * MINUTE) // SECOND
_INVITE_LIFE = 1 * DAY // SECOND
_NOT_IN_CODE = re.compile(r"[^0-9A-Za-z-]+")
_LONGEST_CODE = 40
_NOT_PENDING = Refused(Code.INVALID_OTP_SESSION, "No registration is waiting in this browser. Please begin again")


# -------------------------------------------------------------------- claiming


async def show_claim(turn: Turn) -> Answer:
    """The form that makes the first owner; who is signed in already needs the setup code alone."""
    household = turn.form.get("tenant") or turn.query.get("household", "")
    if not household and not unclaimed(turn) and turn.refused is None:
        return turn.see("/")
    return await turn.page(
        "claim.html", household=household, signed_in=turn.principal is not None, rule=await _rule(turn, household)
    )


async def claim(turn: Turn) -> Answer:
    """Make the first owner; the setup code stands in for the letter with a code."""
    code = turn.typed("setup_code")
    if turn.principal is not None:
        await limited.claim(turn.visit, turn.principal, code)
        return turn.see(HOME, "claimed")
    if code is None:
        raise RefusedError(Refused(Code.MISSING_FIELD, "Missing setup code", {"setup_code": "required"}))
    asked = _application(turn, setup_code=code)
    token = await limited.register(turn.visit, asked)
    turn.sign_in(await limited.prove(turn.visit, verify.Proof(asked.email, code, token)))
    return turn.see(HOME, "claimed")


# -------------------------------------------------------------------- registering


async def show_register(turn: Turn) -> Answer:
    """The form for whoever comes by an open door."""
    household = turn.form.get("tenant") or turn.query.get("household", "")
    door = unless_refused(await front.front(turn.visit.desk.parts, household or None))
    open_to_all = door.registration is Registration.OPEN
    return await turn.page("register.html", household=household, open=open_to_all, rule=door.password_rule.value)


async def register(turn: Turn) -> Answer:
    """Begin a registration, and go on to its code."""
    return await _begin(turn, _application(turn))


async def show_join(turn: Turn) -> Answer:
    """What an invitation says, and the form to accept it; a link's code moves to a cookie, out of the address."""
    if "invite" in turn.query:
        turn.keep(_INVITE, _as_code(turn.query["invite"]), _INVITE_LIFE, "/join")
        return turn.see("/join")
    code = _invite(turn)
    if not code:
        return await turn.page("join.html", invitation=None, rule=PasswordRule.COMPOSITION.value)
    try:
        invitation = await limited.look_at_invitation(turn.visit, code)
    except RefusedError as error:
        if error.refused.code is not Code.INVALID_INVITATION:
            raise
        turn.keep(_INVITE, "", 0, "/join")
        turn.refused = turn.refused or error.refused
        return await turn.page("join.html", invitation=None, rule=PasswordRule.COMPOSITION.value)
    return await turn.page("join.html", invitation=invitation, rule=invitation.password_rule.value)


async def join(turn: Turn) -> Answer:
    """Accept an invitation, or with `invite` alone look at the one of that code."""
    if "invite" in turn.form:
        turn.keep(_INVITE, _as_code(turn.form["invite"]), _INVITE_LIFE, "/join")
        return turn.see("/join")
    return await _begin(turn, _application(turn, invite=_invite(turn)))


def _invite(turn: Turn) -> str:
    return _as_code(turn.visit.cookie(_INVITE) or "")


def _as_code(text: str) -> str:
    return _NOT_IN_CODE.sub("", text)[:_LONGEST_CODE]


def _application(turn: Turn, *, invite: str | None = None, setup_code: str | None = None) -> signup.Application:
    return signup.Application(
        username=turn.typed("username"),
        email=turn.typed("email"),
        password=turn.form.get("password"),
        first_name=turn.typed("first_name"),
        last_name=turn.typed("last_name"),
        tenant=turn.typed("tenant"),
        invite=invite,
        setup_code=setup_code,
    )


async def _begin(turn: Turn, asked: signup.Application) -> Answer:
    token = await limited.register(turn.visit, asked)
    turn.put_aside(_PENDING, {"email": asked.email, "token": token}, _PENDING_LIFE, "/verify")
    return turn.see("/verify")


async def _rule(turn: Turn, household: str) -> str:
    door = await front.front(turn.visit.desk.parts, household or None)
    return unless_refused(door).password_rule.value


# -------------------------------------------------------------------- the code


async def show_verify(turn: Turn) -> Answer:
    """The form for the code of the letter."""
    pending = turn.aside(_PENDING)
    minutes = turn.visit.desk.parts.options.lives.otp // MINUTE
    asks_name = "username" in turn.form or (turn.refused is not None and turn.refused.code is Code.USERNAME_TAKEN)
    return await turn.page("verify.html", pending=pending, minutes=minutes, asks_name=asks_name)


async def prove(turn: Turn) -> Answer:
    """The account and its first session, for the right code."""
    pending = _pending(turn)
    proof = verify.Proof(pending["email"], turn.typed("otp"), pending["token"], turn.typed("username"))
    turn.sign_in(await limited.prove(turn.visit, proof))
    turn.keep(_PENDING, "", 0, "/verify")
    turn.keep(_INVITE, "", 0, "/join")
    return turn.see(HOME, "joined")


async def send_again(turn: Turn) -> Answer:
    """Another code, by another letter."""
    pending = _pending(turn)
    token = await limited.resend(turn.visit, pending["email"], pending["token"])
    turn.put_aside(_PENDING, {"email": pending["email"], "token": token}, _PENDING_LIFE, "/verify")
    return turn.see("/verify", "resent")


def _pending(turn: Turn) -> dict[str, Any]:
    pending = turn.aside(_PENDING)
    if pending is None:
        raise RefusedError(_NOT_PENDING)
    return pending
