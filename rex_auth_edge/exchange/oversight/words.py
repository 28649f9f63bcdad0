"""Where synchronisation stands, in sentences for whoever owns the hub. Pure."""

from collections.abc import Iterator
from datetime import UTC, datetime

from rex_auth_edge.domain.clock import DAY, HOUR, MINUTE, SECOND
from rex_auth_edge.exchange.oversight.status import Status
from rex_auth_edge.exchange.oversight.troubles import TROUBLES, said_of
from rex_auth_edge.exchange.trouble import Trouble
from rex_auth_edge.sync.bodies import Why
from rex_auth_edge.sync.cloud.answer import LONGEST_ABSENCE

ALONE = "This household is on this hub alone."
UNSHARED = "No hub has this household: it is in the cloud alone."
_OVER = (
    "Of two copies of this hub the other was enrolled anew, and this one is over: turn it off. Only if it is this one "
    "that is to go on, enrol it anew: `rex-auth-edge sync enroll`, with a claim code that an owner gets in the cloud."
)
_NO_KEYS = frozenset({Why.UNKNOWN_KEY, Trouble.PROOF})
"""The cloud's answers to a hub whose keys are none any more."""
_SOON = 30 * DAY
"""Before what is too late for the cloud, people are told."""


def headline(status: Status, now: int) -> str:
    """What waits, when the cloud was last there, and since when both are known to agree; `now` as in Status."""
    if not status.enrolled:
        return ALONE if status.hubs is None else UNSHARED
    if status.hubs is not None:
        return f"{counted(status.hubs, 'hub')}; last heard {_when(status.reached_at, now)}"
    return "; ".join([_waits(status), _reached(status, now), _agrees(status, now)])


def sentences(status: Status, now: int) -> list[str]:
    """What else there is to know or to do, the most urgent first; nothing where all is well."""
    if status.hubs == 0:
        return ["To let a hub in, an owner makes a claim code at `/house/sync`, or by `rex-auth-edge sync claim`."]
    if not status.enrolled:
        return ["To share it with a cloud, `rex-auth-edge sync enroll` with a claim code that an owner gets there."]
    return [*_barred(status, now), *_troubles(status, now), *_silent(status, now), *_left(status)]


def _waits(status: Status) -> str:
    count = sum(status.waiting)
    if count == 0:
        return "Nothing waits"
    return f"{counted(count, 'change')} {'waits' if count == 1 else 'wait'}"


def _reached(status: Status, now: int) -> str:
    if status.reached_at is None:
        return "cloud not reached yet"
    return f"cloud last reached {_when(status.reached_at, now)}"


def _when(at: int | None, now: int) -> str:
    return "never" if at is None else ago(now - at)


def _agrees(status: Status, now: int) -> str:
    if status.agreed_at is None:
        return "not compared yet"
    then, today = (datetime.fromtimestamp(at / SECOND, UTC) for at in (status.agreed_at, now))
    form = "%H:%M" if then.date() == today.date() else "%Y-%m-%d %H:%M"
    return f"both agree as of {then.strftime(form)} UTC"


def shut_out(status: Status) -> str | None:
    """Why the cloud doesn't listen to this hub until it is enrolled anew; None where it may."""
    if status.removed:
        return TROUBLES[Why.REMOVED]
    if not status.locked:
        return None
    return _OVER if status.trouble in _NO_KEYS else TROUBLES[Why.LOCKED]


def _barred(status: Status, now: int) -> Iterator[str]:
    """Why nothing will go on by itself."""
    if status.hubs is not None:
        yield from _unheard(status)
    elif (why := shut_out(status)) is not None:
        yield why
    elif status.restored:
        yield "This hub is older than what it has sent, as after a restore: until that is settled it sends nothing."
    if status.paused:
        since = "is paused" if status.paused_at is None else f"was paused {ago(now - status.paused_at)}"
        yield f"Synchronisation {since} here, and what is done waits: `rex-auth-edge sync resume` lets it go on."


def _unheard(status: Status) -> Iterator[str]:
    """Which of its hubs the cloud doesn't listen to."""
    if status.locked:
        yield (
            "There are two copies of one hub, and neither is listened to: turn one off, and enrol the other anew "
            "with a claim code."
        )
    if status.outdated:
        yield "A hub's program is too old for this cloud, which can't speak with it: update that hub."
    if status.ahead:
        yield "This cloud's program is too old for a hub, and can't speak with it: the operator has to update it."


def _troubles(status: Status, now: int) -> Iterator[str]:
    if status.trouble is not None and not (status.removed or status.locked):
        said = said_of(status.trouble)
        again = status.retry_at is not None and status.retry_at > now
        yield said + (f" The next attempt is in {lasting((status.retry_at or 0) - now)}." if again else "")


def _silent(status: Status, now: int) -> Iterator[str]:
    """What comes of an absence that is too long, or will be soon, for the cloud to believe what was done in it."""
    since, days = status.reached_at if status.hubs is None else status.silent_since, LONGEST_ABSENCE // DAY
    if since is None or status.removed or now - since <= LONGEST_ABSENCE - _SOON:
        return
    over = now - since > LONGEST_ABSENCE
    if status.hubs is not None:
        then = "takes from it" if over else f"takes from one that was silent for over {days} days"
        yield (
            f"A hub hasn't been heard for {lasting(now - since)}: this cloud {then} only what closes doors, and shows "
            "the rest to an owner first. One that won't come back is removed at `/house/sync`, or by "
            "`rex-auth-edge sync remove-hub`."
        )
    elif over:
        yield (
            f"The cloud has heard nothing for over {days} days: of what was done here since, it takes only what closes "
            "doors, and the rest waits for an owner."
        )
    else:
        yield (
            f"Of what was done here, the cloud takes only what closes doors once it has heard nothing for {days} days; "
            "the rest then waits for an owner."
        )


def _left(status: Status) -> Iterator[str]:
    if status.urgent:
        yield f"Of what waits, {counted(status.urgent, 'change')} may end or bar something: that goes first."
    if status.reviews:
        held = "is held" if status.reviews == 1 else "are held"
        yield f"{counted(status.reviews, 'change')} {held} for an owner: `rex-auth-edge sync reviews`."
    if status.conflicts:
        were = "was" if status.conflicts == 1 else "were"
        told = counted(status.conflicts, "thing")
        yield f"{told} {were} decided of which owners are told: `rex-auth-edge sync reviews`."
    if status.reading:
        yield "This hub is still reading what the cloud has."
    if status.repairs:
        found = "was" if status.repairs == 1 else "were"
        yield f"{counted(status.repairs, 'difference')} {found} found between both and mended; the log says when."


def counted(count: int, thing: str) -> str:
    """`1 change`, `2 changes`."""
    return f"{count} {thing}" if count == 1 else f"{count} {thing}s"


def ago(length: int) -> str:
    """How long ago, `length` in milliseconds, to one unit; what seems to lie ahead, as when a clock was set, is now."""
    return "just now" if length < MINUTE else f"{lasting(length)} ago"


def lasting(length: int) -> str:
    """A length of time in milliseconds, to one unit, rounded down."""
    for unit, name in ((DAY, "day"), (HOUR, "hour"), (MINUTE, "minute")):
        if length >= unit:
            return counted(length // unit, name)
    return counted(max(1, length // SECOND), "second")
