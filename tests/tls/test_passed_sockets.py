"""Sockets that systemd has bound (sd_listen_fds(3)): told by the environment, taken as they are."""

import os
import socket
from pathlib import Path

import pytest

from rex_auth_edge.machine import addresses, passed_sockets
from rex_auth_edge.server import ListenError, bind

ME = str(os.getpid())


def test_told_by_the_environment() -> None:
    """By name, several of one name too; without names they are unknown."""
    told = {"LISTEN_PID": ME, "LISTEN_FDS": "3", "LISTEN_FDNAMES": "https:http:https"}
    assert passed_sockets(told) == {"https": (3, 5), "http": (4,)}
    assert passed_sockets({"LISTEN_PID": ME, "LISTEN_FDS": "1"}) == {"unknown": (3,)}


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"LISTEN_FDS": "1"},
        {"LISTEN_PID": "1", "LISTEN_FDS": "1", "LISTEN_FDNAMES": "https"},
        {"LISTEN_PID": ME, "LISTEN_FDS": "x", "LISTEN_FDNAMES": "https"},
        {"LISTEN_PID": ME, "LISTEN_FDS": "0", "LISTEN_FDNAMES": ""},
    ],
)
def test_told_to_another_process_or_wrongly(environ: dict[str, str]) -> None:
    """Nothing was passed to us: a child that inherits the environment takes nobody's sockets."""
    assert passed_sockets(environ) == {}


def test_taken_as_they_are() -> None:
    """Host and port of the settings don't matter; the socket doesn't block and isn't inherited further."""
    with socket.create_server(("127.0.0.1", 0)) as given:
        (taken,) = bind("192.0.2.1", 1, [os.dup(given.fileno())])
        with taken:
            assert taken.getsockname() == given.getsockname()
            assert not taken.getblocking()
            assert not taken.get_inheritable()


def test_what_does_not_listen(tmp_path: Path) -> None:
    """A file, a datagram socket, one that only is bound: a sentence about the socket unit."""
    with (tmp_path / "file").open("wb") as file, pytest.raises(ListenError, match="no socket"):
        bind("", 0, [os.dup(file.fileno())])
    for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
        with socket.socket(socket.AF_INET, kind) as sock, pytest.raises(ListenError, match="ListenStream"):
            bind("", 0, [os.dup(sock.fileno())])


def test_the_machine_has_addresses() -> None:
    """Its loopback at least, without zones."""
    found = addresses()
    assert "127.0.0.1" in found
    assert not any("%" in address for address in found)
