"""What the cloud has forgotten after its end, shown to the ordinary tables once more: as ended.

A hub that was away for longer than the cloud keeps an end never hears of it. Without it what is left here, as a row of
somebody who was deleted, would look like something that nobody has been told of yet.
"""

from collections.abc import Collection, Iterable
from typing import Any

from rex_auth_edge.sync.house import House
from rex_auth_edge.sync.kinds import REVOKED, subject_of
from rex_auth_edge.sync.order import START, Tag
from rex_auth_edge.sync.state import Cell, Rung, State

_ENDED = State(rung=Rung(REVOKED, START, Tag(b"", 0, 0), START))


def with_ended(house: House, gone: Collection[bytes]) -> House:
    """The house, where these are at their end and nothing else is known of them."""
    return _Over(house, gone) if gone else house


class _Over:
    def __init__(self, house: House, gone: Collection[bytes]) -> None:
        self._house, self._gone = house, gone

    def state(self, cell: Cell) -> State:
        """See `House`."""
        return _ENDED if cell.id in self._gone and cell.kind == subject_of(cell.kind) else self._house.state(cell)

    def subjects(self, kind: str) -> Iterable[bytes]:
        """See `House`."""
        return self._house.subjects(kind)

    def bearing(self, kind: str, field: str, value: Any) -> Iterable[bytes]:
        """See `House`."""
        return self._house.bearing(kind, field, value)

    def kinds(self, subject: bytes) -> Iterable[str]:
        """See `House`."""
        return self._house.kinds(subject)
