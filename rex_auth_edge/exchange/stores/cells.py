"""A household's cells in SQL: what a transaction has read and changed of them, written together at its end."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa

from rex_auth_edge.storage.prepared import Prepared
from rex_auth_edge.storage.sync_tables import sync_cells
from rex_auth_edge.sync.kinds import lane_of
from rex_auth_edge.sync.order import Position
from rex_auth_edge.sync.state import EMPTY, Cell, State
from rex_auth_edge.sync.wire import Row, pack_state, unpack_state

_AT_ONCE = 500
_of = (
    (sync_cells.c.tenant_id == sa.bindparam("tenant"))
    & (sync_cells.c.kind == sa.bindparam("about"))
    & (sync_cells.c.id == sa.bindparam("subject"))
)
_COLUMNS = [sync_cells.c[name] for name in ("kind", "id", "epoch", "seq", "state", "over", "mine")]
_get = Prepared(sa.select(*_COLUMNS).where(_of))
_some = sa.select(*_COLUMNS).where(
    (sync_cells.c.tenant_id == sa.bindparam("tenant"))
    & sync_cells.c.kind.in_(sa.bindparam("kinds", expanding=True))
    & sync_cells.c.id.in_(sa.bindparam("subjects", expanding=True))
)
_add = Prepared(sa.insert(sync_cells))
_SET = ("epoch", "seq", "state", "over", "mine")
_set = Prepared(sa.update(sync_cells).where(_of).values({name: sa.bindparam(f"now_{name}") for name in _SET}))
_drop = Prepared(sa.delete(sync_cells).where(_of))
_numbers = msgspec.msgpack.Decoder(tuple[int, ...])
_pack = msgspec.msgpack.Encoder().encode


@dataclass(slots=True)
class Slot:
    """A cell as this transaction has it. `over` is None where the cloud's row is what is shown.

    `mine` are the numbers of the hub's own changes that are to be shown. `before` is the row that the sums contain.
    """

    cell: Cell
    there: bool = False
    row: Row | None = None
    before: Row | None = None
    state: State | None = None
    over: State | None = None
    mine: tuple[int, ...] = ()

    @property
    def wanted(self) -> bool:
        """Whether there is anything to keep of it."""
        return self.row is not None or self.over is not None or bool(self.mine)

    def below(self) -> State:
        """What the cloud has."""
        if self.state is None:
            self.state = EMPTY if self.row is None else unpack_state(self.row.state)
        return self.state

    def shown(self) -> State:
        """What is in force here."""
        return self.below() if self.over is None else self.over


class Cells:
    """The household's cells within one transaction."""

    def __init__(self, conn: sa.Connection, tenant_id: UUID) -> None:
        self._conn, self._tenant_id = conn, tenant_id
        self._slots: dict[Cell, Slot] = {}
        self.changed: dict[Cell, Slot] = {}

    def slot(self, cell: Cell) -> Slot:
        """The cell, read once."""
        found = self._slots.get(cell)
        if found is None:
            row = _get.one(self._conn, tenant=self._tenant_id, about=cell.kind, subject=cell.id)
            found = self._slots[cell] = Slot(cell) if row is None else _slot(cell, row)
        return found

    def forget(self) -> None:
        """Make room: what was read is read again when it is asked for. Only right after `flush`."""
        self._slots.clear()

    def change(self, slot: Slot) -> None:
        """It has changed."""
        self.changed[slot.cell] = slot

    def prepare(self, cells: Iterable[Cell]) -> None:
        """Read these together, a kind at a time."""
        by_kind: dict[str, list[bytes]] = defaultdict(list)
        for cell in cells:
            if cell not in self._slots:
                by_kind[cell.kind].append(cell.id)
        for kind, ids in by_kind.items():
            for begin in range(0, len(ids), _AT_ONCE):
                self._read([kind], ids[begin : begin + _AT_ONCE])

    def about(self, subject: bytes, kinds: Sequence[str]) -> list[Slot]:
        """What there is of these kinds about the subject."""
        if any(Cell(kind, subject) not in self._slots for kind in kinds):
            self._read(kinds, [subject])
        return [slot for kind in kinds if (slot := self.slot(Cell(kind, subject))).wanted]

    def _read(self, kinds: Sequence[str], ids: Sequence[bytes]) -> None:
        values = {"tenant": self._tenant_id, "kinds": list(kinds), "subjects": list(ids)}
        for row in self._conn.execute(_some, values):
            cell = Cell(row.kind, bytes(row.id))
            if cell not in self._slots:
                self._slots[cell] = _slot(cell, row)
        for kind in kinds:
            for subject in ids:
                self._slots.setdefault(Cell(kind, subject), Slot(Cell(kind, subject)))

    def flush(self, leaf: Any) -> list[Slot]:
        """Write what has changed, and say what that was; `leaf` finds a cell's place."""
        changed = list(self.changed.values())
        _add.many(
            self._conn, [self._whole(slot, leaf(slot.cell)) for slot in changed if slot.wanted and not slot.there]
        )
        _set.many(self._conn, [self._now(slot) for slot in changed if slot.wanted and slot.there])
        _drop.many(self._conn, [self._where(slot) for slot in changed if slot.there and not slot.wanted])
        for slot in changed:
            slot.there = slot.wanted
        self.changed.clear()
        return changed

    def _where(self, slot: Slot) -> dict[str, Any]:
        return {"tenant": self._tenant_id, "about": slot.cell.kind, "subject": slot.cell.id}

    def _now(self, slot: Slot) -> dict[str, Any]:
        return self._where(slot) | {f"now_{name}": value for name, value in _values(slot).items()}

    def _whole(self, slot: Slot, place: int) -> dict[str, Any]:
        kind = slot.cell.kind
        ids = {"tenant_id": self._tenant_id, "kind": kind, "id": slot.cell.id}
        return ids | {"lane": int(lane_of(kind)), "place": place} | _values(slot)


def _values(slot: Slot) -> dict[str, Any]:
    """What isn't at the cloud has no place: by its writer's count it lies beside what was written before it."""
    at = (0, max(slot.mine, default=0)) if slot.row is None else slot.row.at
    return {
        "epoch": at[0],
        "seq": at[1],
        "state": b"" if slot.row is None else slot.row.state,
        "over": None if slot.over is None else pack_state(slot.over),
        "mine": _pack(slot.mine) if slot.mine else None,
    }


def _slot(cell: Cell, found: Any) -> Slot:
    row = Row(cell.kind, cell.id, Position(found.epoch, found.seq), bytes(found.state)) if found.epoch else None
    over = None if found.over is None else unpack_state(bytes(found.over))
    mine = _numbers.decode(found.mine) if found.mine else ()
    return Slot(cell, there=True, row=row, before=row, over=over, mine=mine)
