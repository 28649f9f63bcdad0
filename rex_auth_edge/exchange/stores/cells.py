"""A household's cells in SQL: what a transaction has read and changed of them, written together at its end."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa
from msgspec import Struct

from rex_auth_edge.exchange.stores.binding import TENANT, adding
from rex_auth_edge.storage.prepared import Repeated
from rex_auth_edge.storage.sync_tables import sync_cells
from rex_auth_edge.sync.bodies import Row
from rex_auth_edge.sync.digest import leaf_of
from rex_auth_edge.sync.kinds import lane_of
from rex_auth_edge.sync.order import Position
from rex_auth_edge.sync.state import EMPTY, Cell, State
from rex_auth_edge.sync.wire import pack_state, unpack_state

_BLOCK = 100
"""Cells that one query reads."""
_FEW = 8
"""Fewer are read as fast one by one, when they are asked for."""
_c = sync_cells.c
_WHERE = ("tenant", "about", "subject")
_of = (_c.tenant_id == TENANT) & (_c.kind == sa.bindparam("about")) & (_c.id == sa.bindparam("subject"))
_COLUMNS = [_c[name] for name in ("kind", "id", "epoch", "seq", "place", "state", "over", "mine")]
_get = Repeated(sa.select(*_COLUMNS).where(_of), *_WHERE)
_subjects = [f"subject_{number}" for number in range(_BLOCK)]
_block = Repeated(
    sa.select(*_COLUMNS).where(
        (_c.tenant_id == TENANT)
        & (_c.kind == sa.bindparam("about"))
        & _c.id.in_([sa.bindparam(name, type_=sa.BINARY(16)) for name in _subjects])
    ),
    *("tenant", "about", *_subjects),
)
_some = sa.select(*_COLUMNS).where(
    (_c.tenant_id == TENANT)
    & _c.kind.in_(sa.bindparam("kinds", expanding=True))
    & _c.id.in_(sa.bindparam("subjects", expanding=True))
)
_add = adding(sync_cells)
_SET = ("epoch", "seq", "state", "over", "mine")
_now: dict[str, Any] = {name: sa.bindparam(f"now_{name}") for name in _SET}
_set = Repeated(sa.update(sync_cells).where(_of).values(_now), *(f"now_{name}" for name in _SET), *_WHERE)
_drop = Repeated(sa.delete(sync_cells).where(_of), *_WHERE)
_numbers = msgspec.msgpack.Decoder(tuple[int, ...])
_pack = msgspec.msgpack.Encoder().encode


class Slot(Struct, eq=False, gc=False):
    """A cell as this transaction has it. `laid` is what is shown, packed; None where that is the cloud's row.

    `mine` are the numbers of the hub's own changes that are to be shown. `before` is the row that the sums contain.
    `place` is the cell's leaf in the digest's tree, where it is known. `echoed`: the row that is put next says what is
    shown already.
    """

    cell: Cell
    there: bool = False
    row: Row | None = None
    before: Row | None = None
    laid: bytes | None = None
    mine: tuple[int, ...] = ()
    place: int | None = None
    echoed: bool = False
    _below: State | None = None
    _over: State | None = None

    @property
    def wanted(self) -> bool:
        """Whether there is anything to keep of it."""
        return self.row is not None or self.laid is not None or bool(self.mine)

    @property
    def leaf(self) -> int:
        """Its place in the digest's tree."""
        if self.place is None:
            self.place = leaf_of(self.cell)
        return self.place

    def put(self, row: Row | None) -> None:
        """The cloud has this."""
        self.row, self._below = row, None

    def lay(self, state: State | None, packed: bytes | None = None) -> None:
        """This is shown; `packed`, where that is known."""
        self._over = state
        self.laid = None if state is None else packed or pack_state(state)

    def below(self) -> State:
        """What the cloud has."""
        if self._below is None:
            self._below = EMPTY if self.row is None else unpack_state(self.row.state)
        return self._below

    def shown(self) -> State:
        """What is in force here."""
        if self.laid is None:
            return self.below()
        if self._over is None:
            self._over = unpack_state(self.laid)
        return self._over


class Cells:
    """The household's cells within one transaction."""

    def __init__(self, conn: sa.Connection, tenant_id: UUID) -> None:
        self._conn, self._tenant = conn, tenant_id.bytes
        self._slots: dict[Cell, Slot] = {}
        self.changed: dict[Cell, Slot] = {}

    def slot(self, cell: Cell) -> Slot:
        """The cell, read once."""
        found = self._slots.get(cell)
        if found is None:
            rows = _get.find(self._conn, [(self._tenant, *_key(cell))])
            found = self._slots[cell] = _slot(cell, rows[0]) if rows else Slot(cell)
        return found

    def forget(self) -> None:
        """Make room: what was read is read again when it is asked for. Only right after `flush`."""
        self._slots.clear()

    def prepare(self, cells: Iterable[Cell]) -> None:
        """Read these together."""
        wanted = [cell for cell in cells if cell not in self._slots]
        if len(wanted) < _FEW:
            return
        by_kind: dict[str, list[bytes]] = defaultdict(list)
        for cell in wanted:
            by_kind[str(cell.kind)].append(cell.id)
        blocks = [
            (self._tenant, kind, *_filled(ids[begin : begin + _BLOCK]))
            for kind, ids in by_kind.items()
            for begin in range(0, len(ids), _BLOCK)
        ]
        self._take(_block.find(self._conn, blocks))
        for cell in wanted:
            if cell not in self._slots:
                self._slots[cell] = Slot(cell)

    def about(self, subject: bytes, kinds: Sequence[str]) -> list[Slot]:
        """What there is of these kinds about the subject."""
        cells = [Cell(kind, subject) for kind in kinds]
        if any(cell not in self._slots for cell in cells):
            self._take(self._query(kinds, [subject]))
        return [slot for cell in cells if (slot := self._slots.setdefault(cell, Slot(cell))).wanted]

    def _query(self, kinds: Sequence[str], ids: Sequence[bytes]) -> Iterable[Any]:
        return self._conn.execute(_some, {"tenant": self._tenant, "kinds": list(kinds), "subjects": list(ids)})

    def _take(self, rows: Iterable[Any]) -> None:
        for row in rows:
            cell = Cell(row[0], bytes(row[1]))
            if cell not in self._slots:
                self._slots[cell] = _slot(cell, row)

    def flush(self) -> list[Slot]:
        """Write what has changed, and say what that was."""
        changed = list(self.changed.values())
        new, old, gone = [], [], []
        for slot in changed:
            key = (self._tenant, str(slot.cell.kind), slot.cell.id)
            wanted = slot.wanted
            if wanted and slot.there:
                old.append((*_values(slot), *key))
            elif wanted:
                epoch, seq, *rest = _values(slot)
                new.append((*key, int(lane_of(slot.cell.kind)), epoch, seq, slot.leaf, *rest))
            elif slot.there:
                gone.append(key)
            slot.there = wanted
        _add.each(self._conn, new)
        _set.each(self._conn, old)
        _drop.each(self._conn, gone)
        self.changed.clear()
        return changed


def _filled(ids: list[bytes]) -> list[bytes]:
    """As many as the query takes, the last of them again and again."""
    return ids + ids[-1:] * (_BLOCK - len(ids))


def _key(cell: Cell) -> tuple[str, bytes]:
    return str(cell.kind), cell.id


def _values(slot: Slot) -> tuple[Any, ...]:
    """What isn't at the cloud has no place: by its writer's count it lies beside what was written before it."""
    mine = _pack(slot.mine) if slot.mine else None
    row = slot.row
    if row is None:
        return 0, slot.mine[-1] if slot.mine else 0, b"", slot.laid, mine
    epoch, seq = row.at
    return epoch, seq, row.state, slot.laid, mine


def _slot(cell: Cell, found: Any) -> Slot:
    _, _, epoch, seq, place, state, laid, mine = found
    row = Row(cell.kind, cell.id, Position(epoch, seq), bytes(state)) if epoch else None
    numbers = _numbers.decode(mine) if mine else ()
    laid = None if laid is None else bytes(laid)
    return Slot(cell, there=True, row=row, before=row, laid=laid, mine=numbers, place=place)
