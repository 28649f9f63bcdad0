"""What both ends keep, and how they ask for it. A store is handed in with its transaction open.

All of one answer is one transaction: rows, cursors, acknowledgements and nonce are written together or not at all.
"""

from collections.abc import Iterable
from typing import Protocol

from rex_auth_edge.sync.bodies import Row
from rex_auth_edge.sync.digest import Path, Sums
from rex_auth_edge.sync.house import House
from rex_auth_edge.sync.order import START, Lane, Position
from rex_auth_edge.sync.state import Cell

EVERYTHING = 1 << 62
"""As many as there are."""


class Rows(House, Protocol):
    """The household's cells in the cloud's order."""

    def prepare(self, cells: Iterable[Cell]) -> None:
        """These are going to be asked for: a store may fetch them together."""
        ...

    def row(self, cell: Cell) -> Row | None:
        """The cell's row."""
        ...

    def put_row(self, row: Row) -> None:
        """Write the row in place of the cell's former one."""
        ...

    def drop_row(self, cell: Cell) -> None:
        """Forget the cell."""
        ...

    def rows(self, lane: Lane, after: Position = START, limit: int = EVERYTHING) -> list[Row]:
        """The lane's rows past `after`, in order, `limit` at most."""
        ...

    def tree(self, lane: Lane) -> Sums:
        """The digest's tree of the lane's rows, which is kept as they change."""
        ...

    def leaf(self, lane: Lane, path: Path) -> list[Row]:
        """The rows in a leaf of it."""
        ...
