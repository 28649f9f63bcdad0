"""What both ends ask of a household's cells (see `sync.store.Rows`), over SQL."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from rex_auth_edge.exchange.stores.binding import TENANT, adding
from rex_auth_edge.exchange.stores.cells import Cells, Slot
from rex_auth_edge.exchange.stores.sums import Branches, SqlTree, leaves_below
from rex_auth_edge.storage.prepared import Prepared, Repeated
from rex_auth_edge.storage.sync_tables import sync_cells, sync_names
from rex_auth_edge.storage.tx import Tx
from rex_auth_edge.sync.bodies import Row
from rex_auth_edge.sync.digest import FAN, Path, Sums
from rex_auth_edge.sync.kinds import Kind, lane_of
from rex_auth_edge.sync.order import START, Lane, Position
from rex_auth_edge.sync.rules.names import KEY
from rex_auth_edge.sync.state import Cell, State
from rex_auth_edge.sync.store import EVERYTHING

_NAMED = frozenset({Kind.USERNAME, Kind.EMAIL})
_LONGEST = 255
"""Characters of a name that are looked for; what is found is compared whole."""

_here = sync_cells.c.tenant_id == sa.bindparam("tenant")
_in_order = sync_cells.c.epoch != sa.literal_column("0")
"""What SQLite's index has, said as the index says it."""
_lane = _here & (sync_cells.c.lane == sa.bindparam("of")) & _in_order
_row = [sync_cells.c[name] for name in ("kind", "id", "epoch", "seq", "state")]
_ordered = sa.select(*_row).order_by(sync_cells.c.epoch, sync_cells.c.seq).limit(sa.bindparam("most"))
_same_epoch = (sync_cells.c.epoch == sa.bindparam("epoch")) & (sync_cells.c.seq > sa.bindparam("seq"))
_later_in_epoch = Prepared(_ordered.where(_lane & _same_epoch))
_later_epochs = Prepared(_ordered.where(_lane & (sync_cells.c.epoch > sa.bindparam("epoch"))))
"""Two, since neither database finds the beginning of a range of pairs by an index as surely."""
_between = Prepared(
    sa.select(*_row).where(_lane & sync_cells.c.place.between(sa.bindparam("first"), sa.bindparam("last")))
)
_counted = Prepared(sa.select(sa.func.count().label("rows")).where(_lane))
_ids = Prepared(
    sa.select(sync_cells.c.id, sync_cells.c.epoch).where(_here & (sync_cells.c.kind == sa.bindparam("about")))
)
_kind_after = Prepared(
    sa.select(sa.func.min(sync_cells.c.kind).label("kind")).where(_here & (sync_cells.c.kind > sa.bindparam("after")))
)

_names_of = (sync_names.c.tenant_id == sa.bindparam("tenant")) & (sync_names.c.kind == sa.bindparam("about"))
_bearing = Prepared(sa.select(sync_names.c.id).where(_names_of & (sync_names.c.name == sa.bindparam("called"))))
_name_of = (
    (sync_names.c.tenant_id == TENANT)
    & (sync_names.c.kind == sa.bindparam("about"))
    & (sync_names.c.id == sa.bindparam("subject"))
)
_forget_name = Repeated(sa.delete(sync_names).where(_name_of), "tenant", "about", "subject")
_add_name = adding(sync_names)


class SqlRows:
    """One household's cells, in a transaction that is open."""

    def __init__(self, tx: Tx, tenant_id: UUID, digest_key: bytes) -> None:
        self.tx, self.tenant_id, self.digest_key = tx, tenant_id, digest_key
        self.dirty: set[Cell] = set()
        self.cells = Cells(tx.conn, tenant_id)
        self._sums = Branches(tx.conn, tenant_id, digest_key)
        self._subjects: dict[str, set[bytes]] = {}
        self._bearers: dict[tuple[str, str], set[Cell]] = defaultdict(set)
        self._kinds: set[str] | None = None

    def state(self, cell: Cell) -> State:
        """The cell's content."""
        return self.cells.slot(cell).below()

    def row(self, cell: Cell) -> Row | None:
        """The cell's row."""
        return self.cells.slot(cell).row

    def prepare(self, cells: Iterable[Cell]) -> None:
        """Read these together."""
        self.cells.prepare(cells)

    def put_row(self, row: Row) -> None:
        """Write the row in place of the cell's former one."""
        self._put(self.cells.slot(row.cell), row)

    def drop_row(self, cell: Cell) -> None:
        """Forget the cell."""
        self._put(self.cells.slot(cell), None)

    def _put(self, slot: Slot, row: Row | None) -> None:
        slot.put(row)
        self.note(slot)

    def note(self, slot: Slot) -> None:
        """The cell has changed."""
        cell = slot.cell
        self.cells.changed[cell] = slot
        self.dirty.add(cell)
        if cell.kind in self._subjects:
            (self._subjects[cell.kind].add if slot.wanted else self._subjects[cell.kind].discard)(cell.id)
        if self._kinds is not None:
            self._kinds.add(cell.kind)
        self.call(slot)

    def call(self, slot: Slot) -> None:
        """Note which name the cell shows now, for who asks before it is written."""
        if slot.cell.kind not in _NAMED:
            return
        held = slot.shown().fields.get(KEY)
        if held is not None and isinstance(held.value, str):
            self._bearers[slot.cell.kind, held.value[:_LONGEST]].add(slot.cell)

    def rows(self, lane: Lane, after: Position = START, limit: int = EVERYTHING) -> list[Row]:
        """The lane's rows past `after`, in order."""
        self.flush()
        where = {"tenant": self.tenant_id, "of": int(lane), "epoch": after.epoch}
        found = _later_in_epoch.all(self.tx.conn, **where, seq=after.seq, most=limit) if after.epoch else []
        if len(found) < limit:
            found += _later_epochs.all(self.tx.conn, **where, most=limit - len(found))
        return [_as_row(each) for each in found]

    def tree(self, lane: Lane) -> Sums:
        """The digest's tree of the lane's rows."""
        self.flush()
        return SqlTree(self._sums, lane, self._leaves, self.digest_key)

    def leaf(self, lane: Lane, path: Path) -> list[Row]:
        """The rows in a leaf of it."""
        self.flush()
        return self._leaves(lane, *leaves_below(path))

    def _leaves(self, lane: Lane, first: int, last: int) -> list[Row]:
        values = {"tenant": self.tenant_id, "of": int(lane), "first": first, "last": last}
        return [_as_row(each) for each in _between.all(self.tx.conn, **values)]

    def recount(self, lane: Lane, first: int, most: int) -> tuple[int, int]:
        """Sum up the digest anew from its first-level branch `first` on, over `most` rows or little more.

        How many branches had other sums than their rows', as after bits have flipped; and where to go on, 0 at the end.
        """
        self.flush()
        count = _counted.one(self.tx.conn, tenant=self.tenant_id, of=int(lane)).rows
        width = max(1, min(FAN, most * FAN // max(1, count)))
        branches = range(first, min(FAN, first + width))
        wrong = self._sums.recount(lane, branches, self._leaves)
        self._sums.flush()
        return wrong, branches.stop % FAN

    def known(self, kind: str) -> set[bytes]:
        """Whom there is anything of this kind about, a hub's own changes included."""
        if kind not in self._subjects:
            found = {bytes(each.id) for each in _ids.all(self.tx.conn, tenant=self.tenant_id, about=kind)}
            slots = [slot for slot in self.cells.changed.values() if slot.cell.kind == kind]
            found -= {slot.cell.id for slot in slots}
            self._subjects[kind] = found | {slot.cell.id for slot in slots if slot.wanted}
        return self._subjects[kind]

    def of_kind(self, kind: str) -> list[Slot]:
        """All cells of this kind."""
        self.prepare(cells := [Cell(kind, subject) for subject in sorted(self.known(kind))])
        return [self.cells.slot(cell) for cell in cells]

    def showing(self, kind: str, field: str, value: Any) -> list[bytes]:
        """Whose cell of this kind shows this value."""
        named = kind in _NAMED and field == KEY and isinstance(value, str)
        slots = self._called(kind, value) if named else self.of_kind(kind)
        held = ((slot.cell.id, slot.shown().fields.get(field)) for slot in slots)
        return sorted(subject for subject, each in held if each is not None and each.value == value)

    def _called(self, kind: str, name: str) -> list[Slot]:
        """Cells that may show this name."""
        found = _bearing.all(self.tx.conn, tenant=self.tenant_id, about=kind, called=name[:_LONGEST])
        cells = {Cell(kind, bytes(row.id)) for row in found} | self._bearers[kind, name[:_LONGEST]]
        return [self.cells.slot(cell) for cell in cells]

    def about(self, subject: bytes) -> list[Slot]:
        """All cells about the subject."""
        return self.cells.about(subject, sorted(self._every_kind()))

    def _every_kind(self) -> set[str]:
        """All kinds that the household has cells of, by a look for each."""
        if self._kinds is None:
            self._kinds = {cell.kind for cell in self.cells.changed}
            last = ""
            while found := _kind_after.one(self.tx.conn, tenant=self.tenant_id, after=last).kind:
                self._kinds.add(found)
                last = found
        return self._kinds

    def flush(self) -> None:
        """Write what has changed: sums, cells, names."""
        for slot in self.cells.changed.values():
            if slot.row is not slot.before:
                self._sums.replace(lane_of(slot.cell.kind), slot.leaf, slot.before, slot.row)
                slot.before = slot.row
        self._sums.flush()
        changed = self.cells.flush()
        self._name([slot for slot in changed if slot.cell.kind in _NAMED])

    def _name(self, slots: list[Slot]) -> None:
        tenant, keys = self.tenant_id.bytes, [(str(slot.cell.kind), slot.cell.id) for slot in slots]
        _forget_name.each(self.tx.conn, [(tenant, *key) for key in keys])
        names = [(key, slot.shown().fields.get(KEY)) for key, slot in zip(keys, slots, strict=True)]
        texts = [(key, held.value) for key, held in names if held is not None and isinstance(held.value, str)]
        _add_name.each(self.tx.conn, [(tenant, *key, text[:_LONGEST]) for key, text in texts])


def _as_row(found: Any) -> Row:
    return Row(found.kind, bytes(found.id), Position(found.epoch, found.seq), bytes(found.state))
