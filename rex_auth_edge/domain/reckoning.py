"""What time it is, worked out of clocks that may be wrong: the four states and their rules."""

from dataclasses import replace
from datetime import UTC, datetime

from rex_auth_edge.domain.clock import SECOND, Boot, ClockState, Moment, Past

_SENTENCES = {
    ClockState.SYNCED: "NTP keeps the clock right.",
    ClockState.HOLDOVER: "NTP kept the clock right earlier in this boot; the hub has counted on from there by itself.",
    ClockState.UNKNOWN: "The clock says {raw}, before this release was made, and nothing is on record yet: time is "
    "counted from the release's date.",
}
_TAKEN = "NTP hasn't set the clock in this boot; it is taken as it is, since it isn't below {floor}, which has come."
_RAISED = "The clock says {raw}, but {floor} has come for sure: time is counted from there until NTP sets the clock."


class Reckoner:
    """Turns readings of a wall clock and a boot clock into moments. Time never runs below the floor.

    The floor is the release's date (`built`, milliseconds since 1970) or what is on record, whichever is higher; it
    rises with the boot clock alone. While NTP keeps the wall clock it counts as it is; in holdover the last good
    reading is counted on by the boot clock, so that setting the wall clock by hand changes nothing.
    """

    def __init__(self, boot_id: bytes, built: int) -> None:
        self._built = built
        self._past = Past(boot_id, {boot_id: Boot(built)})
        self._anchor: int | None = None
        self._raw = 0

    def recall(self, past: Past) -> None:
        """Go on from what is on record; the release's date still counts."""
        self._past = replace(past, lift=max(past.lift, self._built - past.present.began))
        self._anchor = past.present.anchor

    def moment(self, wall: int, boot: int, *, synced: bool) -> Moment:
        """The instant of these readings, in milliseconds; `synced` says that NTP keeps the wall clock right."""
        self._raw, past = wall, self._past
        floor = past.present.began + past.lift + boot
        if synced and wall >= floor:
            self._anchor = wall - boot
            return Moment(wall, past.boot_id, boot, ClockState.SYNCED, past)
        if self._anchor is not None:
            return Moment(max(self._anchor + boot, floor), past.boot_id, boot, ClockState.HOLDOVER, past)
        state = ClockState.UNKNOWN if past.first and wall < self._built else ClockState.FLOOR
        return Moment(max(wall, floor), past.boot_id, boot, state, past)

    def explain(self, now: Moment) -> str:
        """Why the latest reading made this moment's state."""
        raised = now.wall > self._raw + SECOND
        sentence = _SENTENCES.get(now.state) or (_RAISED if raised else _TAKEN)
        return sentence.format(raw=_text(self._raw), floor=_text(now.floor))


def _text(wall: int) -> str:
    return datetime.fromtimestamp(wall / SECOND, UTC).strftime("%Y-%m-%d %H:%M")
