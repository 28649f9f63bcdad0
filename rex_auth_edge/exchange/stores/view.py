"""What a hub goes by, kept as it changes: what `sync.hub.view.View` makes anew of everything.

A change that comes last is laid on top of what is there. Where something below has moved, the cell is laid anew from
its own changes; and with a cell that others are decided by, all such cells, in the order of writing.
"""

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from rex_auth_edge.exchange.stores.below import SqlBelow
from rex_auth_edge.storage.prepared import Prepared
from rex_auth_edge.storage.sync_tables import sync_cells
from rex_auth_edge.sync.house import password_of
from rex_auth_edge.sync.hub.store import Entry
from rex_auth_edge.sync.kinds import Decided, Kind
from rex_auth_edge.sync.merge import join
from rex_auth_edge.sync.order import Tag
from rex_auth_edge.sync.state import Cell, Incoming, State
from rex_auth_edge.sync.verdict import decide
from rex_auth_edge.sync.wire import unpack_state

RULING = frozenset(kind for kind in Kind if kind.facts.decided is Decided.BY_OTHERS)
"""Kinds that a rule looks at in deciding about another cell, or that are decided by what others hold."""
DECIDED = frozenset(kind for kind in Kind if kind.facts.decided >= Decided.BY_ITSELF)
"""Kinds of which a change may be shown as something else than it says."""

_overlaid = Prepared(
    sa.select(sync_cells.c.id).where(
        (sync_cells.c.tenant_id == sa.bindparam("tenant"))
        & (sync_cells.c.kind == sa.bindparam("about"))
        & sync_cells.c.over.is_not(None)
    )
)


class SqlView:
    """A household as this hub has it, within one transaction."""

    __slots__ = ("_hub",)

    def __init__(self, hub: SqlBelow) -> None:
        self._hub = hub

    def mark(self, cell: Cell) -> None:
        """Something below it, or of what lies on it, has changed."""
        self._hub.moved.add(cell)

    def add(self, entry: Entry, state: State | None = None) -> None:
        """The last of all changes is to be shown; `state` is the entry's, where that is known unpacked."""
        if entry.cell in self._hub.moved:
            return
        if entry.cell.kind in RULING:
            self.lay()
        self._lay(entry, state)

    def lay(self) -> None:
        """Lay anew what has to be; only what is shown otherwise by that is written."""
        if not self._hub.moved:
            return
        cells = self._hub.moved | (self._ruling() if any(cell.kind in RULING for cell in self._hub.moved) else set())
        self._hub.moved = set()
        self._hub.prepare(cells)
        slots = [self._hub.cells.slot(cell) for cell in cells]
        before = [slot.laid for slot in slots]
        for slot in slots:
            lost = self._hub.lost_of(slot.cell)
            slot.lay(None if lost is None else join(slot.below(), unpack_state(lost.state)))
            self._hub.call(slot)
        for number, cell in sorted((number, slot.cell) for slot in slots for number in slot.mine):
            entry = self._hub.entry(cell, number)
            if entry is not None:
                self._lay(entry)
        for slot, laid in zip(slots, before, strict=True):
            if slot.laid != laid:
                self._hub.note(slot)

    def _ruling(self) -> set[Cell]:
        """Every cell of these kinds on which something lies."""
        found = {cell for cell, slot in self._hub.cells.changed.items() if cell.kind in RULING and slot.mine}
        for kind in RULING:
            rows = _overlaid.all(self._hub.tx.conn, tenant=self._hub.tenant_id, about=kind)
            found |= {Cell(kind, bytes(row.id)) for row in rows}
        return found

    def _lay(self, entry: Entry, state: State | None = None) -> None:
        me, slot = self._hub.me(), self._hub.cells.slot(entry.cell)
        tag = Tag(me.id, me.incarnation, entry.number)
        change = Incoming(entry.cell, tag, entry.seen, state or unpack_state(entry.state), entry.actor)
        shown = join(slot.shown(), decide(change, self).delta)
        slot.lay(shown, entry.state if shown is change.state else None)

    def state(self, cell: Cell) -> State:
        """The cell's content."""
        if self._hub.moved:
            self.lay()
        return self._hub.cells.slot(cell).shown()

    def subjects(self, kind: str) -> Iterable[bytes]:
        """Whom there are cells of this kind about."""
        self.lay()
        if kind not in RULING:
            return sorted(self._hub.known(kind))
        slots = self._hub.of_kind(kind)  # of which some may have yet to be laid
        return [slot.cell.id for slot in slots if slot.row is not None or slot.laid is not None]

    def bearing(self, kind: str, field: str, value: Any) -> Iterable[bytes]:
        """Whose cell of this kind holds this value."""
        self.lay()
        return self._hub.showing(kind, field, value)

    def kinds(self, subject: bytes) -> Iterable[str]:
        """Of what kinds there are cells about the subject."""
        self.lay()
        return [slot.cell.kind for slot in self._hub.about(subject)]

    def verifier(self, user: bytes) -> bytes | None:
        """What the person's password is checked against here; None where it is kept elsewhere."""
        secret = password_of(self, user)
        return None if secret is None else secret.verifier or self._hub.kept(secret.by)
