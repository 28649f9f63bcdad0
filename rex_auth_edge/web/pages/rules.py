"""The household's name, and what holds in it."""

from typing import Any

from rex_auth_edge.domain import durations
from rex_auth_edge.domain.password_rules import PasswordRule
from rex_auth_edge.domain.roles import Act, Registration
from rex_auth_edge.exchange.oversight import policies
from rex_auth_edge.flows.household import house
from rex_auth_edge.web.answers import unless_refused
from rex_auth_edge.web.pages.answer import Answer
from rex_auth_edge.web.pages.turn import Turn

_TEXTS = (
    *("registration", "password_rule", "session_life", "idle_life", "fresh_after_reboot", "voice"),
    *("cloud_grants", "passwords_home"),
)


async def show(turn: Turn) -> Answer:
    """What holds."""
    found = unless_refused(await policies.policy(turn.visit.desk.parts, turn.actor))
    return await turn.page("rules.html", **_values(found))


async def show_change(turn: Turn) -> Answer:
    """The form to change it."""
    await turn.ready(Act.SET_POLICY)
    found = unless_refused(await policies.policy(turn.visit.desk.parts, turn.actor))
    choices: dict[str, Any] = {
        "registrations": list(Registration),
        "password_rules": list(PasswordRule),
        "all_shares": house.SHARES,
    }
    return await turn.page("rules_change.html", **_values(found), **choices)


def _values(whole: policies.Policy) -> dict[str, Any]:
    found = whole.house
    lives = {"session_life": durations.written(found.session_life), "idle_life": durations.written(found.idle_life)}
    return {"policy": found, "cloud_grants": whole.cloud_grants, "passwords_home": whole.passwords_home, **lives}


async def change(turn: Turn) -> Answer:
    """Change what is on the form."""
    wanted = {name: turn.typed(name) or "" for name in _TEXTS if name in turn.form}
    if "shares" in turn.form:
        # Boxes that aren't ticked aren't sent, so the form says that it has them.
        wanted["shares"] = ",".join(share for share in house.SHARES if turn.form.get(f"share_{share}"))
    unless_refused(await policies.set_policy(turn.visit.desk.parts, turn.actor, wanted))
    return turn.see("/house/rules", "policy-changed")


async def show_name(turn: Turn) -> Answer:
    """The form for another name."""
    await turn.ready(Act.RENAME)
    return await turn.page("name.html")


async def rename(turn: Turn) -> Answer:
    """Give the household another name."""
    unless_refused(await house.rename(turn.visit.desk.parts, turn.actor, turn.typed("name")))
    return turn.see("/house/rules", "renamed")
