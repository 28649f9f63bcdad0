"""In and out: the first page, signing in, proving oneself again, signing out."""

from rex_auth_edge.flows import login, sessions
from rex_auth_edge.web import limited
from rex_auth_edge.web.pages.answer import Answer
from rex_auth_edge.web.pages.turn import Turn

HOME = "/house"


def unclaimed(turn: Turn) -> bool:
    """Whether the default household waits for its first owner."""
    parts = turn.visit.desk.parts
    return parts.home in parts.setup.shown()


async def first(turn: Turn) -> Answer:
    """`/`: where somebody belongs who only knows the hub's address."""
    if await turn.anybody() is not None:
        return turn.see(HOME)
    return turn.see("/claim" if unclaimed(turn) else "/sign-in")


async def show_sign_in(turn: Turn) -> Answer:
    """The form; who is signed in already goes on, with the session's next tokens where it was time for them."""
    outward = turn.outward
    if turn.principal is not None and turn.refused is None:
        return turn.see(turn.onward or outward or HOME)
    household = turn.form.get("tenant") or turn.query.get("household", "")
    onward = turn.onward or outward or ""
    answer = await turn.page("sign_in.html", household=household, unclaimed=unclaimed(turn), onward=onward)
    answer.forms_end_at = "/".join(outward.split("/")[:3]) if outward else ""
    return answer


async def sign_in(turn: Turn) -> Answer:
    """A session for the right password."""
    refresh_token = turn.visit.cookie("refresh_token")
    asked = login.SignIn(turn.typed("email"), turn.form.get("password"), turn.typed("tenant"), refresh_token)
    turn.sign_in(await limited.sign_in(turn.visit, asked))
    return turn.see(turn.onward or turn.outward or HOME)


async def show_confirm(turn: Turn) -> Answer:
    """The question for one's password, before what could hurt."""
    me = turn.me
    person = turn.visit.unless_gone(await turn.visit.desk.people.find(me.tenant_id, me.user_id))
    return await turn.page("confirm.html", {"current_password": "password"}, person=person)


async def confirm(turn: Turn) -> Answer:
    """Prove again who one is, and go on to the act."""
    await limited.reauthenticate(turn.visit, turn.me, turn.form.get("password"))
    return turn.see(turn.onward or HOME, "confirmed")


async def show_sign_out(turn: Turn) -> Answer:
    """The question whether to."""
    return await turn.page("sign_out.html")


async def sign_out(turn: Turn) -> Answer:
    """End this session, or with `everywhere` all of them."""
    parts, caller = turn.visit.desk.parts, turn.visit.caller
    if turn.typed("everywhere"):
        await sessions.sign_out_everywhere(parts, turn.me, caller, keep_own=False)
    else:
        await sessions.sign_out(parts, turn.me, caller)
    turn.sign_out()
    return turn.see("/sign-in", "signed-out-everywhere" if turn.typed("everywhere") else "signed-out")


async def clock(turn: Turn) -> Answer:
    """What the hub knows of the time, and what follows from it."""
    parts = turn.visit.desk.parts
    return await turn.page("clock.html", state=parts.clock.now().state.value, why=parts.clock.explain())
