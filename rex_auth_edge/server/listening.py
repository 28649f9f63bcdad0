"""Sockets and certificates to listen with, and sentences for when that can't be."""

import errno
import socket
import ssl
from dataclasses import dataclass
from pathlib import Path

from rex_auth_edge.domain.failures import ExplainedError

BACKLOG = 512


class ListenError(ExplainedError):
    """The server can't listen; the text is a sentence that says what to do."""


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """A certificate chain and its private key, both PEM."""

    certificate: Path
    key: Path


def tls_context(files: TlsFiles) -> ssl.SSLContext:
    """TLS 1.2 or later with this certificate. Raises ListenError."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
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


def bind(host: str, port: int) -> list[socket.socket]:
    """Sockets for every address that `host` stands for; with port 0 they share the port that the first was given."""
    sockets: list[socket.socket] = []
    try:
        for family, _, _, _, address in socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        ):
            where = (address[0], sockets[0].getsockname()[1] if sockets else port)
            sock = socket.create_server(where, family=family, backlog=BACKLOG, dualstack_ipv6=host == "::")
            sock.setblocking(False)  # noqa: FBT003  the socket's own method
            # A client that reads no answer is let go (RFC 5482).
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 60_000)
            sockets.append(sock)
    except OSError as error:
        for sock in sockets:
            sock.close()
        raise ListenError(_why_not(host, port, error)) from error
    return sockets


def _why_not(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"Port {port} on {host} is already in use: stop the program that holds it (`ss -ltnp`), or choose another."
        )
    if error.errno in {errno.EACCES, errno.EPERM}:
        return f"Port {port} needs a privilege: give CAP_NET_BIND_SERVICE, or choose a port from 1024 up."
    reason = error.strerror or error
    return f"Can't listen at {host}, port {port}: {reason}. The host has to be an address of this machine."
