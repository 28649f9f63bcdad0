"""Whose address a request comes from; forwarded headers are believed from configured proxies only."""

from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from rex_auth_edge.domain.hub_names import is_private
from rex_auth_edge.web.asgi import Scope
from rex_auth_edge.web.options import WebOptions

_FORWARDED = frozenset({b"forwarded", b"via", b"x-forwarded-for", b"x-forwarded-host", b"x-real-ip"})
_LONGEST = 64
"""Characters of the longest address with its zone; longer texts aren't even looked at."""


def client_address(scope: Scope, options: WebOptions) -> str:
    """The client's address: the peer's, or behind trusted proxies the last that none of them is; empty without one."""
    peer = _peer(scope)
    if options.trusted_proxies and _trusted(peer, options.trusted_proxies):
        for hop in reversed(_listed(scope, b"x-forwarded-for")):
            if (found := _address(hop)) is None:
                break
            if not _trusted(hop, options.trusted_proxies):
                return str(found)
    return str(_address(peer) or peer)


def on_lan(scope: Scope, options: WebOptions) -> bool:
    """Whether the client is in the hub's own network: its address is private or link-local (RFC 1918, 3927, 4193).

    Not loopback, where a gateway may speak for anybody; not a proxy's own address; and nothing that was forwarded by
    somebody who isn't a trusted proxy, since only that one could know from where.
    """
    trusted = _trusted(_peer(scope), options.trusted_proxies)
    if not trusted and any(name in _FORWARDED for name, _ in scope["headers"]):
        return False
    text = client_address(scope, options)
    found = _address(text)
    return (
        found is not None
        and is_private(found)
        and not found.is_loopback
        and not _trusted(text, options.trusted_proxies)
    )


def scheme(scope: Scope, options: WebOptions) -> str:
    """`https` or `http`, as the client sees it."""
    if by_trusted_proxy(scope, options):
        # The last is what the proxy itself has said; what stands before it came from its client.
        last = (_listed(scope, b"x-forwarded-proto") or [""])[-1].lower()
        if last in {"http", "https"}:
            return last
    return str(scope["scheme"])


def by_trusted_proxy(scope: Scope, options: WebOptions) -> bool:
    """Whether it comes from a proxy whose forwarded headers are believed."""
    return bool(options.trusted_proxies) and _trusted(_peer(scope), options.trusted_proxies)


def rate_key(address: str) -> str:
    """What an address counts as. A host on the internet has a whole /64 to come from (RFC 8981).

    A household's own hosts share one, link-local or unique local, so those count by themselves.
    """
    found = _address(address)
    if isinstance(found, IPv6Address) and not found.is_private:
        return str(ip_network((found, 64), strict=False))
    return str(found or address[:_LONGEST])


def _peer(scope: Scope) -> str:
    """The other end of the connection; a Unix socket has none."""
    return scope["client"][0] if scope.get("client") else ""


def _listed(scope: Scope, name: bytes) -> list[str]:
    """The members of a list header; a proxy may append a line of its own (RFC 9110 section 5.3)."""
    lines = [value for key, value in scope["headers"] if key == name]
    return [member.strip() for member in b",".join(lines).decode("latin-1").split(",")] if lines else []


@lru_cache(maxsize=256)
def is_literal(name: str) -> bool:
    """Whether a host's name is an address, an IPv6 one perhaps in brackets."""
    try:
        ip_address(name.removeprefix("[").removesuffix("]"))
    except ValueError:
        return False
    return True


@lru_cache(maxsize=1024)
def _trusted(address: str, proxies: tuple[IPv4Network | IPv6Network, ...]) -> bool:
    found = _address(address)
    return found is not None and any(found in network for network in proxies)


@lru_cache(maxsize=1024)
def _address(text: str) -> IPv4Address | IPv6Address | None:
    """The address without its zone, an IPv4 one that came over an IPv6 socket as itself; None for anything else."""
    if len(text) > _LONGEST:
        return None
    try:
        found = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return (found.ipv4_mapped or found) if isinstance(found, IPv6Address) else found
