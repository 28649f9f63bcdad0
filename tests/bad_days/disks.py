"""Small disks of their own, really mounted, that a test may fill, break and write-protect."""

import errno
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

MIB = 1024 * 1024
_CAP_SYS_ADMIN = 21
_EVERYBODY = str(2**32 - 1)


def needed() -> None:
    """Skip where the kernel doesn't let this process mount: for anybody but root, and for root in most containers."""
    facts = dict(line.split(":\t", 1) for line in Path("/proc/self/status").read_text().splitlines() if ":\t" in line)
    capable = int(facts["CapEff"], 16) >> _CAP_SYS_ADMIN & 1
    if not capable or Path("/proc/self/uid_map").read_text().split()[-1] != _EVERYBODY:
        pytest.skip("Disks can be mounted by the machine's root only.")


@contextmanager
def tmpfs(place: Path, mib: int) -> Iterator[Path]:
    """A disk of memory."""
    place.mkdir()
    with _mounted(place, "-t", "tmpfs", "-o", f"size={mib}m,mode=0700", "tmpfs") as mounted:
        yield mounted


@contextmanager
def ext4(place: Path, mib: int, *features: str) -> Iterator[Path]:
    """A disk in a sparse file beside the place, as the hub's card has it: with a journal and delayed allocation."""
    image = _image(place)
    with image.open("wb") as file:
        file.truncate(mib * MIB)
    subprocess.run(["mkfs.ext4", "-q", "-m", "0", *features, image], check=True)
    place.mkdir()
    with again(place) as mounted:
        yield mounted


@contextmanager
def again(place: Path) -> Iterator[Path]:
    """The same disk after it was taken out."""
    with _mounted(place, "-o", "loop", str(_image(place))) as mounted:
        yield mounted


@contextmanager
def elsewhere(place: Path) -> Iterator[Path]:
    """The same disk in another reader. In its old one it stays broken while any other test's namespace still has it."""
    found = ["losetup", "--find", "--show", str(_image(place))]
    reader = subprocess.run(found, check=True, capture_output=True, text=True).stdout.strip()
    try:
        with _mounted(place, reader) as mounted:
            yield mounted
    finally:
        subprocess.run(["losetup", "--detach", reader], check=True)


def _image(place: Path) -> Path:
    return place.with_name(f"{place.name}.img")


@contextmanager
def _mounted(place: Path, *how: str) -> Iterator[Path]:
    subprocess.run(["mount", *how, place], check=True)
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", place], check=True)


def remount(place: Path, how: str) -> None:
    """Change how a disk is mounted."""
    subprocess.run(["mount", "-o", f"remount,{how}", place], check=True)


def fill(place: Path) -> Path:
    """Write a file until not a byte more goes onto the disk."""
    ballast = place / "ballast"
    with ballast.open("ab", buffering=0) as file:
        for size, most in ((MIB, 1 << 20), (4096, 1 << 20), (1024, 1 << 20), (1, 4096)):
            try:
                for _ in range(most):
                    file.write(bytes(size))
                    if size > 1:
                        os.fsync(file.fileno())
            except OSError as error:
                assert error.errno == errno.ENOSPC  # noqa: PT017  the disk's own word that it is full
    return ballast
