"""Writing changes at either end, and what is in force there before and after."""

from collections.abc import Iterable
from typing import Protocol

from rex_auth_edge.sync.house import House
from rex_auth_edge.sync.pen import Pen
from rex_auth_edge.sync.state import Cell, State


class Scribe(Protocol):
    """One household within one transaction: a hub's, whose changes wait to be sent, or the cloud's, ordered at once."""

    @property
    def node(self) -> bytes:
        """Whose changes these are: 16 bytes, the origin in their tags."""
        ...

    @property
    def house(self) -> House:
        """What is in force here: on a hub with its own unsent changes on top. It shows each change once written."""
        ...

    def prepare(self, cells: Iterable[Cell]) -> None:
        """These are going to be written: they are fetched together."""
        ...

    def pen(self) -> Pen:
        """For the next change; one change each."""
        ...

    def write(self, cell: Cell, state: State, actor: bytes | None = None) -> None:
        """Write the change that the last pen has made. `actor` is who did it, where somebody has to answer for it."""
        ...
