"""A data directory for settings."""

from pathlib import Path

import pytest


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data directory that isn't there yet."""
    return tmp_path / "data"
