"""How a hub is called on its LAN, and which addresses a LAN has."""

import re
from base64 import b32encode
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from rex_auth_edge.domain.entropy import Entropy

UNIT_ID = re.compile(r"[a-z2-7]{8}")
"""Base 32 (RFC 4648 section 6) in lower case, as host names are written."""

NAMES = 9
"""A hub's name itself, and `-2` to `-9` for when another device on the LAN has it."""

PRIVATE = tuple(
    ip_network(text)
    for text in (
        *("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"),  # RFC 1918
        *("169.254.0.0/16", "fe80::/10"),  # link-local: RFC 3927, RFC 4291 section 2.5.6
        "fc00::/7",  # unique local: RFC 4193
        *("127.0.0.0/8", "::1/128"),  # loopback
    )
)
"""The networks that a household's hub can have addresses in."""


def new_unit_id(entropy: Entropy) -> str:
    """8 random characters: 40 bits, so that no two hubs that ever meet share a name."""
    return b32encode(entropy.token_bytes(5)).decode().lower()


def host_of(unit_id: str) -> str:
    """The hub's name in multicast DNS (RFC 6762 section 3)."""
    return f"rex-{unit_id}.local"


def hosts_of(unit_id: str) -> tuple[str, ...]:
    """Every name that the hub may have: the first is its own, the others are for when that is taken."""
    return host_of(unit_id), *(f"rex-{unit_id}-{number}.local" for number in range(2, NAMES + 1))


def is_private(address: IPv4Address | IPv6Address) -> bool:
    """Whether an address belongs to a LAN or to this machine."""
    return any(address in network for network in PRIVATE)


def certifiable(addresses: frozenset[str]) -> frozenset[str]:
    """The addresses that a hub's certificate names: private ones, and this machine's loopback in any case.

    IPv6 link-local ones are left out: they mean nothing without a zone, which neither a certificate nor a browser's
    address has room for, and every container that starts beside the hub brings one.
    """
    found = (ip_address(text) for text in addresses)
    kept = {str(each) for each in found if is_private(each) and not (each.version == 6 and each.is_link_local)}  # noqa: PLR2004
    return frozenset({*kept, "127.0.0.1", "::1"})
