"""Finding hubs on the LAN: what they announce is a hint, and believed only once TLS has shown it."""

import asyncio
import hashlib
import socket
import ssl
import urllib.request
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

SERVICE = "_rex-auth._tcp.local."
RESOLVING = 3_000
"""How long a hub that was heard has to tell its address, in milliseconds."""
_LARGEST_CERTIFICATE = 64 * 1024
_PATIENCE = 5.0


@dataclass(frozen=True, slots=True)
class Found:
    """A hub as it announces itself. `facts` is its TXT record (RFC 6763 section 6)."""

    name: str
    host: str
    port: int
    addresses: tuple[str, ...]
    facts: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Verified:
    """Whether a hub is what it says: `fingerprint` (SHA-256) of its household's CA is what the hub's console shows.

    `problem` is a sentence, None where TLS to its own name holds and the hint in its announcement was true.
    """

    fingerprint: str | None
    problem: str | None


async def browse(seconds: float) -> list[Found]:
    """The hubs that answer within so many seconds, by name."""
    from zeroconf import ServiceStateChange, Zeroconf  # noqa: PLC0415 - most of this program never browses
    from zeroconf.asyncio import AsyncServiceBrowser, AsyncServiceInfo  # noqa: PLC0415

    heard: set[str] = set()

    def note(zeroconf: Zeroconf, service_type: str, name: str, state_change: ServiceStateChange) -> None:  # noqa: ARG001
        if state_change is ServiceStateChange.Removed:
            heard.discard(name)
        else:
            heard.add(name)

    air = _on_air()
    try:
        browser = AsyncServiceBrowser(air.zeroconf, SERVICE, handlers=[note])
        await asyncio.sleep(seconds)
        infos = [AsyncServiceInfo(SERVICE, name) for name in sorted(heard)]
        answered = await asyncio.gather(*(info.async_request(air.zeroconf, RESOLVING) for info in infos))
        await browser.async_cancel()
    finally:
        await air.async_close()
    return [_found(info) for info, there in zip(infos, answered, strict=True) if there]


def _on_air() -> Any:
    """Both kinds of addresses, or the older where the machine has no other. Raises OSError without a network."""
    from zeroconf import IPVersion  # noqa: PLC0415
    from zeroconf.asyncio import AsyncZeroconf  # noqa: PLC0415

    try:
        return AsyncZeroconf(ip_version=IPVersion.All)
    except OSError:
        return AsyncZeroconf(ip_version=IPVersion.V4Only)


def _found(info: Any) -> Found:
    facts = {key.decode(): (value or b"").decode("utf-8", "replace") for key, value in info.properties.items()}
    host = (info.server or "").rstrip(".").lower()
    return Found(info.name.removesuffix("." + SERVICE), host, info.port or 0, tuple(info.parsed_addresses()), facts)


async def verify(found: Found) -> Verified:
    """Fetch the hub's CA from its port 80, then speak TLS to the hub by its own name with that CA alone."""
    if not found.addresses:
        return Verified(None, "It announces no address.")
    return await asyncio.to_thread(_verify, found, found.addresses[0])


def _verify(found: Found, address: str) -> Verified:
    literal = f"[{address}]" if ":" in address else address
    try:
        certificate = authority(literal)
    except OSError:
        return Verified(None, "Its certificate authority can't be fetched from port 80.")
    fingerprint = hashlib.sha256(certificate).hexdigest()
    hint = found.facts.get("fp", "")
    if hint and not fingerprint.startswith(hint.lower()):
        return Verified(
            fingerprint, "What it announces isn't the authority that it shows: somebody may pose as this hub."
        )
    return Verified(fingerprint, _tls_problem(found, address, certificate))


def authority(host: str) -> bytes:
    """The CA (DER) that a hub offers over plain HTTP, so for comparing only; `host` may have a port. Raises OSError."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"http://{host}/ca.crt", timeout=_PATIENCE) as answer:
        return bytes(answer.read(_LARGEST_CERTIFICATE))


def _tls_problem(found: Found, address: str, certificate: bytes) -> str | None:
    pem = "-----BEGIN CERTIFICATE-----\n" + b64encode(certificate).decode() + "\n-----END CERTIFICATE-----\n"
    try:
        context = ssl.create_default_context(cadata=pem)
        with (
            socket.create_connection((address, found.port), _PATIENCE) as raw,
            context.wrap_socket(raw, server_hostname=found.host),
        ):
            return None
    except ssl.SSLError as error:
        return f"Its certificate doesn't hold for {found.host}: {getattr(error, 'verify_message', '') or error.reason}."
    except OSError as error:
        return f"It doesn't answer at {address} port {found.port}: {error.strerror or error}."
