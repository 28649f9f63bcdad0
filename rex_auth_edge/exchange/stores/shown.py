"""The household's cells for who only looks: what is in force here, read as it is asked for."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from rex_auth_edge.exchange.stores.hub import me_of
from rex_auth_edge.storage.sync_tables import sync_cells
from rex_auth_edge.sync.state import EMPTY, Cell, State
from rex_auth_edge.sync.wire import unpack_state


class Shown:
    """A `House` on a connection, of a household that is shared or not: then it is empty."""

    def __init__(self, conn: sa.Connection, tenant_id: UUID) -> None:
        self._conn, self._tenant_id = conn, tenant_id
        self._read: dict[Cell, State] = {}

    @property
    def node(self) -> bytes:
        """The hub's id; nothing in the cloud, and where nothing is shared."""
        me = me_of(self._conn, self._tenant_id)
        return b"" if me is None else me.id

    def state(self, cell: Cell) -> State:
        """The cell's content."""
        if cell not in self._read:
            self._read[cell] = self._look(cell)
        return self._read[cell]

    def _look(self, cell: Cell) -> State:
        one = self._of(sync_cells.c.state, sync_cells.c.over).where(
            sync_cells.c.kind == str(cell.kind), sync_cells.c.id == cell.id
        )
        row = self._conn.execute(one).one_or_none()
        raw = b"" if row is None else row.over or row.state
        return unpack_state(bytes(raw)) if raw else EMPTY

    def subjects(self, kind: str) -> Iterable[bytes]:
        """Whom there are cells of this kind about, in order."""
        found = self._of(sync_cells.c.id).where(sync_cells.c.kind == str(kind))
        return sorted(bytes(subject) for subject in self._conn.execute(found).scalars())

    def bearing(self, kind: str, field: str, value: Any) -> Iterable[bytes]:
        """Whose cell of this kind holds this value in this field, in order."""
        held = ((subject, self.state(Cell(kind, subject)).fields.get(field)) for subject in self.subjects(kind))
        return [subject for subject, each in held if each is not None and each.value == value]

    def kinds(self, subject: bytes) -> Iterable[str]:
        """Of what kinds there are cells about the subject."""
        return sorted(self._conn.execute(self._of(sync_cells.c.kind).where(sync_cells.c.id == subject)).scalars())

    def _of(self, *columns: Any) -> sa.Select[Any]:
        return sa.select(*columns).where(sync_cells.c.tenant_id == self._tenant_id)
