"""The shell scripts by themselves."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from rex_auth_edge import machine

ROOT = Path(__file__).parents[2]
SHELL = re.compile("#!.*sh\n")
SCRIPTS = sorted(
    path
    for path in (*ROOT.glob("*.sh"), *(ROOT / "systemd").rglob("*"), *(ROOT / "tests").rglob("*.sh"))
    if path.is_file() and (path.suffix == ".sh" or SHELL.match(path.read_text()))
)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_script_is_sound(script: Path) -> None:
    """Shellcheck finds nothing worth a warning."""
    if shutil.which("shellcheck") is None:
        said = "shellcheck isn't installed. On Debian: apt install shellcheck"
        if machine.environment().get("CI") == "true":
            pytest.fail(said)
        pytest.skip(said)
    found = subprocess.run(
        ["shellcheck", "--severity=warning", str(script)], capture_output=True, text=True, check=False
    )
    assert found.stdout == ""


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_script_can_be_read_whole(script: Path) -> None:
    """No script passes 300 lines."""
    assert len(script.read_text().splitlines()) <= 300
