"""install.sh and settle killed, or the power cut, in the middle: the hub starts, and a second run ends it all."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bad_days import disks
from tests.install import cuts
from tests.install.house import INSTALL, NEXT, UNIT, UPGRADE, add, kept, people, serving
from tests.install.releases import GOOD, made
from tests.systemd.conftest import Boot, Layers
from tests.systemd.machines import Machine
from tests.systemd.power import Card, card

BUILT = "mv -T complete.new*"
WRITTEN_DOWN = 'point "$home/current"*'
MOVED = "link_units"
RESTARTED = "wait_until settled"
COPIED = 'write "$journal" "$from $to 1"'
PUT_BACK = 'switch_to "$from"'


def killed_at(hub: Machine, command: str) -> None:
    """Upgrade, and be killed right before the command."""
    done = hub.run(*UPGRADE, check=False, environ=cuts.prepare(hub, "install.sh", command, cuts.KILL))
    assert done.returncode not in {0, 1}, done.stdout + done.stderr


def test_killed_again_and_again(boot: Boot, layers: Layers, tmp_path: Path) -> None:
    """Killed at any point the hub serves, also after its next start, and the run that isn't killed ends the upgrade."""
    with boot(there={made(GOOD, layers.release, tmp_path / "next"): NEXT}) as hub:
        before = serving(hub)
        add(hub, "maya")
        for command, version in ((BUILT, before), (WRITTEN_DOWN, before), (MOVED, GOOD.version)):
            killed_at(hub, command)
            assert serving(hub) == before
            hub.run("systemctl", "restart", UNIT)
            assert (serving(hub), people(hub)) == (version, ["maya"])
        hub.run(UPGRADE[0], "--back", "--yes")
        killed_at(hub, RESTARTED)
        assert (serving(hub), people(hub)) == (GOOD.version, ["maya"])
        hub.run(*UPGRADE)
        assert (serving(hub), people(hub), kept(hub)) == (GOOD.version, ["maya"], [before, GOOD.version])


def test_a_first_installation_killed_again_and_again(boot: Boot) -> None:
    """Where no hub was there before, too, the run that isn't killed ends it all, and shows what to write down."""
    with boot(installed=False) as hub:
        for command in (BUILT, "measure", MOVED):
            done = hub.run(*INSTALL, check=False, environ=cuts.prepare(hub, "install.sh", command, cuts.KILL))
            assert done.returncode not in {0, 1}, done.stdout + done.stderr
        said = hub.said(*INSTALL)
        assert "\nsetup code   " in said
        assert "\nLabel's secret: " in said
        assert (serving(hub), people(hub), len(kept(hub))) == (kept(hub)[0], [], 1)


@pytest.fixture
def disk(room: Path) -> Iterator[Card]:
    """A card of its own for a machine."""
    disks.needed()
    with card(room / "card", 1500) as made_one:
        yield made_one


def test_power_cuts(boot: Boot, layers: Layers, tmp_path: Path, disk: Card) -> None:
    """Without power in the middle of an upgrade, or of going back, the next boot finishes it by itself."""
    there = {made(GOOD, layers.release, tmp_path / "next"): NEXT}
    with boot(there=there, upper=disk.place) as hub:
        before = serving(hub)
        add(hub, "maya")
        killed_at(hub, MOVED)
        cuts.settle_stops_at(hub, COPIED)
        hub.run("systemctl", "restart", "--no-block", UNIT)
        cuts.reached(hub)
        disk.cut_off(hub)
    with boot(there=there, upper=disk.place) as hub:
        assert (serving(hub), people(hub)) == (GOOD.version, ["maya"])
        add(hub, "noah")
        cuts.settle_stops_at(hub, PUT_BACK)
        going = hub.begin(UPGRADE[0], "--back", "--yes")
        cuts.reached(hub)
        disk.cut_off(hub)
        going.wait()
    with boot(there=there, upper=disk.place) as hub:
        assert (serving(hub), people(hub)) == (before, ["maya"])
        hub.run(*UPGRADE)
        assert (serving(hub), people(hub), kept(hub)) == (GOOD.version, ["maya"], [before, GOOD.version])
