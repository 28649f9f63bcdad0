"""What can be set about the HTTP surface."""

from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network
from typing import Literal

from rex_auth_edge.domain.secret import Secret


@dataclass(frozen=True, slots=True)
class WebOptions:
    """`allowed_origins` are `scheme://host[:port]`, without a trailing slash.

    `rate_storage` is a URI of the `limits` library, for the cloud role; it may hold a password.
    """

    frontend_base_url: str
    allowed_origins: frozenset[str] = frozenset()
    allowed_hosts: frozenset[str] = frozenset()
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = ()
    csrf_protect: bool = True
    same_site: Literal["lax", "strict", "none"] = "lax"
    secure_cookies: bool = False
    rate_limits: bool = True
    rate_storage: str | None = field(default=None, repr=False)
    internal_service_token: Secret | None = None
