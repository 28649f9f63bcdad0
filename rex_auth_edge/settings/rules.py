"""What settings have to agree on with each other. Each rule yields sentences that name the settings.

A setting that has a problem of its own is None here.
"""

from collections.abc import Iterator, Mapping
from ipaddress import ip_address
from typing import Any

from rex_auth_edge.domain.secret import Secret

Values = Mapping[str, Any]

_HS256_BYTES = 32
_PORTS = {
    "REX_PORT": "",
    "REX_METRICS_PORT": ", or 0 to do without metrics",
    "REX_HTTP_PORT": ", or 0 to do without it",
    "REX_GATEWAY_PORT": ", or 0 to do without it",
}
_ARGON2_FLOOR = ((47104, 1), (19456, 2), (12288, 3), (9216, 4), (7168, 5))
"""KiB and passes that OWASP's Password Storage Cheat Sheet holds for equally strong, with one lane."""


def problems(values: Values) -> Iterator[str]:
    """Sentences on what can't work together."""
    yield from _listener(values)
    yield from problems_beside(values)


def problems_beside(values: Values) -> Iterator[str]:
    """Those that matter without a listener too."""
    yield from _tokens(values)
    yield from _argon2(values)
    yield from _mail(values)
    yield from _cloud(values)


def warnings(values: Values) -> Iterator[str]:
    """Sentences on what works and is unwise."""
    if values["SMTP_ENABLED"] and not values["SMTP_USE_TLS"] and values["SMTP_PASSWORD"] and not _loopback(values):
        yield "SMTP_USE_TLS=false sends SMTP_PASSWORD in the clear: set it to true unless nobody listens in between."
    if values["CSRF_PROTECT"] is False:
        yield "CSRF_PROTECT=false lets other web sites act for a person who is signed in by cookie."
    key = values["SECRET_KEY"]
    if key is not None and _bytes(key) < _HS256_BYTES:
        yield "SECRET_KEY is shorter than 32 bytes and can be guessed: make one with `openssl rand -hex 32`."


def _tokens(values: Values) -> Iterator[str]:
    secret = values["JWT_SECRET_KEY"]
    if values["JWT_ALGORITHM"] == "HS256" and (secret is None or _bytes(secret) < _HS256_BYTES):
        yield "JWT_ALGORITHM=HS256 needs JWT_SECRET_KEY of 32 bytes or more: make one with `openssl rand -hex 32`."
    refresh, session = values["REFRESH_TOKEN_EXPIRES_DAYS"], values["REX_SESSION_DAYS"]
    if refresh and session and refresh > session:
        yield "REX_SESSION_DAYS is shorter than REFRESH_TOKEN_EXPIRES_DAYS: raise the one or lower the other."


def _listener(values: Values) -> Iterator[str]:
    if values["REX_TLS"] == "auto" and values["REX_ROLE"] == "cloud":
        yield 'REX_TLS=auto is for a household\'s hub: REX_ROLE=cloud takes off, or files: "cert.pem,key.pem".'
    if values["REX_TLS"] == "off" and values["REX_HTTP_PORT"]:
        yield "REX_HTTP_PORT leads to HTTPS, and REX_TLS=off: set it to 0, or REX_TLS to auto."
    yield from _ports(values)
    if values["CSRF_COOKIE_SAMESITE"] == "None" and values["CSRF_COOKIE_SECURE"] is False:
        yield "CSRF_COOKIE_SAMESITE=None without CSRF_COOKIE_SECURE=true is refused by browsers: use Lax or HTTPS."


def _ports(values: Values) -> Iterator[str]:
    """One port for each purpose."""
    taken: dict[int, str] = {}
    for name, purpose in _PORTS.items():
        port = values[name]
        if port and port in taken:
            yield f"{name} is the same as {taken[port]}: give it another{purpose}."
        taken.setdefault(port or 0, name)


def _argon2(values: Values) -> Iterator[str]:
    memory, passes = values["REX_ARGON2_MEMORY_KIB"], values["REX_ARGON2_PASSES"]
    if not memory or not passes or any(memory >= floor and passes >= times for floor, times in _ARGON2_FLOOR):
        return
    yield (
        "REX_ARGON2_MEMORY_KIB and REX_ARGON2_PASSES together are weaker than OWASP allows: "
        "use at least 19456 KiB with 2 passes, or 12288 with 3, 9216 with 4, 7168 with 5."
    )


def _mail(values: Values) -> Iterator[str]:
    if values["SMTP_ENABLED"] and not values["SMTP_SERVER"]:
        yield "SMTP_ENABLED=true needs SMTP_SERVER: name the server, or set SMTP_ENABLED=false."
    if (values["SMTP_USERNAME"] is None) != (values["SMTP_PASSWORD"] is None):
        yield "SMTP_USERNAME and SMTP_PASSWORD go together: set both or neither."


def _cloud(values: Values) -> Iterator[str]:
    if values["REX_ROLE"] != "cloud":
        return
    if values["SECRET_KEY"] is None:
        yield "REX_ROLE=cloud needs SECRET_KEY, the same on every instance: make one with `openssl rand -hex 32`."
    database = values["DATABASE_URL"]
    if database is None or database.get_backend_name() != "mysql":
        yield "REX_ROLE=cloud needs a DATABASE_URL of MariaDB or MySQL, like mysql://user:...@host/name."
    shared = values["RATELIMIT_STORAGE_URI"]
    if shared is None or shared.startswith("memory"):
        yield "REX_ROLE=cloud needs a RATELIMIT_STORAGE_URI of Redis or Valkey, like redis://:...@host:6379."


def _bytes(secret: Secret) -> int:
    return len(secret.reveal().encode())


def _loopback(values: Values) -> bool:
    server = values["SMTP_SERVER"]
    try:
        return ip_address(server).is_loopback
    except ValueError:
        return bool(server == "localhost")
