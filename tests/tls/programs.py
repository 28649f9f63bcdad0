"""System programs that tests of TLS ask for a second opinion."""

import shutil

import pytest

from rex_auth_edge import machine


def needed(**packages: str) -> None:
    """Skip the test where a program is missing, named with its package; in CI fail it."""
    missing = [package for program, package in packages.items() if shutil.which(program) is None]
    if missing:
        said = f"Not installed: {', '.join(missing)}. On Debian: apt install {' '.join(missing)}"
        pytest.fail(said) if machine.environment().get("CI") == "true" else pytest.skip(said)
