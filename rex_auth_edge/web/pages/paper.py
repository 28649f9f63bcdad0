"""Templates as pages, and how pages write times, devices and roles."""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any

from rex_auth_edge.domain.clock import DAY, HOUR, MINUTE

_BROWSERS = (
    *(("Edg", "Edge"), ("OPR/", "Opera"), ("SamsungBrowser", "Samsung Internet"), ("Firefox", "Firefox")),
    *(("CriOS", "Chrome"), ("FxiOS", "Firefox"), ("Chrome", "Chrome"), ("Safari", "Safari")),
)
_SYSTEMS = (
    *(("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("Windows", "Windows")),
    *(("CrOS", "Chromebook"), ("Macintosh", "Mac"), ("Linux", "Linux")),
)
_LONGEST = 60


def page(name: str, values: Mapping[str, Any]) -> bytes:
    """The template, filled in; every value is escaped."""
    written: str = _environment().get_template(name).render(values)
    return written.encode()


@cache
def _environment() -> Any:
    from jinja2 import Environment, PackageLoader, StrictUndefined  # noqa: PLC0415 - for people only, and seldom

    made = Environment(
        loader=PackageLoader("rex_auth_edge.web.pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "moment": moment, "ago": ago, "left": left, "device": device, "machine_time": machine_time, "life": life,
    }  # fmt: skip
    return made


def _at(wall: int) -> datetime:
    return datetime.fromtimestamp(wall / 1000, UTC)


def machine_time(wall: int) -> str:
    """Milliseconds since 1970 for `datetime` attributes."""
    return _at(wall).strftime("%Y-%m-%dT%H:%M:%SZ")


def moment(wall: int) -> str:
    """Milliseconds since 1970 as a person reads them; in UTC, since nobody has told the hub where it stands."""
    return _at(wall).strftime("%-d %B %Y, %H:%M UTC")


def ago(wall: int, now: int) -> str:
    """How long before `now` that was."""
    passed = now - wall
    for size, word in ((DAY, "day"), (HOUR, "hour"), (MINUTE, "minute")):
        if passed >= size:
            count = passed // size
            return moment(wall) if count > 30 and word == "day" else f"{count} {word}{'s' if count > 1 else ''} ago"  # noqa: PLR2004 - a month
    return "just now" if passed >= 0 else moment(wall)


def left(until: int, now: int) -> str:
    """How long from `now` until then: in whole minutes, rounded up, or from two hours on in hours or days, roughly."""
    minutes = max(-(-(until - now) // MINUTE), 0)
    for size, word in ((DAY, "day"), (HOUR, "hour")):
        if until - now >= 2 * size:
            return f"{round((until - now) / size)} {word}s"
    return f"{minutes} minute{'' if minutes == 1 else 's'}"


def life(length: str) -> str:
    """A length of time such as `30d` in words."""
    count, word = length[:-1], {"d": "day", "h": "hour", "m": "minute"}[length[-1]]
    return f"{count} {word}" if count == "1" else f"{count} {word}s"


def device(user_agent: str | None) -> str:
    """A device as its owner would call it."""
    text = user_agent or ""
    browser = next((name for mark, name in _BROWSERS if mark in text), "")
    system = next((name for mark, name in _SYSTEMS if mark in text), "")
    if browser and system and text.startswith("Mozilla/"):
        return f"{browser} on {system}"
    return (text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…") or "Unknown device"
