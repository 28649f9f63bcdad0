"""How long what the hub has said is good without the hub, by what a device is."""

from dataclasses import dataclass

_MINUTE = 60_000
_HOUR = 60 * _MINUTE


@dataclass(frozen=True, slots=True)
class Limits:
    """In milliseconds. `status` is how old the status list may be, `offline` how long ago the hub was reached last.

    The hub's published keys are good for `offline` as well.
    """

    status: int
    offline: int


_OTHERS = Limits(24 * _HOUR, 72 * _HOUR)
_BY_KIND = {
    "lock": Limits(15 * _MINUTE, 60 * _MINUTE),
    "camera": Limits(15 * _MINUTE, 60 * _MINUTE),
    "robot": Limits(24 * _HOUR, 24 * _HOUR),
    "voice": Limits(24 * _HOUR, 24 * _HOUR),
}


def limits_of(kind: str) -> Limits:
    """A kind's limits."""
    return _BY_KIND.get(kind, _OTHERS)
