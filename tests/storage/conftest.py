"""What the tests of storage are handed beside what every room's are."""

import shutil
from pathlib import Path

import pytest

from rex_auth_edge.storage import schema


@pytest.fixture
def history(tmp_path: Path) -> Path:
    """A copy of the history, which a test may add to."""
    copy = tmp_path / "history"
    shutil.copytree(schema.migrations_dir(), copy, ignore=shutil.ignore_patterns("__pycache__"))
    return copy
