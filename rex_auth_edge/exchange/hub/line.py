"""The line itself: HTTPS to one address, a connection that is kept, and answers that are bounded.

Blocking, in a thread: a hub does without an HTTP client in its memory. http:// leads to this same machine only.
"""

import ssl
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from pathlib import Path
from types import MappingProxyType
from typing import Protocol
from urllib.parse import urlsplit

from rex_auth_edge.exchange.hub.call import Call, Reply
from rex_auth_edge.exchange.trouble import LineError, Trouble

PATIENCE = 20.0
"""Seconds for each step, beyond those that the cloud was asked to wait."""
_FAULTS = (OSError, HTTPException, ValueError)
_NO_TLS = frozenset({"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "UNKNOWN_PROTOCOL", "PACKET_LENGTH_TOO_LONG"})
"""What OpenSSL says of an answer that is no TLS."""
_WHY: Mapping[int, str] = MappingProxyType({
    9: Trouble.EARLY,
    10: Trouble.EXPIRED,
    **dict.fromkeys((2, 7, 18, 19, 20, 21), Trouble.UNVOUCHED),
    **dict.fromkeys((62, 64), Trouble.ANOTHER_NAME),
})  # fmt: skip
"""OpenSSL's codes for why a certificate isn't believed: X509_V_ERR_* in its x509_vfy.h."""


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
        self._call: Call | None = None
        self._closed = False

    async def post(self, path: str, body: bytes, headers: Mapping[str, str], wait: float) -> Reply:
        """See `Line`."""
        kept = None if self._call is None else self._call.kept
        try:
            return await self._once(kept, path, body, headers, wait)
        except _FAULTS as error:
            # A kept connection may have been closed meanwhile; what was asked is safe to be asked twice.
            if kept is None or isinstance(error, TimeoutError):
                raise _explained(error) from error
        try:
            return await self._once(None, path, body, headers, wait)
        except _FAULTS as error:
            raise _explained(error) from error

    def close(self) -> None:
        """See `Line`."""
        self._closed = True
        if self._call is not None:
            self._call.give_up()

    async def _once(
        self, kept: HTTPConnection | None, path: str, body: bytes, headers: Mapping[str, str], wait: float
    ) -> Reply:
        if self._closed:
            raise LineError(Trouble.UNREACHABLE)
        self._call = Call(self._connect, kept)
        return await self._call.post(path, body, headers, PATIENCE + wait)

    def _connect(self) -> HTTPConnection:
        host, port = str(self._parts.hostname), self._parts.port
        if self._parts.scheme == "http":
            return HTTPConnection(host, port or 80, timeout=PATIENCE)
        return HTTPSConnection(host, port or 443, timeout=PATIENCE, context=_believing(self._ca))


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
