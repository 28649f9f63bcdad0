"""What a hub does with its own changes, over SQL, and what lies on the cloud's rows because of them."""

from collections.abc import Collection
from uuid import UUID

from msgspec.structs import replace

from rex_auth_edge.exchange.stores.below import SqlBelow
from rex_auth_edge.exchange.stores.cells import Slot
from rex_auth_edge.exchange.stores.given import Batch, Given
from rex_auth_edge.exchange.stores.view import DECIDED, RULING, SqlView
from rex_auth_edge.storage.tx import Tx
from rex_auth_edge.sync.bodies import Row
from rex_auth_edge.sync.hub.settling import at_place, is_echo
from rex_auth_edge.sync.hub.store import Entry
from rex_auth_edge.sync.kinds import lane_of
from rex_auth_edge.sync.me import Me
from rex_auth_edge.sync.order import Lane, Position
from rex_auth_edge.sync.state import Cell, State
from rex_auth_edge.sync.store import EVERYTHING

Sending = tuple[Lane, int]
"""Of which lane, and up to which number, changes are under way."""

_AT_ONCE = 500


class SqlOwn(SqlBelow):
    """One household's cells on a hub, and its own changes."""

    def __init__(self, tx: Tx, tenant_id: UUID, digest_key: bytes, me: Me, sending: Sending | None) -> None:
        super().__init__(tx, tenant_id, digest_key, me)
        self._sending = sending
        self._given = Given(tx.conn, tenant_id)

    @property
    def shown(self) -> SqlView:
        """What the hub goes by. It keeps nothing of its own, or the two would keep each other in memory."""
        return SqlView(self)

    def _put(self, slot: Slot, row: Row | None) -> None:
        if slot.echoed:
            slot.echoed = False
            slot.put(row)
            return
        super()._put(slot, row)
        if slot.laid is not None or slot.cell.kind in RULING:
            self.shown.mark(slot.cell)

    def _told(self, entry: Entry) -> Entry:
        """The entry with all that is known of it."""
        lane = lane_of(entry.cell.kind)
        given = self._given.place(lane, entry.number)
        passed = entry.number not in self.cells.slot(entry.cell).mine
        return replace(entry, sent=given is None and self._under_way(lane, entry.number), given=given, passed=passed)

    def _under_way(self, lane: Lane, number: int) -> bool:
        return self._sending is not None and self._sending[0] == lane and number <= self._sending[1]

    def entries(self, after: int = 0, limit: int = EVERYTHING) -> list[Entry]:
        """Its own changes past this number, by their numbers."""
        found = [each for lane in Lane for each in self._entries.between(lane, after, EVERYTHING, limit)]
        some = sorted(found, key=lambda each: each.number)[:limit]
        self.prepare(each.cell for each in some)
        return [self._told(each) for each in some]

    def waiting(self, lane: Lane, limit: int = EVERYTHING) -> list[Entry]:
        """Those of the lane that have no place yet."""
        return self._entries.between(lane, self._given.upto(lane), EVERYTHING, limit)

    def unsent(self, cell: Cell) -> list[Entry]:
        """What waits for the cell and isn't under way."""
        mine = self.cells.slot(cell).mine
        if not mine:
            return []
        lane = lane_of(cell.kind)
        numbers = [each for each in mine if each > self._given.upto(lane)]
        found = [self._entries.get(cell, each) for each in numbers if not self._under_way(lane, each)]
        return [each for each in found if each is not None]

    def put_entry(self, entry: Entry, state: State | None = None) -> None:
        """Write a change; its number names it. `state`, where the entry's is known unpacked."""
        if entry.number <= self._me.number:
            self._entries.replace(entry)
            self.shown.mark(entry.cell)
        else:
            self._entries.add(entry)
            self._show(entry.cell, entry.number)
            self.shown.add(entry, state)

    def drop_entry(self, entry: Entry) -> None:
        """Forget it."""
        self._entries.drop(entry)
        self._hide(entry.cell, entry.number)

    def drop_about(self, subjects: Collection[bytes]) -> None:
        """Forget all those about these subjects, whatever has become of them."""
        for entry in self._entries.about(subjects):
            self.drop_entry(entry)

    def _show(self, cell: Cell, number: int) -> None:
        slot = self.cells.slot(cell)
        if number not in slot.mine:
            slot.mine = tuple(sorted((*slot.mine, number))) if slot.mine else (number,)
            self.note(slot)

    def _hide(self, cell: Cell, number: int) -> None:
        slot = self.cells.slot(cell)
        if number in slot.mine:
            slot.mine = tuple(each for each in slot.mine if each != number)
            self.note(slot)
            self.shown.mark(cell)

    def send(self, lane: Lane, upto: int) -> None:
        """What waits of the lane, up to this number, is under way."""
        self._sending = (lane, upto)

    def unsend(self) -> None:
        """Nothing is."""
        self._sending = None

    def give(self, lane: Lane, upto: int, at: Position, *, sent: bool) -> None:
        """What waits of the lane up to this number has a place."""
        if sent and not self._under_way(lane, 0):
            return
        if self._sending is not None and self._sending[0] == lane:
            upto = min(upto, self._sending[1]) if sent else upto
            self._sending = None if self._sending[1] <= upto else self._sending
        if self._entries.between(lane, self._given.upto(lane), upto, 1):
            self._given.add(lane, upto, at)

    def latest(self, lane: Lane, after: int, most: int) -> list[Entry]:
        """Those past this number that have a place."""
        some = self._entries.latest(lane, after, self._given.upto(lane), most)
        self.prepare(each.cell for each in some)
        return [self._told(each) for each in some]

    def take_back(self, lane: Lane, after: int) -> None:
        """What has a number past this one waits again."""
        last, done = self._given.upto(lane), after
        while some := self._entries.between(lane, done, last, _AT_ONCE):
            self.prepare(each.cell for each in some)
            for each in some:
                self._show(each.cell, each.number)
                self.shown.mark(each.cell)
            done = some[-1].number
        self._given.cut(lane, after)
        self._sending = None if self._sending is not None and self._sending[0] == lane else self._sending

    def came(self, cell: Cell, row: Row) -> bool:
        """The cell's first row has come."""
        slot = self.cells.slot(cell)
        left = tuple([number for number in slot.mine if not self._is_echo(slot, number, row)])
        if left == slot.mine:
            return False
        slot.mine = left
        self._bare(slot)
        return True

    def _is_echo(self, slot: Slot, number: int, row: Row) -> bool:
        """As `settling.is_echo`; mostly its bytes tell that the place alone is another."""
        plain = len(slot.mine) == 1 and slot.cell.kind not in DECIDED
        if plain and at_place(slot.laid or b"", number, row.at) == row.state:
            return True
        entry = self._entries.get(slot.cell, number)
        return entry is not None and is_echo(entry, row)

    def _bare(self, slot: Slot) -> None:
        """Nothing of the hub's own lies on it, or less: where nothing does, what is shown hasn't changed."""
        self.cells.changed[slot.cell] = slot
        if slot.mine or slot.cell.kind in DECIDED or self.lost_of(slot.cell):
            self.shown.mark(slot.cell)
        else:
            slot.lay(None)
            slot.echoed = True

    def settle(self, lane: Lane, whole: Position, durable: Position, most: int) -> int:
        """What was given a place up to `whole` has come back; what is durable as well is forgotten."""
        left = most
        for batch in self._given.due(lane, whole, durable):
            if left <= 0:
                break
            left -= self._settle(lane, batch, batch.at <= durable, left)
        return most - left

    def _settle(self, lane: Lane, batch: Batch, durable: bool, most: int) -> int:  # noqa: FBT001 - what it is of the batch
        """The batch, or the first `most` of it: how many those were, the batch's own row among them."""
        numbers = self._entries.numbers(lane, batch.after, batch.upto, most)
        if len(numbers) == most and numbers[-1] < batch.upto:
            batch = self._given.split(lane, batch, numbers[-1])
        if not batch.passed:
            self._pass(lane, batch)
        if durable:
            self._entries.forget(lane, batch.after, batch.upto)
            self._given.drop(lane, batch)
        return len(numbers) + 1

    def _pass(self, lane: Lane, batch: Batch) -> None:
        self.flush()
        shown = self._entries.shown(lane, batch.after, batch.upto)
        self.prepare(cell for _, cell in shown)
        for number, cell in shown:
            self._hide(cell, number)
        self._given.mark_passed(lane, batch)
