"""Kinds of values: how a setting's text is read, and what makes it impossible.

A parser raises ValueError with the end of a sentence that begins with the setting's name. It never repeats the value:
somebody may have put a secret in the wrong place.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from rex_auth_edge.domain.hub_names import UNIT_ID
from rex_auth_edge.domain.secret import Secret
from rex_auth_edge.server import TlsFiles

_BOOLEANS = {"true": True, "on": True, "yes": True, "1": True, "false": False, "off": False, "no": False, "0": False}
_LABEL = r"(?!-)[a-z0-9_-]{1,63}(?<!-)"
_HOST = re.compile(rf"{_LABEL}(\.{_LABEL})*")
_ADDRESS = re.compile(r"[^@\s<>\",;:\\()\[\]]{1,64}@[^@\s<>\",;:\\()\[\]]{1,255}")
_DEFAULT_PORTS = {"http": 80, "https": 443}
_REDIS_PORT = 6379
_DATABASES = {
    "sqlite": "sqlite",
    "mysql": "mysql+asyncmy",
    "mysql+pymysql": "mysql+asyncmy",
    "mysql+asyncmy": "mysql+asyncmy",
    "mariadb": "mysql+asyncmy",
}


@dataclass(frozen=True, slots=True)
class Kind:
    """`parse` reads a text; `toml` are the TOML types that the file may use for it, `wanted` says so to a person."""

    parse: Callable[[str], Any]
    toml: tuple[type, ...] = (str,)
    wanted: str = "a text in quotes"


def _boolean(text: str) -> bool:
    try:
        return _BOOLEANS[text.lower()]
    except KeyError:
        raise ValueError("has to be true or false (or on/off, yes/no, 1/0)") from None


BOOLEAN = Kind(_boolean, (bool,), "true or false, without quotes")


def integer(low: int, high: int, unit: str = "") -> Kind:
    """A whole number of [low, high]."""

    def parse(text: str) -> int:
        if not re.fullmatch(r"-?[0-9]{1,18}", text) or not low <= int(text) <= high:
            raise ValueError(f"has to be a whole number from {low} to {high}{unit and ' ' + unit}")
        return int(text)

    return Kind(parse, (int,), "a whole number, without quotes")


def _seconds(text: str) -> float:
    if not re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", text) or not 0 < float(text) <= 600:  # noqa: PLR2004  10 minutes
        raise ValueError("has to be a number of seconds above 0 and up to 600")
    return float(text)


SECONDS = Kind(_seconds, (int, float), "a number, without quotes")


def choice(*options: str) -> Kind:
    """One of a few words, in any case."""

    def parse(text: str) -> str:
        for option in options:
            if text.lower() == option.lower():
                return option
        raise ValueError(f"has to be one of {', '.join(options)}")

    return Kind(parse)


def _text(text: str) -> str:
    if not text or not text.isprintable() or text != text.strip():
        raise ValueError("has to be a text of one line, without spaces around it")
    return text


TEXT = Kind(_text)


def optional(kind: Kind) -> Kind:
    """The same kind, where an empty value means that there is none."""
    return Kind(lambda text: kind.parse(text) if text else None, kind.toml, kind.wanted)


def _secret(text: str) -> Secret:
    if not text.strip():
        raise ValueError("is empty: give it a value, or remove it")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("has to be UTF-8 text") from None
    return Secret(text)


SECRET = Kind(_secret)


def _path(text: str) -> Path:
    return Path(_text(text)).expanduser().absolute()


PATH = Kind(_path)


def _is_host(text: str) -> bool:
    try:
        return bool(ip_address(text))
    except ValueError:
        return len(text) <= 253 and _HOST.fullmatch(text) is not None  # noqa: PLR2004  RFC 1035 section 3.1


def _host(text: str) -> str:
    if not _is_host(text.lower()):
        raise ValueError("has to be the name or the IP address of a machine, without a port")
    return text.lower()


HOST = Kind(_host)


def _unit_id(text: str) -> str:
    if UNIT_ID.fullmatch(text.lower()) is None:
        raise ValueError("has to be 8 characters of a-z and 2-7 (base 32)")
    return text.lower()


UNIT = Kind(_unit_id)


def _email(text: str) -> str:
    if not text.isprintable() or _ADDRESS.fullmatch(text) is None:
        raise ValueError("has to be an e-mail address like rex@home.example, without a name before it")
    return text


EMAIL = Kind(_email)


def _split(text: str) -> SplitResult:
    if re.search(r"[\s\x00-\x1f\x7f\\]", text):
        raise ValueError("has to be a URL without spaces")
    parts = urlsplit(text)
    if (
        parts.scheme not in _DEFAULT_PORTS
        or not _is_host(parts.hostname or "")
        or "@" in parts.netloc
        or parts.port == 0
    ):
        raise ValueError
    return parts


def _url(text: str) -> str:
    try:
        parts = _split(text)
    except ValueError:
        raise ValueError("has to be a URL that begins with http:// or https:// and a host") from None
    if "?" in text or "#" in text:
        raise ValueError("has to be a URL without a query (?) or fragment (#)")
    return f"{_origin_of(parts)}{parts.path.rstrip('/')}"


URL_TEXT = Kind(_url)


def _origin_of(parts: SplitResult) -> str:
    """As browsers write it (RFC 6454 section 6.2): lower case, without the scheme's own port."""
    host = f"[{parts.hostname}]" if ":" in str(parts.hostname) else parts.hostname
    port = "" if parts.port in {None, _DEFAULT_PORTS[parts.scheme]} else f":{parts.port}"
    return f"{parts.scheme}://{host}{port}"


def _origin(text: str) -> str:
    try:
        parts = _split(text)
    except ValueError:
        parts = None
    if parts is None or parts.path not in {"", "/"} or "?" in text or "#" in text:
        raise ValueError(
            "has to be a list of origins like https://dashboard.example:8443, with commas between them, "
            "and no path and no * in them"
        )
    return _origin_of(parts)


def _host_name(text: str) -> str:
    if not _is_host(text.lower()):
        raise ValueError("has to be a list of host names with commas between them, without ports and without *")
    return text.lower()


def _network(text: str) -> Any:
    try:
        network = ip_network(text)
    except ValueError:
        raise ValueError(
            "has to be a list of addresses or networks like 127.0.0.1 or 10.8.0.0/24 (no bits set past the prefix)"
        ) from None
    if network.prefixlen == 0:
        raise ValueError("may not be everybody: anyone could then forge a client's address")
    return network


def _many(parse: Callable[[str], Any]) -> Kind:
    def parse_all(text: str) -> tuple[Any, ...]:
        return tuple(parse(item.strip()) for item in text.split(",") if item.strip())

    return Kind(parse_all, (str, list), "a list of texts, or one text with commas")


ORIGINS = _many(_origin)
HOSTS = _many(_host_name)
NETWORKS = _many(_network)


def _database(text: str) -> URL:
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        raise ValueError("has to be a URL like sqlite:////var/lib/rex/hub.db or mysql://user:...@host/name") from None
    driver = _DATABASES.get(url.drivername)
    if driver is None:
        raise ValueError("has to begin with sqlite:///, mysql://, mysql+pymysql://, mysql+asyncmy:// or mariadb://")
    if url.database in {None, "", ":memory:"}:
        raise ValueError("has to name a database after the host (for SQLite: a file after sqlite:///)")
    return url.set(drivername=driver)


DATABASE = Kind(_database)


def _rate_storage(text: str) -> str:
    """A server's URL with its port, Redis's own where it names none."""
    if text in {"memory", "memory://"}:
        return text
    if not re.fullmatch(r"(rediss?|valkeys?|redis\+unix)://\S+", text):
        raise ValueError("has to begin with memory://, redis://, rediss:// or valkey://")
    if text.startswith("redis+unix"):
        return text
    parts = urlsplit(text)
    try:
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, 0
    if not host or port == 0:
        raise ValueError("has to name a host, and a port from 1 to 65535 or none, like redis://:...@host:6379")
    return text if port else parts._replace(netloc=f"{parts.netloc.rstrip(':')}:{_REDIS_PORT}").geturl()


RATE_STORAGE = Kind(_rate_storage)


def _tls(text: str) -> str | TlsFiles:
    if text.lower() in {"auto", "off"}:
        return text.lower()
    names = [name.strip() for name in text.split(",")]
    if len(names) != 2 or not all(names):  # noqa: PLR2004  certificate and key
        raise ValueError('has to be auto, off, or two files with a comma between them: "cert.pem,key.pem"')
    certificate, key = (Path(name).expanduser().absolute() for name in names)
    for path in (certificate, key):
        try:
            path.open("rb").close()
        except (OSError, ValueError):
            raise ValueError(f"names {path}, which can't be read: check the path and its permissions") from None
    return TlsFiles(certificate, key)


TLS = Kind(_tls)
