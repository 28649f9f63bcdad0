"""Lengths of time, and moments, as people write them: `30m`, `12h`, `7d`."""

import re
from datetime import UTC, datetime

from rex_auth_edge.domain.clock import DAY, HOUR, MINUTE, SECOND

_UNITS = {"d": DAY, "h": HOUR, "m": MINUTE}
_WRITTEN = re.compile(r"([1-9]\d{0,5})([mhd])")


def milliseconds(text: str) -> int | None:
    """How long the text says, or None where it is no length of time."""
    found = _WRITTEN.fullmatch(text.strip().lower())
    return int(found.group(1)) * _UNITS[found.group(2)] if found else None


def written(length: int) -> str:
    """Whole minutes, in the largest unit that says it exactly."""
    unit = next(name for name, size in _UNITS.items() if length % size == 0 or name == "m")
    return f"{length // _UNITS[unit]}{unit}"


def moment(now: int, text: str) -> int | None:
    """`2h` ago, or a date and time (UTC where it doesn't say), in milliseconds since 1970; None where it is neither."""
    if (ago := milliseconds(text)) is not None:
        return now - ago
    try:
        when = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    return int((when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp() * SECOND)
