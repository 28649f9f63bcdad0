"""What the hub goes by: what it has got from the cloud, and its own changes on top, decided by the same rules.

This says what it is. `exchange.stores.view` comes to the same cell by cell, and is what a hub runs.
"""

from collections.abc import Iterable
from typing import Any

from rex_auth_edge.sync.house import password_of
from rex_auth_edge.sync.hub.store import Entry, HubStore
from rex_auth_edge.sync.merge import join
from rex_auth_edge.sync.order import Tag
from rex_auth_edge.sync.state import Cell, Incoming, State
from rex_auth_edge.sync.verdict import decide
from rex_auth_edge.sync.wire import unpack_state


class View:
    """A household as this hub has it. It is made anew after each change."""

    def __init__(self, store: HubStore) -> None:
        self._store = store
        self._over: dict[Cell, State] = {}
        me = store.me()
        for lost in store.lost():
            self._over[lost.cell] = join(self.state(lost.cell), unpack_state(lost.state))
        for entry in store.entries():
            if not entry.passed:
                self._lay(entry, Tag(me.id, me.incarnation, entry.number))

    def _lay(self, entry: Entry, tag: Tag) -> None:
        change = Incoming(entry.cell, tag, entry.seen, unpack_state(entry.state), entry.actor)
        self._over[entry.cell] = join(self.state(entry.cell), decide(change, self).delta)

    def state(self, cell: Cell) -> State:
        """The cell's content."""
        return self._over[cell] if cell in self._over else self._store.state(cell)

    def subjects(self, kind: str) -> Iterable[bytes]:
        """Whom there are cells of this kind about."""
        return sorted({*self._store.subjects(kind), *(cell.id for cell in self._over if cell.kind == kind)})

    def bearing(self, kind: str, field: str, value: Any) -> Iterable[bytes]:
        """Whose cell of this kind holds this value."""
        over = {cell.id: state.fields.get(field) for cell, state in self._over.items() if cell.kind == kind}
        under = [subject for subject in self._store.bearing(kind, field, value) if subject not in over]
        return sorted([*under, *(subject for subject, held in over.items() if held and held.value == value)])

    def kinds(self, subject: bytes) -> Iterable[str]:
        """Of what kinds there are cells about the subject."""
        return sorted({*self._store.kinds(subject), *(cell.kind for cell in self._over if cell.id == subject)})

    def verifier(self, user: bytes) -> bytes | None:
        """What the person's password is checked against here; None where it is kept elsewhere."""
        secret = password_of(self, user)
        return None if secret is None else secret.verifier or self._store.kept(secret.by)
