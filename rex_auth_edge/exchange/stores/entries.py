"""A hub's own changes in SQL, from the writing until they are durable in the cloud."""

from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa

from rex_auth_edge.storage.prepared import Prepared
from rex_auth_edge.storage.sync_tables import sync_entries
from rex_auth_edge.sync.kinds import lane_of
from rex_auth_edge.sync.order import START, Lane, Position, Seen
from rex_auth_edge.sync.state import Cell
from rex_auth_edge.sync.store import Entry

WAITS, GIVEN, PASSED = 0, 1, 2

Numbered = tuple[int, Cell]

_pack = msgspec.msgpack.Encoder().encode
_value = msgspec.msgpack.Decoder(tuple[Seen, bytes, bytes | None])

_e = sync_entries.c
_here = _e.tenant_id == sa.bindparam("tenant")
_one = _here & (_e.number == sa.bindparam("which"))
_in_lane = _here & (_e.lane == sa.bindparam("of"))
_staged = _in_lane & (_e.stage == sa.bindparam("then"))
_this_epoch = _staged & (_e.given_epoch == sa.bindparam("epoch")) & (_e.given_seq <= sa.bindparam("seq"))
_epochs_before = _staged & (_e.given_epoch < sa.bindparam("epoch"))
_every = sa.select(sync_entries).order_by(_e.number).limit(sa.bindparam("most"))
_get = Prepared(sa.select(sync_entries).where(_one))
_next = Prepared(_every.where(_here & (_e.number > sa.bindparam("after"))))
_waiting = Prepared(_every.where(_in_lane & (_e.stage == WAITS) & (_e.given_epoch == 0) & (_e.given_seq == 0)))
_cells = sa.select(_e.number, _e.kind, _e.id)
_numbered_upto = _cells.add_columns(_e.given_epoch, _e.given_seq).limit(sa.bindparam("most"))
_come_back = Prepared(_numbered_upto.where(_this_epoch))
_come_back_before = Prepared(_numbered_upto.where(_epochs_before))
_after = _e.number > sa.bindparam("after")
_hidden = Prepared(_cells.where(_in_lane & (_e.stage == PASSED) & _after))
_add = Prepared(sa.insert(sync_entries))
_drop = Prepared(sa.delete(sync_entries).where(_one))
_send = Prepared(
    sa.update(sync_entries)
    .where(_in_lane & (_e.stage == WAITS) & (_e.number <= sa.bindparam("last")))
    .values(sent=True)
)
_unsend = Prepared(sa.update(sync_entries).where(_in_lane & (_e.stage == WAITS) & _e.sent).values(sent=False))
_place = {"stage": GIVEN, "sent": False, "given_epoch": sa.bindparam("epoch"), "given_seq": sa.bindparam("seq")}
_give = Prepared(
    sa.update(sync_entries)
    .where(
        _in_lane & (_e.stage == WAITS) & (_e.number <= sa.bindparam("last")) & (_e.sent | (sa.bindparam("any") == 1))
    )
    .values(_place)
)
_nowhere = {"stage": WAITS, "sent": False, "given_epoch": 0, "given_seq": 0}
_take_back = Prepared(sa.update(sync_entries).where(_in_lane & _after).values(_nowhere))
_pass = Prepared(sa.update(sync_entries).where(_one).values(stage=PASSED))
_forget = Prepared(sa.delete(sync_entries).where(_this_epoch))
_forget_before = Prepared(sa.delete(sync_entries).where(_epochs_before))


class Entries:
    """A household's within one transaction."""

    def __init__(self, conn: sa.Connection, tenant_id: UUID) -> None:
        self._conn, self._where = conn, {"tenant": tenant_id}
        self._tenant_id = tenant_id
        self._new: dict[int, Entry] = {}
        self._stored: set[int] = set()

    def get(self, number: int) -> Entry | None:
        """That entry."""
        if number in self._new:
            return self._new[number]
        found = _get.one(self._conn, **self._where, which=number)
        return None if found is None else _entry(found)

    def put(self, entry: Entry, *, anew: bool) -> None:
        """Write it; `anew` where there is one of this number already."""
        if anew and entry.number not in self._new:
            self.drop(entry.number)
        self._new[entry.number] = entry

    def drop(self, number: int) -> None:
        """Forget it."""
        if self._new.pop(number, None) is None:
            _drop.change(self._conn, **self._where, which=number)

    def after(self, number: int, most: int) -> list[Entry]:
        """Those with higher numbers."""
        self.flush()
        return [_entry(each) for each in _next.all(self._conn, **self._where, after=number, most=most)]

    def waiting(self, lane: Lane, most: int) -> list[Entry]:
        """Those of the lane without a place."""
        self.flush()
        return [_entry(each) for each in _waiting.all(self._conn, **self._where, of=int(lane), most=most)]

    def send(self, lane: Lane, upto: int) -> None:
        """They are under way."""
        self.flush()
        _send.change(self._conn, **self._where, of=int(lane), last=upto)

    def unsend(self) -> None:
        """None is."""
        self.flush()
        for lane in Lane:
            _unsend.change(self._conn, **self._where, of=int(lane))

    def give(self, lane: Lane, upto: int, at: Position, *, sent: bool) -> None:
        """They have a place."""
        self.flush()
        place = {"epoch": at.epoch, "seq": at.seq}
        _give.change(self._conn, **self._where, **place, of=int(lane), last=upto, any=int(not sent))

    def take_back(self, lane: Lane, after: int) -> list[Numbered]:
        """They wait again; which of them are shown again."""
        self.flush()
        where = {**self._where, "of": int(lane), "after": after}
        hidden = _hidden.all(self._conn, **where)
        _take_back.change(self._conn, **where)
        return [_numbered(each) for each in hidden]

    def come_back(self, lane: Lane, whole: Position, durable: Position, most: int) -> list[Numbered]:
        """What has come back is passed or, if durable, forgotten: some of it, which isn't shown from now on."""
        self.flush()
        where = {**self._where, "of": int(lane), "then": GIVEN, "epoch": whole.epoch}
        back = _come_back.all(self._conn, **where, seq=whole.seq, most=most)
        if whole.epoch > 1 and len(back) < most:
            back += _come_back_before.all(self._conn, **where, most=most - len(back))
        rest = [each for each in back if (each.given_epoch, each.given_seq) > durable]
        _pass.many(self._conn, [{**self._where, "which": each.number} for each in rest])
        done = [each for each in back if (each.given_epoch, each.given_seq) <= durable]
        _drop.many(self._conn, [{**self._where, "which": each.number} for each in done])
        return [_numbered(each) for each in back]

    def forget(self, lane: Lane, upto: Position) -> None:
        """What has come back and is durable up to there is needed no longer."""
        where = {**self._where, "of": int(lane), "then": PASSED, "epoch": upto.epoch}
        _forget.change(self._conn, **where, seq=upto.seq)
        _forget_before.change(self._conn, **where)

    def flush(self) -> None:
        """Write what is new."""
        _add.many(self._conn, [self._row(each) for each in self._new.values()])
        self._new.clear()

    def _row(self, entry: Entry) -> dict[str, Any]:
        stage = WAITS if entry.given is None else PASSED if entry.passed else GIVEN
        given = entry.given or START
        return {
            "tenant_id": self._tenant_id,
            "number": entry.number,
            "kind": entry.cell.kind,
            "id": entry.cell.id,
            "lane": int(lane_of(entry.cell.kind)),
            "stage": stage,
            "sent": entry.sent,
            "given_epoch": given.epoch,
            "given_seq": given.seq,
            "value": _pack((entry.seen, entry.state, entry.actor)),
        }


def _entry(row: Any) -> Entry:
    seen, state, actor = _value.decode(row.value)
    given = None if row.stage == WAITS else Position(row.given_epoch, row.given_seq)
    cell = Cell(row.kind, bytes(row.id))
    return Entry(cell, row.number, seen, state, actor, bool(row.sent), given, row.stage == PASSED)


def _numbered(row: Any) -> Numbered:
    return row.number, Cell(row.kind, bytes(row.id))
