"""Children without an address of mail: the page where they ask and wait, and those where an owner decides."""

from rex_auth_edge.domain.clock import SECOND
from rex_auth_edge.domain.refusals import Code, RefusedError
from rex_auth_edge.domain.roles import Act
from rex_auth_edge.flows.household import children, front
from rex_auth_edge.flows.household.children import NOT_WAITING
from rex_auth_edge.web import limited
from rex_auth_edge.web.answers import unless_refused
from rex_auth_edge.web.api.household import uuid_in
from rex_auth_edge.web.pages.answer import Answer
from rex_auth_edge.web.pages.turn import Turn

_ASKED, _PATH = "rex_child", "/join-as-child"


async def show_ask(turn: Turn) -> Answer:
    """The form; where this browser has asked already, the code and whether an owner has decided."""
    asked = turn.aside(_ASKED)
    if asked is not None and turn.refused is None:
        try:
            found = await limited.look_at_child(turn.visit, asked["token"])
            return await turn.page("child_waits.html", found=found, code=asked["code"])
        except RefusedError as error:
            if error.refused.code is not Code.INVALID_OTP_SESSION:
                raise
            turn.keep(_ASKED, "", 0, _PATH)
    household = turn.form.get("tenant") or turn.query.get("household", "")
    door = unless_refused(await front.front(turn.visit.desk.parts, household or None))
    on_lan = turn.visit.caller.on_lan
    return await turn.page("child_ask.html", household=household, rule=door.password_rule.value, on_lan=on_lan)


async def ask(turn: Turn) -> Answer:
    """Ask to join, and wait."""
    asked = children.Asked(
        turn.typed("username"), turn.form.get("password"), turn.typed("first_name"), turn.typed("tenant")
    )
    made = await limited.ask_as_child(turn.visit, asked)
    turn.put_aside(_ASKED, {"code": made.code, "token": made.token}, children.LIFE // SECOND, _PATH)
    return turn.see(_PATH)


async def begin_again(turn: Turn) -> Answer:
    """Forget what was asked in this browser."""
    turn.keep(_ASKED, "", 0, _PATH)
    return turn.see(_PATH)


async def show_waiting(turn: Turn) -> Answer:
    """The children who ask."""
    rows = unless_refused(await children.waiting(turn.visit.desk.parts, turn.actor))
    return await turn.page("children.html", rows=rows)


async def show_approve(turn: Turn) -> Answer:
    """The form for the code on one's screen."""
    await turn.ready(Act.APPROVE_CHILD)
    rows = unless_refused(await children.waiting(turn.visit.desk.parts, turn.actor))
    name = uuid_in(turn.named["child"], NOT_WAITING)
    row = next((row for row in rows if row.id == name), None)
    if row is None:
        raise RefusedError(NOT_WAITING)
    taken = "username" in turn.form or (turn.refused is not None and turn.refused.code is Code.USERNAME_TAKEN)
    return await turn.page("child.html", row=row, asks_name=taken, on_lan=turn.visit.caller.on_lan)


async def approve(turn: Turn) -> Answer:
    """Let the child in."""
    request_id = uuid_in(turn.named["child"], NOT_WAITING)
    flow = children.approve(
        turn.visit.desk.parts, turn.actor, request_id, turn.typed("screen_code"), turn.typed("username")
    )
    return turn.see(f"/house/members/{unless_refused(await flow)}", "child-in")


async def show_refuse(turn: Turn) -> Answer:
    """The question whether to refuse one."""
    await turn.ready(Act.REFUSE_CHILD)
    return await turn.page(
        "question.html",
        question="Refuse this request?",
        consequence="Nobody is let in by it. Whoever asked can ask again.",
        button="Refuse",
        harmful=True,
        back="/house/children",
    )


async def refuse(turn: Turn) -> Answer:
    """Refuse it."""
    request_id = uuid_in(turn.named["child"], NOT_WAITING)
    unless_refused(await children.refuse(turn.visit.desk.parts, turn.actor, request_id))
    return turn.see("/house/children", "child-refused")
