"""Guest passes: from when until when, written as people and programs write times."""

from dataclasses import dataclass
from datetime import datetime

from rex_auth_edge.domain import durations
from rex_auth_edge.domain.clock import DAY, MINUTE, SECOND, Deadline, Moment
from rex_auth_edge.domain.refusals import Code, Refused

TOKEN_LIFE = DAY
"""A pass's token is good for so long at most; a longer pass gives the guest's phone another when it is looked at."""
SHORTEST, LONGEST, AHEAD = 5 * MINUTE, 30 * DAY, 30 * DAY

_FORM = "is a length of time such as 8h, or a time with its zone such as 2026-12-24T18:00+01:00"
_UNSURE = "The hub isn't sure of the time: say how long from now, such as 8h"


@dataclass(frozen=True, slots=True)
class Span:
    """Milliseconds from now."""

    begins: int
    ends: int


def span(now: Moment, starts: str | None, ends: str | None) -> Span | Refused:
    """From when until when: lengths of time count from now and from the start; no `starts` is now."""
    begin = _from_now(now, starts, 0) if starts else 0
    if isinstance(begin, str):
        return _wrong("starts", begin)
    end = _from_now(now, ends or "", begin)
    if isinstance(end, str):
        return _wrong("ends", end)
    if not 0 <= begin <= AHEAD:
        return _wrong("starts", "A pass starts now, or within 30 days")
    if not SHORTEST <= end - begin <= LONGEST:
        return _wrong("ends", "A pass is good for 5 minutes to 30 days")
    return Span(begin, end)


def _from_now(now: Moment, text: str, base: int) -> int | str:
    """Milliseconds from now, or what is wrong with the text."""
    length = durations.milliseconds(text)
    if length is not None:
        return base + length
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        when = None
    if when is None or when.tzinfo is None:
        return f"This {_FORM}"
    return int(when.timestamp() * SECOND) - now.wall if now.state.sure else _UNSURE


def _wrong(field: str, sentence: str) -> Refused:
    return Refused(Code.INVALID_FIELD, sentence, {field: "not good"})


def until_begin(begins: Deadline, now: Moment) -> int:
    """Milliseconds until a pass begins, 0 or less once it has.

    Within a boot the boot clock decides. After a reboot the wall clock does where it is sure, else only what the hub
    has seen pass: a pass is good later rather than sooner.
    """
    if begins.boot_id == now.boot_id or not now.state.sure:
        return begins.unserved(now)
    return begins.wall - now.wall
