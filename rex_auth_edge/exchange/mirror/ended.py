"""What the cloud has forgotten after its end, shown to the ordinary tables once more: as ended.

A hub that was away for longer than the cloud keeps an end never hears of it. Without it what is left here, as a row of
somebody who was deleted, would look like something that nobody has been told of yet.
"""

from collections.abc import Collection

from rex_auth_edge.sync.house import House, Over
from rex_auth_edge.sync.kinds import REVOKED, subject_of
from rex_auth_edge.sync.order import START, Tag
from rex_auth_edge.sync.state import Cell, Rung, State

_ENDED = State(rung=Rung(REVOKED, START, Tag(b"", 0, 0), START))


def with_ended(house: House, gone: Collection[bytes]) -> House:
    """The house, where these are at their end and nothing else is known of them."""
    return _Ended(house, gone) if gone else house


class _Ended(Over):
    def __init__(self, house: House, gone: Collection[bytes]) -> None:
        super().__init__(house)
        self._gone = gone

    def state(self, cell: Cell) -> State:
        """See `House`."""
        return _ENDED if cell.id in self._gone and cell.kind == subject_of(cell.kind) else self._house.state(cell)
