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
from pathlib import Path
from types import MappingProxyType
from typing import Protocol
from urllib.parse import urlsplit

from rex_auth_edge.exchange.trouble import LineError, Trouble
from rex_auth_edge.sync.wire import LARGEST_BODY

PATIENCE = 20.0
"""Seconds for each step, beyond those that the cloud was asked to wait."""
LARGEST_ANSWER = 4 * LARGEST_BODY
_NO_TLS = frozenset({"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "UNKNOWN_PROTOCOL", "PACKET_LENGTH_TOO_LONG"})
"""What OpenSSL says of an answer that is no TLS."""
_WHY: Mapping[int, str] = MappingProxyType({
    9: Trouble.EARLY,
    10: Trouble.EXPIRED,
    **dict.fromkeys((2, 7, 18, 19, 20, 21), Trouble.UNVOUCHED),
    **dict.fromkeys((62, 64), Trouble.ANOTHER_NAME),
})  # fmt: skip
"""OpenSSL's codes for why a certificate isn't believed: X509_V_ERR_* in its x509_vfy.h."""


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
        """Let go for good; what is under way ends."""
        ...


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
        if self._closed:
            raise LineError(Trouble.UNREACHABLE)
        connection = self._connection = self._connection or self._connect()
        if connection.sock is None:
            connection.connect()
        connection.sock.settimeout(PATIENCE + wait)
        connection.request("POST", path, body, {"Accept-Encoding": "identity", **headers})
        answer = connection.getresponse()
        content = answer.read(LARGEST_ANSWER + 1)
        if len(content) > LARGEST_ANSWER:
            raise LineError(Trouble.DAMAGED)
        if answer.will_close:
            self._hang_up()
        return Reply(answer.status, {name.lower(): value for name, value in answer.getheaders()}, content)

    def _connect(self) -> http.client.HTTPConnection:
        host, port = str(self._parts.hostname), self._parts.port
        if self._parts.scheme == "http":
            return http.client.HTTPConnection(host, port or 80, timeout=PATIENCE)
        return http.client.HTTPSConnection(host, port or 443, timeout=PATIENCE, context=_believing(self._ca))


def _believing(ca: Path | None) -> ssl.SSLContext:
    """Raises LineError where the named authority can't be read."""
    try:
        context = ssl.create_default_context(cafile=None if ca is None else str(ca))
    except (OSError, ValueError) as error:
        raise LineError(Trouble.NO_AUTHORITY) from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _explained(error: Exception) -> LineError:
    if isinstance(error, ssl.SSLCertVerificationError):
        return LineError(_WHY.get(getattr(error, "verify_code", 0), Trouble.CERTIFICATE))
    unspoken = isinstance(error, ssl.SSLError) and getattr(error, "reason", "") in _NO_TLS
    return LineError(Trouble.NO_TLS if unspoken else Trouble.UNREACHABLE)
