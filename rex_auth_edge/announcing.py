"""What the hub tells its LAN (mDNS) and a device's camera: enough to be found and known again, and no person's name."""

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlencode

from rex_auth_edge import __version__
from rex_auth_edge.domain.clock import Clock
from rex_auth_edge.domain.entropy import Entropy
from rex_auth_edge.keys.tls import HouseholdCa, fingerprint
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
    pairing: Callable[[], bool]


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
        told |= {"pairing": "open"} if now.pairing() else {}
        return told | ({"fp": ca.fingerprint()[:_HINT]} if ca else {})

    def reached() -> frozenset[str]:
        return announced(now.addresses(), listen.host)

    return Announcer(Subject(f"rex-{unit_id}", listen.port, reached, facts, now.renamed), clock, entropy)


def authority(settings: Settings) -> bytes:
    """The SHA-256 of the CA by which devices know the hub; of nothing, where it has none of its own."""
    known = fingerprint(settings.data_dir) if settings.listen.household_ca else None
    return bytes.fromhex(known) if known else hashlib.sha256(b"").digest()


def invitation(settings: Settings, addresses: Callable[[], frozenset[str]], code: str) -> str:
    """What a device's camera reads: where the hub is, its CA's SHA-256 for the device to insist on, and the code."""
    known = fingerprint(settings.data_dir) if settings.listen.household_ca else None
    said = {"h": settings.host, "p": str(settings.listen.port)}
    said["a"] = ",".join(sorted(announced(addresses(), settings.listen.host))) or settings.host
    said |= {"f": urlsafe_b64encode(bytes.fromhex(known)).decode().rstrip("=")} if known else {}
    return f"rex://pair?{urlencode(said | {'c': code})}"
