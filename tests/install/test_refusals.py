"""What install.sh says of machines that can't, or where nothing can be asked; and that it then changes nothing."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.install import cuts
from tests.install.house import INSTALL, NEXT, UPGRADE, add, kept, people, serving
from tests.install.releases import GOOD, made
from tests.systemd.conftest import RELEASE, WHEELS, Boot, Layers
from tests.systemd.machines import Machine

FULL = "dd if=/dev/zero of=/opt/ballast bs=1M 2>/dev/null || true"
LISTEN = """
python3 -c 'import socket, time; held = socket.create_server(("0.0.0.0", 443)); time.sleep(600)' >/dev/null 2>&1 &
until grep -q ':01BB' /proc/net/tcp; do sleep 0.1; done
"""
OLD_PYTHON = """
printf '#!/bin/sh\ncase "$*" in *print*) echo 3.9 ;; *) exit 1 ;; esac' >/usr/bin/python3.9
chmod 755 /usr/bin/python3.9
ln -sf python3.9 /usr/bin/python3
"""
OTHER_SYSTEM = "rm /etc/os-release; printf 'ID=fedora\nVERSION_ID=41\nPRETTY_NAME=Fedora-41\n' >/etc/os-release"
TROUBLES = {
    "port": (LISTEN, "Port 443 is in use by another program (ss -ltnp names it)"),
    "no python": ("rm /usr/bin/python3", "There is no Python (/usr/bin/python3): apt-get install python3"),
    "old python": (OLD_PYTHON, "Python 3.9 is too old: 3.11 is needed"),
    "no room": ("mount -t tmpfs -o size=50m tmpfs /opt", "/opt has 50 MiB free, and 400 are needed: make room"),
    "no room for data": ("mount -t tmpfs -o size=9m tmpfs /var/lib", "/var/lib has 9 MiB free, and 50 are needed"),
    "processor": ("printf '#!/bin/sh\necho riscv64' >/usr/bin/dpkg", "There is no build for this processor (riscv64)"),
}


@pytest.fixture
def bare(boot: Boot) -> Iterator[Machine]:
    """A clean Debian, and no hub."""
    with boot(installed=False) as begun:
        yield begun


def wrong(machine: Machine, *command: str) -> tuple[int, str]:
    """How a run ends that can't succeed, and all that it says."""
    done = machine.run(*command, check=False)
    assert done.returncode
    assert (done.stdout + done.stderr).splitlines()[-1].startswith("Stopped: ")
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("trouble", TROUBLES)
def test_a_machine_that_cant(bare: Machine, trouble: str) -> None:
    """One is told what is wrong and what to do, by --check and by the run itself, and nothing is there afterwards."""
    made, said = TROUBLES[trouble]
    bare.shell(made)
    for command in ((*INSTALL, "--check"), INSTALL):
        code, text = wrong(bare, *command)
        assert (code, said in text) == (1, True), text
    assert not bare.shell("ls /opt; ls -d /etc/rex* /var/lib/rex* 2>/dev/null || true")


def test_it_wants_what_it_needs(bare: Machine) -> None:
    """Root, a folder with every package, the whole release, a known word, a network: each lack has its sentence."""
    bare.shell(f"mkdir /empty /torn /lacking; cp {RELEASE}/install.sh /torn; cp {WHEELS}/pip* /lacking")
    bare.shell(">/etc/apt/sources.list")
    nobody = ("setpriv", "--reuid=65534", "--clear-groups", *INSTALL)
    assert wrong(bare, *nobody) == (2, "Stopped: this needs root: sudo ./install.sh\n")
    for command, said in {
        (*INSTALL[:2], "/empty", "--check"): "/empty has no pip as it was locked: fill it anew (make wheels)",
        (*INSTALL[:2], "/lacking", "--check"): "/lacking doesn't have every package: ERROR: ",
        (*INSTALL[:2], "/nowhere"): "There is no folder /nowhere",
        (*INSTALL[:2],): "--wheels needs a folder",
        ("/torn/install.sh",): "/torn lacks systemd/install/present.sh: unpack the whole release",
        (INSTALL[0], "--frobnicate"): "there is no --frobnicate",
        (INSTALL[0],): "the Debian packages python3-venv are needed and couldn't be installed",
    }.items():
        assert said in wrong(bare, *command)[1]
    with bare.begin("flock", "/run/lock/rex-auth-edge-install", "sleep", "600") as other:
        bare.until("! flock --nonblock /run/lock/rex-auth-edge-install true")
        assert "another install.sh is at work here" in wrong(bare, *INSTALL)[1]
        other.kill()


def test_another_system_is_warned_of(bare: Machine) -> None:
    """On a system that it wasn't made for it says so, and goes on."""
    bare.shell(OTHER_SYSTEM)
    done = bare.run(INSTALL[0], "--check")
    assert "Fedora-41 is untested" in done.stderr
    assert done.stdout.endswith("This machine can.\n")


def test_without_systemd(bare: Machine) -> None:
    """Where something else has started the machine there is nothing that it could be installed into."""
    hidden = f"mount -t tmpfs tmpfs /run/systemd; {INSTALL[0]} --check"
    assert "Problem: systemd doesn't run here" in wrong(bare, "unshare", "--mount", "bash", "-c", hidden)[1]


def test_a_check_changes_nothing(bare: Machine) -> None:
    """It says what would be done, also to somebody without rights, and leaves no file behind."""
    bare.shell("sleep 1; touch /run/before")
    for who in ((), ("setpriv", "--reuid=65534", "--clear-groups")):
        assert "It would install rex-auth-edge" in bare.said(*who, *INSTALL, "--check")
    new = "find /etc /opt /usr /var /root /home /srv /tmp -xdev -newer /run/before ! -path '/var/log/*' ! -type d"
    assert bare.shell(new) == ""


def test_the_disk_fills_while_it_builds(boot: Boot, layers: Layers, tmp_path: Path) -> None:
    """The hub that was there serves on, the room is given back, and with more of it the upgrade works."""
    with boot(there={made(GOOD, layers.release, tmp_path / "next"): NEXT}) as hub:
        before = serving(hub)
        add(hub, "maya")
        hub.shell("cp -a /opt /opt.old; mount -t tmpfs -o size=700m tmpfs /opt; cp -a /opt.old/. /opt")
        failed = hub.run(*UPGRADE, check=False, environ=cuts.prepare(hub, "install.sh", 'copy_packages "$1"*', FULL))
        assert "Stopped: the disk is full: make room, then run this again." in failed.stderr
        assert (serving(hub), people(hub), kept(hub)) == (before, ["maya"], [before])
        hub.run("rm", "/opt/ballast")
        hub.run(*UPGRADE)
        assert (serving(hub), people(hub)) == (GOOD.version, ["maya"])
