"""A Debian root as it comes from a mirror, made once and kept."""

import fcntl
import hashlib
import os
import platform
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

KEPT = Path("/var/tmp/rex-auth-edge-tests")  # noqa: S108  made for root alone, and worth more than one boot
_NAMESPACES = ("--mount", "--pid", "--net", "--uts", "--ipc", "--cgroup")
_PACKAGES = "systemd,systemd-sysv,dbus,python3"


class NoMachineError(Exception):
    """No machine can be made or booted on this system."""


def root() -> Path:
    """The root, made if it isn't there. Raises NoMachineError, also where it couldn't be booted."""
    _unless_impossible()
    suite = platform.freedesktop_os_release().get("VERSION_CODENAME", "")
    mark = hashlib.sha256(_PACKAGES.encode()).hexdigest()[:8]
    made = KEPT / f"{suite}-{platform.machine()}-{mark}"
    with alone("debian"):
        if not (made / "complete").exists():
            shutil.rmtree(made, ignore_errors=True)
            _bootstrap(suite, _mirror(suite), made / "files")
            (made / "complete").touch()
    return made / "files"


def _unless_impossible() -> None:
    if os.geteuid() != 0:
        raise NoMachineError("it takes root.")
    if not Path("/sys/fs/cgroup/unified").is_dir() or not Path("/sys/fs/cgroup/memory").is_dir():
        raise NoMachineError("control groups have to be of the hybrid layout, with memory= in /sys/fs/cgroup/memory.")
    if subprocess.run(["unshare", *_NAMESPACES, "--fork", "true"], check=False, capture_output=True).returncode:
        raise NoMachineError("new namespaces aren't allowed; in a container, run it privileged.")


@contextmanager
def alone(what: str) -> Iterator[None]:
    """Hold this against the other processes of the test run."""
    KEPT.mkdir(mode=0o700, exist_ok=True)
    with (KEPT / f"{what}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _mirror(suite: str) -> str:
    """The address from which apt gets this system's own release."""
    asked = ["apt-get", "indextargets", "--format", "$(RELEASE) $(REPO_URI)", "Created-By: Packages", "Component: main"]
    try:
        lines = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.splitlines()
    except OSError as error:
        raise NoMachineError("this system isn't Debian.") from error
    for line in lines:
        release, _, address = line.partition(" ")
        if release == suite:
            return address
    raise NoMachineError(f"apt has no mirror of {suite or 'its release'}.")


def _bootstrap(suite: str, mirror: str, target: Path) -> None:
    if shutil.which("debootstrap") is None:
        raise NoMachineError("debootstrap is missing. On Debian: apt install debootstrap")
    target.mkdir(parents=True)
    command = ["debootstrap", "--variant=minbase", f"--include={_PACKAGES}", suite, str(target), mirror]
    with (target.parent / "debootstrap.log").open("w") as log:
        done = subprocess.run(command, stdout=log, stderr=log, check=False)
    if done.returncode:
        raise NoMachineError(f"debootstrap failed, without a network perhaps; see {target.parent}/debootstrap.log.")
