"""What the hub tells its LAN of itself (mDNS): enough to be found and told from others, and no person's name."""

from collections.abc import Callable
from dataclasses import dataclass

from rex_auth_edge import __version__
from rex_auth_edge.domain.clock import Clock
from rex_auth_edge.domain.entropy import Entropy
from rex_auth_edge.keys.tls import HouseholdCa
from rex_auth_edge.mdns import Announcer, Subject, announced
from rex_auth_edge.settings import Settings

_HINT = 16
"""How many digits of the CA's fingerprint are announced: enough to tell hubs apart, and too few to be believed."""


@dataclass(frozen=True, slots=True)
class Announcing:
    """What changes while the hub runs: the machine's addresses, what to do when its name is taken, its state."""

    addresses: Callable[[], frozenset[str]]
    renamed: Callable[[str], None]
    unclaimed: Callable[[], bool]


def announcer(
    settings: Settings, ca: HouseholdCa | None, clock: Clock, entropy: Entropy, now: Announcing
) -> Announcer | None:
    """Who announces the hub on its LAN; nobody where it can't be reached from there, or nobody could trust it."""
    listen, unit_id = settings.listen, settings.unit_id
    if not settings.mdns or listen.tls is None or unit_id is None:
        return None

    def facts() -> dict[str, str]:
        state = "unclaimed" if now.unclaimed() else "claimed"
        told = {"txtvers": "1", "v": __version__, "id": unit_id, "path": "/", "state": state}
        return told | ({"fp": ca.fingerprint()[:_HINT]} if ca else {})

    def reached() -> frozenset[str]:
        return announced(now.addresses(), listen.host)

    return Announcer(Subject(f"rex-{unit_id}", listen.port, reached, facts, now.renamed), clock, entropy)
