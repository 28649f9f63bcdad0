"""TLS with a certificate that can change while the server runs."""

import logging
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rex_auth_edge.server.errors import ListenError

_CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"
"""For TLS 1.2: forward secrecy and authenticated encryption (RFC 9325 section 4.2). TLS 1.3 has nothing else."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """A certificate chain and its private key, both PEM; they may be one file."""

    certificate: Path
    key: Path


class LiveTls:
    """TLS 1.2 or later with what lies in `files`, and after each `look` with what lies there then.

    Connections keep the certificate that they began with. Raises ListenError if the files can't be used.
    """

    def __init__(self, files: TlsFiles) -> None:
        self._files = files
        self._seen = _state(files)
        self._current = _context(files)
        self.context = _context(files)
        """For listeners: each handshake takes the present certificate."""
        self.context.sni_callback = self._choose

    def look(self) -> bool:
        """Take changed files into use; whether there was a change that could be.

        Files that can't be used are logged, once for each change, and the old certificate stays.
        """
        now = _state(self._files)
        if now == self._seen:
            return False
        self._seen = now
        try:
            self._current = _context(self._files)
        except ListenError as error:
            _log.warning("Going on with the old certificate. %s", error)
            return False
        _log.info("New connections get the changed certificate of %s.", self._files.certificate)
        return True

    def _choose(self, connection: Any, _: str | None, __: ssl.SSLContext) -> None:
        """OpenSSL calls this for every handshake, whether or not the client says a name."""
        connection.context = self._current


def _context(files: TlsFiles) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION
    context.set_ciphers(_CIPHERS)
    context.set_alpn_protocols(["http/1.1"])
    try:
        context.load_cert_chain(files.certificate, files.key, password=_no_passphrase)
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or error
        raise ListenError(
            f"The certificate {files.certificate} with the key {files.key} can't be used: {reason}. "
            "Both have to be PEM files that belong together, the key without a passphrase."
        ) from error
    return context


def _no_passphrase() -> str:
    """OpenSSL would ask on the terminal, and wait."""
    raise ValueError("the key is encrypted")


def _state(files: TlsFiles) -> list[tuple[int, ...] | None]:
    """What tells that a file has changed."""
    found: list[tuple[int, ...] | None] = []
    for path in (files.certificate, files.key):
        try:
            facts = path.stat()
            found.append((facts.st_dev, facts.st_ino, facts.st_size, facts.st_mtime_ns))
        except OSError:
            found.append(None)
    return found
