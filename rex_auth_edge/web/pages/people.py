"""Who is in the household, and what its owners do about them."""

from uuid import UUID

from rex_auth_edge.domain.clock import MINUTE
from rex_auth_edge.domain.roles import Act, Role
from rex_auth_edge.flows.devices import agreeing
from rex_auth_edge.flows.household import activity, front, handing, house, members
from rex_auth_edge.flows.household.actor import NO_MEMBER
from rex_auth_edge.web.answers import unless_refused
from rex_auth_edge.web.api.household import uuid_in
from rex_auth_edge.web.pages import history as written
from rex_auth_edge.web.pages.answer import Answer
from rex_auth_edge.web.pages.asked import Asked, Done, question
from rex_auth_edge.web.pages.handed import Handed, hand
from rex_auth_edge.web.pages.turn import Turn
from rex_auth_edge.web.pages.waiting import waiting


async def show_home(turn: Turn) -> Answer:
    """The household: its people, for those who may see them, and what waits for an owner."""
    parts, me = turn.visit.desk.parts, turn.me
    found = unless_refused(await house.read(parts, me))
    people = unless_refused(await members.listed(parts, turn.actor)) if Act.MEMBERS in found.may else []
    unclaimed = parts.home in parts.setup.shown() and me.tenant_id == parts.home
    wishes = len(await agreeing.listed(parts, me))
    return await turn.page(
        "home.html", people=people, waiting=await waiting(turn), wishes=wishes, own_id=me.user_id, unclaimed=unclaimed
    )


async def show_add(turn: Turn) -> Answer:
    """The form for somebody without an address of mail."""
    await turn.ready(Act.ADD)
    door = unless_refused(await front.front(turn.visit.desk.parts, str(turn.me.tenant_id)))
    return await turn.page("add.html", roles=list(Role), rule=door.password_rule.value)


async def add(turn: Turn) -> Answer:
    """Add them."""
    newcomer = members.Newcomer(
        turn.typed("username"), turn.form.get("password"), turn.typed("role"), turn.typed("first_name"),
        turn.typed("last_name"),
    )  # fmt: skip
    added = unless_refused(await members.add(turn.visit.desk.parts, turn.actor, newcomer))
    return turn.see("/house", "added-waits" if added.waits else "added")


def _member_id(turn: Turn) -> UUID:
    return uuid_in(turn.named["member"], NO_MEMBER)


async def _member(turn: Turn) -> members.Member:
    return unless_refused(await members.find(turn.visit.desk.parts, turn.actor, _member_id(turn)))


async def show_member(turn: Turn) -> Answer:
    """One of the household, and what may be done about them."""
    found = await _member(turn)
    return await turn.page("member.html", member=found, own=found.row.id == turn.me.user_id)


async def show_sessions(turn: Turn) -> Answer:
    """Where a member is signed in."""
    found = await _member(turn)
    rows = unless_refused(await activity.sessions_of(turn.visit.desk.parts, turn.actor, found.row.id))
    return await turn.page(
        "sessions.html", rows=[(row, row.id == turn.me.session_id) for row in rows], member=found.row
    )


async def end_session(turn: Turn) -> Answer:
    """Sign a member out: of one device, or without one named of all."""
    parts, member_id = turn.visit.desk.parts, _member_id(turn)
    unless_refused(await activity.end_session(parts, turn.actor, member_id, turn.named.get("session")))
    return turn.see(f"/house/members/{member_id}/sessions", "activity-ended")


async def show_history(turn: Turn) -> Answer:
    """What happened to a member's account."""
    found, number = await _member(turn), written.number(turn)
    rows = unless_refused(await activity.history_of(turn.visit.desk.parts, turn.actor, found.row.id, number))
    return await written.page(turn, rows, number, found.row)


async def show_role(turn: Turn) -> Answer:
    """The form for another role."""
    await turn.ready(Act.SET_ROLE)
    return await turn.page("role.html", member=await _member(turn), roles=list(Role))


async def set_role(turn: Turn) -> Answer:
    """Give a member another role."""
    member_id = _member_id(turn)
    waits = unless_refused(await members.set_role(turn.visit.desk.parts, turn.actor, member_id, turn.typed("role")))
    return turn.see(f"/house/members/{member_id}", "role-waits" if waits else "role-changed")


# -------------------------------------------------------------------- acts that are asked about first


def _disable(turn: Turn, member_id: UUID) -> Done:
    desk = turn.visit.desk
    return members.disable(desk.parts, turn.actor, member_id, desk.people)


def _enable(turn: Turn, member_id: UUID) -> Done:
    return members.enable(turn.visit.desk.parts, turn.actor, member_id)


def _pardon(turn: Turn, member_id: UUID) -> Done:
    return members.pardon(turn.visit.desk.parts, turn.actor, member_id)


def _remove(turn: Turn, member_id: UUID) -> Done:
    desk = turn.visit.desk
    return members.remove(desk.parts, turn.actor, member_id, desk.people)


ASKED = {
    "disable": Asked(
        Act.DISABLE, "Disable {name}?",
        "They are signed out everywhere at once, and can't sign in until you enable them again. Nothing is lost.",
        "Disable", "disabled", _disable,
    ),
    "enable": Asked(
        Act.ENABLE, "Let {name} in again?", "They can sign in again with their own password.",
        "Enable", "enabled", _enable, harmful=False,
    ),
    "lift-ban": Asked(
        Act.PARDON, "Lift {name}'s ban?",
        "Somebody has typed a wrong password for them too often. If that was them, or a child at the tablet, lift the "
        "ban and they can try again at once. If nobody knows who it was, a new password is the better answer.",
        "Lift the ban", "ban-lifted", _pardon, harmful=False,
    ),
    "remove": Asked(
        Act.REMOVE, "Remove {name} for good?",
        "Their account, their sessions and their picture are deleted from this household. There is no way back but a "
        "new invitation.",
        "Remove for good", "removed", _remove, stays=False,
    ),
}  # fmt: skip
"""By the last part of their path."""


async def show_asked(turn: Turn) -> Answer:
    """The question."""
    asked = ASKED[turn.named["act"]]
    if asked.act is Act.REMOVE and _member_id(turn) == turn.me.user_id:
        return turn.see("/me/leave")
    await turn.ready(asked.act)
    found = await _member(turn)
    return await question(turn, asked, _name(found), f"/house/members/{found.row.id}")


def _name(member: members.Member) -> str:
    name: str = member.row.first_name or member.row.username
    return name


async def do_asked(turn: Turn) -> Answer:
    """The act."""
    asked, member_id = ASKED[turn.named["act"]], _member_id(turn)
    if asked.act is Act.REMOVE and member_id == turn.me.user_id:
        return turn.see("/me/leave")
    unless_refused(await asked.do(turn, member_id))
    return turn.see(f"/house/members/{member_id}" if asked.stays else "/house", asked.notice)


async def show_reset(turn: Turn) -> Answer:
    """The question whether to start the reset of a member's password."""
    await turn.ready(Act.RESET)
    minutes = turn.visit.desk.parts.options.lives.reset // MINUTE
    found = await _member(turn)
    return await turn.page(
        "question.html",
        question=f"Give {_name(found)} a new start?",
        consequence=f"They are signed out everywhere. You get a link, good once and for {minutes} minutes, to hand to "
        "them: with it they choose a new password themselves. You never see it.",
        button="Sign out and make the link",
        harmful=True,
        back=f"/house/members/{found.row.id}",
    )


async def reset(turn: Turn) -> Answer:
    """Start it, and show the link."""
    found = await _member(turn)
    started = unless_refused(await handing.start_reset(turn.visit.desk.parts, turn.actor, found.row.id))
    return hand(turn, Handed("reset", _name(found), link=started.link, until=started.expires_at))
