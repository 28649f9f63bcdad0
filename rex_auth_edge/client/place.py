"""Which hub a device means: the one at an address, or the one on its LAN that has pairing open."""

from rex_auth_edge.client.line import Pin
from rex_auth_edge.client.pin import DOORWAY, Invitation, for_now
from rex_auth_edge.client.reasons import HubError, HubUnreachableError

_HTTPS, _HTTP = 443, 80


def at(address: str, fingerprint: bytes | None, doorway: int = DOORWAY) -> Pin:
    """The hub at `host`, `host:port` or, for one under development on this machine, `http://127.0.0.1:8000`.

    With a fingerprint (SHA-256) of its CA it has to have that one; without, whatever it shows is pinned for the time
    being. Raises HubError.
    """
    from urllib.parse import urlsplit  # noqa: PLC0415 - only who pairs pays for it

    from rex_auth_edge.client.find import Found  # noqa: PLC0415

    try:
        parts = urlsplit(address if "://" in address else f"https://{address}")
        host, port = parts.hostname or "", parts.port
    except ValueError:
        parts, host, port = urlsplit(""), "", None
    if not host or parts.scheme not in {"http", "https"}:
        raise HubError(f"{address} is no address of a hub: say a name or address, with :port where it isn't 443.")
    host = "127.0.0.1" if host == "localhost" else host
    if parts.scheme == "http":
        return Pin(host, port or _HTTP, (host,), None)
    if fingerprint is not None:
        return Invitation(host, port or _HTTPS, (host,), fingerprint, "").pin(doorway)
    return for_now(Found(host, host, port or _HTTPS, (host,), {}), doorway)


def open_on_lan(seconds: float, fingerprint: bytes | None, doorway: int = DOORWAY) -> Pin:
    """The only hub that announces within so many seconds that it lets devices ask. Raises HubError."""
    import asyncio  # noqa: PLC0415

    from rex_auth_edge.client import find  # noqa: PLC0415

    try:
        heard = asyncio.run(find.browse(seconds))
    except (ImportError, OSError) as error:
        raise HubUnreachableError("Hubs can't be looked for here: say the address of yours.") from error
    found = [each for each in heard if each.facts.get("pairing") == "open"]
    if fingerprint is not None:
        found = [each for each in found if fingerprint.hex().startswith(each.facts.get("fp", "?").lower())]
    if not found:
        raise HubUnreachableError("No hub on this LAN has pairing open: an owner opens it, or say the hub's address.")
    if len(found) > 1:
        names = ", ".join(sorted(each.host for each in found))
        raise HubUnreachableError(f"Several hubs have pairing open ({names}): say the address of yours.")
    hub = found[0]
    if fingerprint is None:
        return for_now(hub, doorway)
    return Invitation(hub.host, hub.port, hub.addresses, fingerprint, "").pin(doorway)
