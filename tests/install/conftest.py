"""The machines of tests/systemd, and a new one with the hub on it for each test, which may do to it what it likes."""

from collections.abc import Iterator

import pytest

from tests.systemd.conftest import Boot, boot, clean, layers, release, room, shared, wheels
from tests.systemd.machines import Machine

__all__ = ["boot", "clean", "layers", "release", "room", "shared", "wheels"]


@pytest.fixture
def hub(boot: Boot) -> Iterator[Machine]:
    """A machine whose hub serves."""
    with boot() as begun:
        begun.until("systemctl is-active rex-auth-edge.service")
        yield begun
