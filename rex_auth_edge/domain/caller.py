"""Who is at the other end of the wire, as far as the wire tells; never an identity."""

import hashlib
from dataclasses import dataclass

UNKNOWN_DEVICE = bytes(32)
"""Stands for every device that hasn't signed in before."""


@dataclass(frozen=True, slots=True)
class Caller:
    """The address, the user agent and the device cookie (OWASP) that a request came with.

    `on_lan`: it came straight from an address in the hub's own network, or through a proxy that is to be believed.
    """

    ip_address: str = ""
    user_agent: str = ""
    device_token: str | None = None
    on_lan: bool = False

    @property
    def device_hash(self) -> bytes:
        """SHA-256 of the device cookie, or `UNKNOWN_DEVICE`; the cookie has 256 random bits, so no key is needed."""
        if self.device_token is None:
            return UNKNOWN_DEVICE
        return hashlib.sha256(self.device_token.encode()).digest()

    @property
    def label(self) -> str:
        """What a person sees as the device's name."""
        return self.user_agent[:255] or "unknown device"
