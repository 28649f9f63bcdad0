"""The units by themselves: what systemd says to them, and how much of the machine they leave open."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from rex_auth_edge import machine
from rex_auth_edge.keeping.backup import KEY_FILE
from rex_auth_edge.keys import measure
from rex_auth_edge.settings.table import TABLE

UNITS = Path(__file__).parents[2] / "systemd"
SERVICES = sorted(UNITS.glob("*.service"))
MOST_EXPOSED = 15
"""Tenths, as systemd-analyze counts: 1.5."""


@pytest.fixture(autouse=True)
def _analyzer() -> None:
    if shutil.which("systemd-analyze") is None:
        said = "systemd isn't installed. On Debian: apt install systemd"
        pytest.fail(said) if machine.environment().get("CI") == "true" else pytest.skip(said)


def analyzed(*arguments: str) -> subprocess.CompletedProcess[str]:
    """What systemd-analyze says."""
    return subprocess.run(["systemd-analyze", *arguments], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("unit", SERVICES, ids=lambda path: str(path.stem))
def test_a_service_is_exposed_to_little(unit: Path) -> None:
    """`systemd-analyze security` finds 1.5 or less."""
    said = analyzed("security", "--offline=true", f"--threshold={MOST_EXPOSED}", "--no-pager", str(unit))
    assert said.returncode == 0, said.stdout


def test_the_units_are_well_formed() -> None:
    """`systemd-analyze verify` finds nothing but that the program isn't installed here."""
    units = [str(path) for path in UNITS.iterdir() if path.suffix in {".service", ".socket", ".timer"}]
    said = analyzed("verify", "--man=no", *units).stderr.splitlines()
    assert [line for line in said if "/opt/rex-auth-edge/" not in line] == []


def test_every_secret_has_its_credential() -> None:
    """What may be set as a secret on a hub can come from the credential store, in each service alike."""
    wanted = {setting.name for setting in TABLE if setting.secret} - {"RATELIMIT_STORAGE_URI"}
    for unit in SERVICES:
        assert set(re.findall(r"^LoadCredential=(\w+):rex-auth-edge\.\1$", unit.read_text(), re.MULTILINE)) == wanted


def test_memory_has_room_for_hashing() -> None:
    """The limit holds the program and two hashes of the most memory that measuring gives them, twice over."""
    (limit,) = re.findall(r"^MemoryMax=(\d+)M$", (UNITS / "rex-auth-edge.service").read_text(), re.MULTILINE)
    program = 128
    assert int(limit) >= 2 * (program + 2 * measure.MOST_KIB // 1024)


def test_the_backup_waits_for_its_key() -> None:
    """The nightly backup's condition is the file that `db backup-key` makes."""
    unit = (UNITS / "rex-auth-edge-backup.service").read_text()
    assert f"ConditionPathExists=/var/lib/rex-auth-edge/{KEY_FILE}\n" in unit
