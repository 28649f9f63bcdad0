"""Whether the hub is found on its LAN: asked as a phone asks, by multicast DNS."""

from rex_auth_edge.client import find
from rex_auth_edge.domain.hub_names import host_of
from rex_auth_edge.settings import Settings
from rex_auth_edge.verbs.finding import FAIL, OK, SKIPPED, WARN, Finding

_NAME = "mdns"
_LISTENING = 3.0
"""Seconds to wait for answers."""


async def finding(settings: Settings) -> Finding:
    """Whether the hub is heard under its own name."""
    unit_id = settings.unit_id
    if not settings.mdns or settings.listen.tls is None or unit_id is None:
        return Finding(_NAME, SKIPPED, "The hub isn't announced (REX_MDNS, REX_TLS).")
    try:
        heard = await find.browse(_LISTENING)
    except OSError as error:
        seen = f"The LAN can't be asked: {error.strerror or error}."
        return Finding(_NAME, FAIL, seen, "Check that the hub has a network with multicast.")
    return judged(unit_id, heard)


def judged(unit_id: str, heard: list[find.Found]) -> Finding:
    """What the answers say about the hub of this unit id."""
    own = [each for each in heard if each.facts.get("id") == unit_id]
    if not own:
        advice = "Check that it has an address on the LAN, and that nothing blocks UDP port 5353."
        return Finding(_NAME, FAIL, f"Nobody on the LAN hears of {host_of(unit_id)}.", advice)
    names = sorted({each.host for each in own})
    seen = f"Announced as {', '.join(names)} at {', '.join(sorted({a for each in own for a in each.addresses}))}."
    if len(names) > 1:
        return Finding(_NAME, WARN, seen, "Two hubs say that they are this one: was its disk copied? Switch one off.")
    if names != [host_of(unit_id)]:
        advice = f"Something else on the LAN is called {host_of(unit_id)}: find it, or use the new name."
        return Finding(_NAME, WARN, seen, advice)
    return Finding(_NAME, OK, seen)
