"""What the tests of the clock are handed."""

from pathlib import Path

import pytest

from tests.clock.machines import Moved


@pytest.fixture
def moved(tmp_path: Path) -> Moved:
    """The real time, to be moved."""
    return Moved(tmp_path)
