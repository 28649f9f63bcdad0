"""The machines of tests/systemd."""

from tests.systemd.conftest import boot, clean, hub, layers, release, room, shared, wheels

__all__ = ["boot", "clean", "hub", "layers", "release", "room", "shared", "wheels"]
