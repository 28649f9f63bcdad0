"""From one version to another and back, with the household's data, whatever the new version is like."""

import sys
from pathlib import Path

import pytest

from tests.install.house import INSTALL, NEXT, UNIT, UPGRADE, add, kept, people, serving, status
from tests.install.releases import BROKEN, GOOD, HANGING, Later, made
from tests.systemd.conftest import Boot, Layers
from tests.systemd.test_sockets import CALLER, called

BACK = (UPGRADE[0], "--back")


def test_upgrade_and_back(boot: Boot, layers: Layers, tmp_path: Path) -> None:
    """Nobody is turned away, nothing is lost; by hand one goes back to the version and the database of before."""
    with boot(there={made(GOOD, layers.release, tmp_path / "next"): NEXT}) as hub:
        before = serving(hub)
        add(hub, "maya")
        with hub.near(sys.executable, "-c", CALLER) as caller:
            said = hub.said(*UPGRADE)
            assert called(caller).endswith("[]")
        assert f"Upgrading from {before}-" in said
        assert (serving(hub), people(hub), kept(hub)) == (GOOD.version, ["maya"], [before, GOOD.version])
        add(hub, "noah")
        refused = hub.run(*BACK, check=False)
        assert (refused.returncode, serving(hub)) == (2, GOOD.version)
        hub.run(*BACK, "--yes")
        assert (serving(hub), people(hub)) == (before, ["maya"])
        assert hub.run(*BACK, "--yes", check=False).returncode == 1


@pytest.mark.parametrize("later", [BROKEN, HANGING], ids=["broken", "hanging"])
def test_an_upgrade_that_fails_goes_back(boot: Boot, layers: Layers, tmp_path: Path, later: Later) -> None:
    """A version that never serves is given two starts; then the old one runs on its old database, and one is told."""
    hasty = f"/run/systemd/system/{UNIT}.d"
    with boot(there={made(later, layers.release, tmp_path / "next"): NEXT}) as hub:
        before = serving(hub), status(hub)["database"]["schema"]
        add(hub, "maya")
        hub.shell(f"mkdir -p {hasty}; printf '[Service]\nTimeoutStartSec=8\nTimeoutStopSec=1\n' >{hasty}/hasty.conf")
        failed = hub.run(*UPGRADE, check=False)
        assert failed.returncode == 1
        assert f"version {later.version}" in failed.stderr.splitlines()[-1]
        assert (serving(hub), status(hub)["database"]["schema"]) == before
        assert people(hub) == ["maya"]
        assert hub.about(UNIT, "NeedDaemonReload") == ("no",)
        assert "runs as it should" in hub.said(*INSTALL)
        assert kept(hub) == [before[0]]
