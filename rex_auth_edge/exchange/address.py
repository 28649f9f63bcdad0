"""The cloud's address, in the one spelling in which hubs sign it and the cloud checks that."""

from ipaddress import ip_address
from urllib.parse import urlsplit

_LOCAL = frozenset({"localhost"})


def url_of(text: str) -> str | None:
    """The cloud's address as it is signed; None for one that isn't to be used: HTTP leads to this machine alone."""
    try:
        parts = urlsplit(text.strip())
        port = parts.port
    except ValueError:
        return None
    host = (parts.hostname or "").lower()
    if parts.scheme not in {"https", "http"} or not host or parts.username or parts.query or parts.fragment:
        return None
    if parts.path.strip("/") or (parts.scheme == "http" and not is_here(host)):
        return None
    literal = f"[{host}]" if ":" in host else host
    usual = {"https": 443, "http": 80}[parts.scheme]
    return f"{parts.scheme}://{literal}" + ("" if port in {None, usual} else f":{port}")


def is_here(host: str) -> bool:
    """Whether the host's name, in lower case, means this machine."""
    try:
        return host in _LOCAL or ip_address(host).is_loopback
    except ValueError:
        return False
