"""Power cuts: what a card holds that loses its power, which is what was written to it, and not what was about to be."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.systemd.machines import Machine

_MIB = 1024 * 1024


@dataclass(frozen=True)
class Card:
    """An ext4 disk in a sparse file, mounted at `place`."""

    place: Path

    @property
    def image(self) -> Path:
        """The file, in which is what has reached the disk."""
        return self.place.with_name(f"{self.place.name}.img")

    def cut_off(self, machine: Machine) -> None:
        """Take the machine's power, and go on with what has reached the disk; what was still in memory is gone.

        The machine stands still while that is copied: its end would write everything out (overlayfs does at unmount).
        """
        cut = self.image.with_suffix(".cut")
        machine.stand_still()
        subprocess.run(["cp", "--sparse=always", self.image, cut], check=True)
        machine.cut_off()
        self.unplug()
        shutil.move(cut, self.image)
        self.plug()

    def plug(self) -> None:
        """Mount it."""
        subprocess.run(["mount", "-o", "loop", self.image, self.place], check=True)

    def unplug(self) -> None:
        """Unmount it."""
        subprocess.run(["umount", self.place], check=True)


@contextmanager
def card(place: Path, mib: int) -> Iterator[Card]:
    """A new card."""
    place.mkdir()
    made = Card(place)
    with made.image.open("wb") as file:
        file.truncate(mib * _MIB)
    subprocess.run(["mkfs.ext4", "-q", "-m", "0", made.image], check=True)
    made.plug()
    try:
        yield made
    finally:
        made.unplug()
