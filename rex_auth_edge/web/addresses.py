"""Whose address a request comes from; forwarded headers are believed from configured proxies only."""

from ipaddress import IPv6Address, ip_address, ip_network

from rex_auth_edge.web.asgi import Scope, header
from rex_auth_edge.web.options import WebOptions


def client_address(scope: Scope, options: WebOptions) -> str:
    """The client's address: the peer's, or behind trusted proxies the last that none of them is."""
    peer = scope["client"][0] if scope.get("client") else ""
    if not options.trusted_proxies or not _trusted(peer, options):
        return peer
    forwarded = (header(scope, b"x-forwarded-for") or b"").decode("latin-1").split(",")
    for hop in reversed([text.strip() for text in forwarded]):
        if not _is_address(hop):
            return peer
        if not _trusted(hop, options):
            return hop
    return peer


def scheme(scope: Scope, options: WebOptions) -> str:
    """`https` or `http`, as the client sees it."""
    peer = scope["client"][0] if scope.get("client") else ""
    forwarded = (header(scope, b"x-forwarded-proto") or b"").decode("latin-1").strip().lower()
    if forwarded in {"http", "https"} and options.trusted_proxies and _trusted(peer, options):
        return forwarded
    return str(scope["scheme"])


def rate_key(address: str) -> str:
    """What an address counts as: an IPv6 host has its whole /64 (RFC 8981) to come from."""
    if not _is_address(address):
        return address
    found = ip_address(address)
    if isinstance(found, IPv6Address) and found.ipv4_mapped is None:
        return str(ip_network((found, 64), strict=False))
    return str(found)


def _trusted(address: str, options: WebOptions) -> bool:
    return _is_address(address) and any(ip_address(address) in network for network in options.trusted_proxies)


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
