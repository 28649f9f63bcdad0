"""The line itself: HTTPS to one address, a connection that is kept, and answers that are bounded.

Blocking, in a thread: a hub does without an HTTP client in its memory. http:// leads to this same machine only.
"""

import asyncio
import http.client
import socket
import ssl
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from rex_auth_edge.exchange.hub.trouble import CERTIFICATE, DAMAGED, UNREACHABLE, LineError
from rex_auth_edge.sync.wire import LARGEST_BODY

PATIENCE = 20.0
"""Seconds for each step, beyond those that the cloud was asked to wait."""
LARGEST_ANSWER = 4 * LARGEST_BODY
_LOCAL = frozenset({"localhost"})


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back; `headers` by lower-case name."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


class Line(Protocol):
    """A way to the cloud, for one request at a time."""

    async def post(self, path: str, body: bytes, headers: Mapping[str, str], wait: float) -> Reply:
        """The reply, which may take `wait` seconds longer than usual. Raises LineError."""
        ...

    def close(self) -> None:
        """Let go; what is under way ends."""
        ...


def url_of(text: str) -> str | None:
    """The cloud's address in the form in which it is signed; None for one that isn't to be used."""
    parts = urlsplit(text.strip())
    try:
        port = parts.port
    except ValueError:
        return None
    host = (parts.hostname or "").lower()
    if parts.scheme not in {"https", "http"} or not host or parts.username or parts.query or parts.fragment:
        return None
    if parts.path.strip("/") or (parts.scheme == "http" and not _is_here(host)):
        return None
    literal = f"[{host}]" if ":" in host else host
    usual = {"https": 443, "http": 80}[parts.scheme]
    return f"{parts.scheme}://{literal}" + ("" if port in {None, usual} else f":{port}")


def _is_here(host: str) -> bool:
    try:
        return host in _LOCAL or ip_address(host).is_loopback
    except ValueError:
        return False


class HttpLine:
    """To `url`, as `url_of` gives it; `ca` is a PEM file of the authority to be believed in place of the system's."""

    def __init__(self, url: str, ca: Path | None = None) -> None:
        self._parts = urlsplit(url)
        self._ca = ca
        self._connection: http.client.HTTPConnection | None = None
        self._closed = False

    async def post(self, path: str, body: bytes, headers: Mapping[str, str], wait: float) -> Reply:
        """See `Line`."""
        try:
            return await asyncio.to_thread(self._post, path, body, headers, wait)
        except asyncio.CancelledError:
            self._hang_up()
            raise

    def close(self) -> None:
        """See `Line`."""
        self._closed = True
        self._hang_up()

    def _hang_up(self) -> None:
        connection, self._connection = self._connection, None
        if connection is None:
            return
        if connection.sock is not None:
            with suppress(OSError):
                connection.sock.shutdown(socket.SHUT_RDWR)  # whoever reads from it in a thread comes back at once
        connection.close()

    def _post(self, path: str, body: bytes, headers: Mapping[str, str], wait: float) -> Reply:
        kept = self._connection is not None
        try:
            return self._once(path, body, headers, wait)
        except (OSError, http.client.HTTPException, ValueError) as error:
            self._hang_up()
            # A kept connection may have been closed meanwhile; what was asked is safe to be asked twice.
            if not kept or self._closed or isinstance(error, TimeoutError):
                raise _explained(error) from error
        try:
            return self._once(path, body, headers, wait)
        except (OSError, http.client.HTTPException, ValueError) as error:
            self._hang_up()
            raise _explained(error) from error

    def _once(self, path: str, body: bytes, headers: Mapping[str, str], wait: float) -> Reply:
        connection = self._connection = self._connection or self._connect()
        if connection.sock is None:
            connection.connect()
        connection.sock.settimeout(PATIENCE + wait)
        connection.request("POST", path, body, {"Accept-Encoding": "identity", **headers})
        answer = connection.getresponse()
        content = answer.read(LARGEST_ANSWER + 1)
        if len(content) > LARGEST_ANSWER:
            raise LineError(DAMAGED)
        if answer.will_close:
            self._hang_up()
        return Reply(answer.status, {name.lower(): value for name, value in answer.getheaders()}, content)

    def _connect(self) -> http.client.HTTPConnection:
        host, port = str(self._parts.hostname), self._parts.port
        if self._parts.scheme == "http":
            return http.client.HTTPConnection(host, port or 80, timeout=PATIENCE)
        context = ssl.create_default_context(cafile=None if self._ca is None else str(self._ca))
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        return http.client.HTTPSConnection(host, port or 443, timeout=PATIENCE, context=context)


def _explained(error: Exception) -> LineError:
    return LineError(CERTIFICATE if isinstance(error, ssl.SSLCertVerificationError) else UNREACHABLE)
