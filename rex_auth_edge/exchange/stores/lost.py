"""What a restored cloud may have forgotten, and a hub is yet to tell it, over SQL: little, and read at once."""

from functools import cached_property
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa

from rex_auth_edge.storage.prepared import Prepared
from rex_auth_edge.storage.sync_tables import sync_lost
from rex_auth_edge.sync.hub.store import Lost
from rex_auth_edge.sync.kinds import lane_of
from rex_auth_edge.sync.order import Position
from rex_auth_edge.sync.state import Cell

_pack = msgspec.msgpack.Encoder().encode
_value = msgspec.msgpack.Decoder(tuple[bytes, Position | None])

_all = Prepared(sa.select(sync_lost).where(sync_lost.c.tenant_id == sa.bindparam("tenant")))
_of = (
    (sync_lost.c.tenant_id == sa.bindparam("tenant"))
    & (sync_lost.c.kind == sa.bindparam("about"))
    & (sync_lost.c.id == sa.bindparam("subject"))
)
_add = Prepared(sa.insert(sync_lost))
_drop = Prepared(sa.delete(sync_lost).where(_of))


class LostCells:
    """A household's within one transaction; written at once."""

    def __init__(self, conn: sa.Connection, tenant_id: UUID) -> None:
        self._conn, self._tenant_id = conn, tenant_id

    @cached_property
    def cells(self) -> dict[Cell, Lost]:
        """All of them."""
        found = [_as_lost(row) for row in _all.all(self._conn, tenant=self._tenant_id)]
        return {each.cell: each for each in found}

    def put(self, lost: Lost) -> None:
        """Write it in place of the cell's former one."""
        self.drop(lost.cell)
        self.cells[lost.cell] = lost
        ids = {"tenant_id": self._tenant_id, "kind": lost.cell.kind, "id": lost.cell.id}
        _add.change(self._conn, **ids, lane=int(lane_of(lost.cell.kind)), value=_pack((lost.state, lost.given)))

    def drop(self, cell: Cell) -> None:
        """Forget it."""
        if self.cells.pop(cell, None) is not None:
            _drop.change(self._conn, tenant=self._tenant_id, about=cell.kind, subject=cell.id)


def _as_lost(row: Any) -> Lost:
    state, given = _value.decode(row.value)
    return Lost(Cell(row.kind, bytes(row.id)), state, given)
