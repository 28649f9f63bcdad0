"""Sockets to listen with, bound here or handed over by systemd, and sentences for when that can't be."""

import errno
import socket
from collections.abc import Sequence

from rex_auth_edge.server.errors import ListenError

BACKLOG = 512
_UNREAD_MILLISECONDS = 60_000
"""A client that reads no answer for so long is let go (RFC 5482)."""


def bind(host: str, port: int, passed: Sequence[int] = ()) -> list[socket.socket]:
    """Sockets for every address that `host` stands for; with port 0 they share the port that the first was given.

    Where there are file descriptors of listening sockets in `passed` (sd_listen_fds(3)), those are taken instead.
    Raises ListenError.
    """
    return [_taken(number) for number in passed] if passed else _bound(host, port)


def _taken(number: int) -> socket.socket:
    try:
        sock = socket.socket(fileno=number)
    except OSError as error:
        raise ListenError(
            f"systemd has passed file descriptor {number}, which is no socket: {error.strerror}."
        ) from error
    listens = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
    if sock.type != socket.SOCK_STREAM or not listens:
        sock.close()
        raise ListenError("systemd has passed a socket that doesn't listen: the socket unit needs ListenStream=.")
    _settled(sock)
    sock.set_inheritable(False)
    return sock


def _bound(host: str, port: int) -> list[socket.socket]:
    sockets: list[socket.socket] = []
    try:
        for family, _, _, _, address in socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        ):
            where = (address[0], sockets[0].getsockname()[1] if sockets else port)
            sock = socket.create_server(where, family=family, backlog=BACKLOG, dualstack_ipv6=host == "::")
            _settled(sock)
            sockets.append(sock)
    except OSError as error:
        for sock in sockets:
            sock.close()
        raise ListenError(_why_not(host, port, error)) from error
    return sockets


def _settled(sock: socket.socket) -> None:
    sock.setblocking(False)  # noqa: FBT003  the socket's own method
    if sock.family != socket.AF_UNIX:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _UNREAD_MILLISECONDS)


def _why_not(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"Port {port} on {host} is already in use: stop the program that holds it (`ss -ltnp`), or choose another."
        )
    if error.errno in {errno.EACCES, errno.EPERM}:
        return f"Port {port} needs a privilege: give CAP_NET_BIND_SERVICE, or choose a port from 1024 up."
    reason = error.strerror or error
    return f"Can't listen at {host}, port {port}: {reason}. The host has to be an address of this machine."
