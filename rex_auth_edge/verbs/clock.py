"""The hub's time: how far it can be believed, and the floor that it never runs below."""

from typing import Any

from rex_auth_edge.flows import timekeeping
from rex_auth_edge.verbs.reach import Reach, Verbs, instant
from rex_auth_edge.web.answers import rfc3339, unless_refused


async def _shown(reach: Reach) -> dict[str, Any]:
    """The time that the hub goes by, its state and why, and the floor."""
    now = reach.parts.clock.now()
    return {
        "now": rfc3339(now.wall),
        "state": now.state.value,
        "why": reach.parts.clock.explain(),
        "floor": rfc3339(now.floor),
        "boots": 0 if now.past is None else len(now.past.boots),
    }


async def _lowered(reach: Reach, *, to: str) -> dict[str, Any]:
    """Lower the floor, and end all sessions: how old they are, nobody can tell any more."""
    wanted = instant(reach.parts.clock.now(), to)
    done = unless_refused(await timekeeping.lower(reach.parts, wanted))
    return {"before": rfc3339(done.before), "floor": rfc3339(done.after), "ended": done.ended}


VERBS: Verbs = {"show": _shown, "lower": _lowered}
