"""When changes arrived, by the hour of the cloud's clock: for owners who say since when a hub isn't theirs any more.

No rule looks at it but for that choice, which becomes a place in the order.
"""

from collections.abc import Iterable

from msgspec.structs import replace

from rex_auth_edge.domain.clock import HOUR
from rex_auth_edge.sync.cloud.epochs import has_forgotten
from rex_auth_edge.sync.cloud.store import CloudStore
from rex_auth_edge.sync.house import Over
from rex_auth_edge.sync.order import START, Position
from rex_auth_edge.sync.state import Cell, State

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


class AsArrived(Over):
    """A household where no field came sooner than it did.

    Told again to a restored cloud, a field keeps the place of before by which the later wins, and which its hub alone
    claims. It came no later than the latest change of its cell, and that counts.
    """

    def __init__(self, store: CloudStore) -> None:
        super().__init__(store)
        self._store = store

    def state(self, cell: Cell) -> State:
        """See `House`."""
        row, state, standing = self._store.row(cell), self._store.state(cell), self._store.standing()
        late = {name: held for name, held in state.fields.items() if row and has_forgotten(standing, held.at)}
        if row is None or not late:
            return state
        return replace(state, fields=state.fields | {name: replace(held, at=row.at) for name, held in late.items()})
