"""When changes arrived, by the hour of the cloud's clock: for owners who say since when a hub isn't theirs any more.

No rule looks at it but for that choice, which becomes a place in the order.
"""

from collections.abc import Iterable

from rex_auth_edge.domain.clock import HOUR
from rex_auth_edge.sync.order import START, Position

KEPT = 180 * 24
"""For how many hours it is noted."""


def place_of(hours: Iterable[tuple[int, Position]], head: Position, at: int) -> Position:
    """The last place that was given before the hour of `at` for sure, in milliseconds since 1970.

    START where that isn't known: of before the first hour that is noted. The head where nothing has come since.
    """
    hour, noted = at // HOUR, list(hours)
    if not any(each <= hour for each, _ in noted):
        return START
    return min([before for each, before in noted if each >= hour], default=head)
