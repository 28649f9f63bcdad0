"""One's own: profile, devices that are signed in, history, password."""

from base64 import b64decode
from collections.abc import Sequence
from typing import Any

from rex_auth_edge.domain.refusals import RefusedError
from rex_auth_edge.domain.roles import Act
from rex_auth_edge.exchange.oversight import deciding
from rex_auth_edge.flows import profile, sessions
from rex_auth_edge.flows.devices import agreeing
from rex_auth_edge.flows.household import front, members
from rex_auth_edge.web import limited
from rex_auth_edge.web.answers import unless_refused
from rex_auth_edge.web.pages import history as written
from rex_auth_edge.web.pages.answer import Answer
from rex_auth_edge.web.pages.faults import NOTHING_HERE
from rex_auth_edge.web.pages.turn import Turn

_FIELDS = ("first_name", "last_name", "username", "phone_number")


async def show(turn: Turn) -> Answer:
    """The profile, and the ways to the rest."""
    user, picture = unless_refused(await profile.read(turn.visit.desk.parts, turn.me))
    wishes = len(await agreeing.listed(turn.visit.desk.parts, turn.me))
    told = await deciding.own(turn.visit.desk.parts, turn.me)
    return await turn.page("me.html", user=user, picture=picture is not None, wishes=wishes, told=told)


async def change(turn: Turn) -> Answer:
    """Write the profile."""
    desk = turn.visit.desk
    wanted = {name: turn.typed(name) for name in _FIELDS if name in turn.form}
    refused = await profile.change(desk.parts, desk.people, turn.me, wanted, turn.visit.caller)
    unless_refused(refused)
    return turn.see("/me", "profile-changed")


async def picture(turn: Turn) -> Answer:
    """The person's own picture."""
    person = await turn.visit.desk.people.find(turn.me.tenant_id, turn.me.user_id)
    if person is None or person.picture is None:
        raise RefusedError(NOTHING_HERE)
    kind, _, encoded = person.picture.removeprefix("data:").partition(";base64,")
    return Answer(b64decode(encoded), kind=kind)


async def remove_picture(turn: Turn) -> Answer:
    """Show no picture any more."""
    desk = turn.visit.desk
    await profile.remove_picture(desk.parts, desk.people, turn.me, turn.visit.caller)
    return turn.see("/me", "picture-removed")


async def show_sessions(turn: Turn) -> Answer:
    """Where one is signed in, this browser first."""
    rows = await sessions.listed(turn.visit.desk.parts, turn.me)
    return await turn.page("sessions.html", rows=_own_first(rows, turn), member=None)


def _own_first(rows: Sequence[Any], turn: Turn) -> list[tuple[Any, bool]]:
    marked = [(row, row.id == turn.me.session_id) for row in rows]
    return sorted(marked, key=lambda each: not each[1])


async def end_session(turn: Turn) -> Answer:
    """Sign one of one's devices out."""
    refused = await sessions.end_one(turn.visit.desk.parts, turn.me, turn.named["session"], turn.visit.caller)
    unless_refused(refused)
    if turn.named["session"] == str(turn.me.session_id):
        turn.sign_out()
        return turn.see("/sign-in", "signed-out")
    return turn.see("/me/sessions", "session-ended")


async def end_others(turn: Turn) -> Answer:
    """Sign all of one's other devices out."""
    await sessions.sign_out_everywhere(turn.visit.desk.parts, turn.me, turn.visit.caller, keep_own=True)
    return turn.see("/me/sessions", "sessions-ended")


async def show_history(turn: Turn) -> Answer:
    """What happened to one's account."""
    number = written.number(turn)
    rows = await profile.history(turn.visit.desk.parts, turn.me, number)
    return await written.page(turn, rows, number, None)


async def show_password(turn: Turn) -> Answer:
    """The form for another password."""
    door = unless_refused(await front.front(turn.visit.desk.parts, str(turn.me.tenant_id)))
    user, _ = unless_refused(await profile.read(turn.visit.desk.parts, turn.me))
    called = {"password": "new_password"}
    return await turn.page("password.html", called, rule=door.password_rule.value, user=user)


async def change_password(turn: Turn) -> Answer:
    """Set another password; one's other sessions end."""
    form = turn.form
    await limited.change_password(turn.visit, turn.me, form.get("current_password"), form.get("new_password"))
    return turn.see("/me", "password-changed")


async def show_leave(turn: Turn) -> Answer:
    """The question whether to leave the household for good."""
    await turn.ready(Act.LEAVE)
    return await turn.page("leave.html")


async def leave(turn: Turn) -> Answer:
    """Leave the household."""
    desk = turn.visit.desk
    unless_refused(await members.remove(desk.parts, turn.actor, turn.me.user_id, desk.people))
    turn.sign_out()
    return turn.see("/sign-in", "left")
