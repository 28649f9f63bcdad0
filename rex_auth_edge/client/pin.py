"""Pinning a hub: by the fingerprint in its QR code, or for the time being until people have compared six words."""

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rex_auth_edge.client import jose
from rex_auth_edge.client.line import Pin
from rex_auth_edge.client.reasons import HubError, HubUnreachableError, NotTheHubError

if TYPE_CHECKING:
    from rex_auth_edge.client.find import Found

DOORWAY = 80
"""Where a hub hands out its CA's certificate, in the clear."""
_LARGEST = 64 * 1024
_PATIENCE = 5.0
_SHA256 = 32


class BadInvitationError(HubError):
    """The scanned text is no invitation of a hub."""


@dataclass(frozen=True, slots=True)
class Invitation:
    """What a claim QR code says: `rex://pair?h=host&p=port&a=addresses&f=fingerprint&c=code`."""

    host: str
    port: int
    addresses: tuple[str, ...]
    fingerprint: bytes | None
    code: str = field(repr=False)

    @classmethod
    def read(cls, uri: str) -> "Invitation":
        """Raises BadInvitationError, whose text doesn't repeat the code."""
        from ipaddress import ip_address  # noqa: PLC0415
        from urllib.parse import parse_qs, urlsplit  # noqa: PLC0415 - only who pairs pays for it

        try:
            parts = urlsplit(uri.strip())
            said = {name: values[0] for name, values in parse_qs(parts.query, strict_parsing=True).items()}
            if (parts.scheme, parts.netloc) != ("rex", "pair"):
                raise BadInvitationError("This isn't a hub's QR code for pairing.")
            fingerprint = jose.unbase64(said["f"]) if said.get("f") else None
            addresses = tuple(each for each in said.get("a", "").split(",") if each)
            for each in addresses:
                ip_address(each)
            made = cls(said["h"].lower(), int(said["p"]), addresses, fingerprint, said["c"])
        except (ValueError, KeyError) as error:
            raise BadInvitationError("The QR code is damaged: scan it again, or have a new one shown.") from error
        if fingerprint is not None and len(fingerprint) != _SHA256:
            raise BadInvitationError("The QR code is damaged: scan it again, or have a new one shown.")
        return made

    def pin(self, doorway: int = DOORWAY) -> Pin:
        """Fetch the hub's CA, and believe it only if it has this fingerprint. Raises HubError."""
        if self.fingerprint is None:
            return Pin(self.host, self.port, self.addresses, None)
        certificate = _fetched(self.addresses or (self.host,), doorway)
        if not hmac.compare_digest(hashlib.sha256(certificate).digest(), self.fingerprint):
            raise NotTheHubError("What answers isn't the hub of this QR code: somebody may pose as it.")
        return Pin(self.host, self.port, self.addresses, _pem(certificate))


def for_now(found: "Found", doorway: int = DOORWAY) -> Pin:
    """Pin a hub that was found on the LAN with whatever CA it shows: not to be trusted before the words agree.

    Raises HubError.
    """
    certificate = _fetched(found.addresses, doorway)
    hint = found.facts.get("fp", "").lower()
    if hint and not hashlib.sha256(certificate).hexdigest().startswith(hint):
        raise NotTheHubError("What the hub announces isn't the authority that it shows: somebody may pose as it.")
    return Pin(found.host, found.port, found.addresses, _pem(certificate))


def fingerprint(pin: Pin) -> bytes:
    """SHA-256 of the pinned CA; of nothing, where there is none."""
    import ssl  # noqa: PLC0415

    return hashlib.sha256(b"" if pin.ca is None else ssl.PEM_cert_to_DER_cert(pin.ca)).digest()


def _pem(certificate: bytes) -> str:
    import ssl  # noqa: PLC0415

    return ssl.DER_cert_to_PEM_cert(certificate)


def _fetched(addresses: Iterable[str], doorway: int) -> bytes:
    import http.client  # noqa: PLC0415

    for address in addresses:
        conversation = http.client.HTTPConnection(address, doorway, timeout=_PATIENCE)
        try:
            conversation.request("GET", "/ca.crt")
            answer = conversation.getresponse()
            content = answer.read(_LARGEST)
        except (OSError, http.client.HTTPException):
            continue
        finally:
            conversation.close()
        if answer.status == http.client.OK:
            return content
    raise HubUnreachableError("The hub's certificate authority can't be fetched: is this device in the hub's network?")
