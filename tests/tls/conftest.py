"""A real hub behind real TLS."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from rex_auth_edge.keys.tls import HouseholdCa
from tests.doubles import HandClock
from tests.tls.homes import Lan, ca_in
from tests.tls.secure import Secure, opened


@pytest.fixture
def lan() -> Lan:
    """A LAN where the hub has one address."""
    return Lan("192.168.1.5")


@pytest.fixture
def ca(tmp_path: Path, clock: HandClock, lan: Lan) -> HouseholdCa:
    """A CA that has just been made."""
    return ca_in(tmp_path, clock, lan)


@pytest.fixture
def listening() -> Iterator[dict[str, socket.socket]]:
    """Sockets for each door, as systemd holds them."""
    with ExitStack() as stack:
        yield {
            name: stack.enter_context(socket.create_server(("127.0.0.1", 0))) for name in ("https", "http", "gateway")
        }


@pytest.fixture
def hub(tmp_path: Path, listening: dict[str, socket.socket]) -> Iterator[Secure]:
    """A hub that has just been started for the first time."""
    with opened(tmp_path / "data", listening) as made:
        yield made
