"""What time it is for a device whose own clock may be in 1970 or in 2099.

The hub's signatures tell time: whatever it has signed was signed at a time that has come. From the highest of these
the boot clock counts on, over reboots too, and time never runs below it. The device's wall clock can only make time
later, never earlier, and not even that once the hub has told the time in this boot. So there are two times: `earliest`
has come for sure and decides whether something has begun; `latest` may have come and decides whether it has ended.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rex_auth_edge.client.device import BUILT, Reading

SAVED = 5 * 60_000
"""How far time runs before it is written down again, in milliseconds: what one reboot may lose."""


@dataclass(frozen=True, slots=True)
class Instant:
    """Now, in milliseconds since 1970; `boot` is where the boot clock of `boot_id` stands."""

    earliest: int
    latest: int
    boot: int
    boot_id: str


class DeviceClock:
    """Time for a device. `mark` is what `mark()` gave before, in this boot or an earlier one."""

    def __init__(self, read: Callable[[], Reading], mark: dict[str, Any] | None = None) -> None:
        self._read = read
        mark = mark or {}
        now = read()
        same = mark.get("boot_id") == now.boot_id
        self._highest = max(BUILT, _whole(mark.get("highest")))
        self._at = min(_whole(mark.get("boot")), now.boot) if same else 0
        self._told = same and mark.get("told") is True
        self._saved = self._highest if mark else 0

    def now(self) -> Instant:
        """The present instant."""
        reading = self._read()
        earliest = self._highest + max(0, reading.boot - self._at)
        latest = earliest if self._told else max(earliest, reading.wall)
        return Instant(earliest, latest, reading.boot, reading.boot_id)

    def seen(self, signed: int) -> None:
        """The hub has signed something at this time (milliseconds since 1970): it has come."""
        now = self.now()
        if signed > now.earliest:
            self._highest, self._at = signed, now.boot

    def told(self, signed: int) -> None:
        """The hub has signed this just now, in answer to us: from here the boot clock alone counts."""
        self.seen(signed)
        if not self._told:
            self._told, self._saved = True, 0

    def forget(self) -> None:
        """Distrust everything that was signed: go on from the release's date."""
        self._highest, self._at, self._told, self._saved = BUILT, self._read().boot, False, 0

    @property
    def sure(self) -> bool:
        """Whether the hub has told the time in this boot."""
        return self._told

    def due(self) -> bool:
        """Whether the mark ought to be written down again."""
        return self.now().earliest - self._saved >= SAVED

    def mark(self) -> dict[str, Any]:
        """What to write down."""
        now = self.now()
        self._saved = now.earliest
        return {"highest": now.earliest, "boot": now.boot, "boot_id": now.boot_id, "told": self._told}


def _whole(value: object) -> int:
    return value if isinstance(value, int) else 0
