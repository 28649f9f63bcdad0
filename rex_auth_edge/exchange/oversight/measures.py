"""How synchronisation stands with all of a hub's households together, in numbers. Pure."""

from collections.abc import Iterable

from msgspec import Struct

from rex_auth_edge.domain.clock import SECOND
from rex_auth_edge.exchange.oversight.status import Status
from rex_auth_edge.sync.order import Lane


class Measures(Struct, frozen=True):
    """`waiting` is by lane, the rest over all households that are enrolled.

    `lag` and `agreed` are the seconds since the cloud last answered, and since both ends last had the same, in that
    household where it is longest ago; without one they are 0. `troubled` households have had their latest round fail.
    """

    waiting: dict[str, int]
    lag: float = 0.0
    agreed: float = 0.0
    troubled: int = 0
    reviews: int = 0
    conflicts: int = 0
    repairs: int = 0


def measured(all_of_them: Iterable[Status], now: int) -> Measures:
    """The numbers; `now` as in Status."""
    there = [status for status in all_of_them if status.enrolled]
    return Measures(
        waiting={lane.name.lower(): sum(status.waiting[lane] for status in there) for lane in Lane},
        lag=max((_since(status.reached_at, now) for status in there), default=0.0),
        agreed=max((_since(status.agreed_at, now) for status in there), default=0.0),
        troubled=sum(status.trouble is not None for status in there),
        reviews=sum(status.reviews for status in there),
        conflicts=sum(status.conflicts for status in there),
        repairs=sum(status.repairs for status in there),
    )


def _since(at: int | None, now: int) -> float:
    """Never is as long ago as anything."""
    return max(0, now - (at or 0)) / SECOND
