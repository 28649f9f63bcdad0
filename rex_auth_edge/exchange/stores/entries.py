"""A hub's own changes in SQL, from the writing until they are durable in the cloud.

A change is written once. What has become of it is known by its lane and number: what is under way, and what the cloud
has, are always all numbers up to one.
"""

from collections.abc import Collection, Iterable
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa

from rex_auth_edge.exchange.stores.binding import TENANT, adding
from rex_auth_edge.storage.prepared import Repeated
from rex_auth_edge.storage.sync_tables import sync_cells, sync_entries, sync_given
from rex_auth_edge.sync.hub.store import Entry
from rex_auth_edge.sync.kinds import lane_of
from rex_auth_edge.sync.order import Lane, Seen
from rex_auth_edge.sync.state import Cell

Numbered = tuple[int, Cell]

_pack = msgspec.msgpack.Encoder().encode
_value = msgspec.msgpack.Decoder(tuple[Seen, bytes, bytes | None])

_e = sync_entries.c
_in_lane = (_e.tenant_id == TENANT) & (_e.lane == sa.bindparam("of"))
_one = _in_lane & (_e.number == sa.bindparam("which"))
_range = _in_lane & (_e.number > sa.bindparam("after")) & (_e.number <= sa.bindparam("last"))
_RANGE = ("tenant", "of", "after", "last")
_columns = sa.select(_e.number, _e.kind, _e.id, _e.value)
_get = Repeated(_columns.where(_one), "tenant", "of", "which")
_next = Repeated(_columns.where(_range).order_by(_e.number).limit(sa.bindparam("most")), *_RANGE, "most")
_last = Repeated(_columns.where(_range).order_by(_e.number.desc()).limit(sa.bindparam("most")), *_RANGE, "most")
_about = _columns.where((_e.tenant_id == TENANT) & _e.id.in_(sa.bindparam("subjects", expanding=True)))
_shown = Repeated(
    sa.select(_e.number, _e.kind, _e.id)
    .join(
        sync_cells,
        (sync_cells.c.tenant_id == _e.tenant_id) & (sync_cells.c.kind == _e.kind) & (sync_cells.c.id == _e.id),
    )
    .where(_range & sync_cells.c.mine.is_not(None)),
    *_RANGE,
)
_numbers = Repeated(sa.select(_e.number).where(_range).order_by(_e.number).limit(sa.bindparam("most")), *_RANGE, "most")
_add = adding(sync_entries)
_set = Repeated(sa.update(sync_entries).where(_one).values(value=sa.bindparam("now")), "now", "tenant", "of", "which")
_drop = Repeated(sa.delete(sync_entries).where(_one), "tenant", "of", "which")
_forget = Repeated(sa.delete(sync_entries).where(_range), *_RANGE)


def backlog(conn: sa.Connection, tenant_id: UUID) -> tuple[int, int, int, int]:
    """How many changes of each lane the cloud has yet to take, for who only looks."""
    given = sa.select(sa.func.coalesce(sa.func.max(sync_given.c.upto), 0)).where(
        (sync_given.c.tenant_id == _e.tenant_id) & (sync_given.c.lane == _e.lane)
    )
    waiting = (_e.tenant_id == tenant_id) & (_e.number > given.scalar_subquery())
    counted = sa.select(_e.lane, sa.func.count().label("waiting")).where(waiting).group_by(_e.lane)
    found = {row.lane: row.waiting for row in conn.execute(counted)}
    security, identity, sessions, audit = (found.get(int(lane), 0) for lane in Lane)
    return (security, identity, sessions, audit)


class Entries:
    """A household's within one transaction. `given` and `passed` of what it gives are for the store to say."""

    def __init__(self, conn: sa.Connection, tenant_id: UUID) -> None:
        self._conn, self._tenant = conn, tenant_id.bytes
        self._new: dict[int, Entry] = {}

    def get(self, cell: Cell, number: int) -> Entry | None:
        """That entry."""
        if number in self._new:
            return self._new[number]
        found = _get.find(self._conn, [self._key(cell, number)])
        return _entry(found[0]) if found else None

    def add(self, entry: Entry) -> None:
        """A new one."""
        self._new[entry.number] = entry

    def replace(self, entry: Entry) -> None:
        """Write it anew."""
        if entry.number in self._new:
            self._new[entry.number] = entry
        else:
            _set.each(self._conn, [(_packed(entry), *self._key(entry.cell, entry.number))])

    def drop(self, entry: Entry) -> None:
        """Forget it."""
        if self._new.pop(entry.number, None) is None:
            _drop.each(self._conn, [self._key(entry.cell, entry.number)])

    def between(self, lane: Lane, after: int, last: int, most: int) -> list[Entry]:
        """The lane's in this range, by number; its end belongs to it."""
        self.flush()
        return [_entry(row) for row in _next.find(self._conn, [(self._tenant, int(lane), after, last, most)])]

    def latest(self, lane: Lane, after: int, last: int, most: int) -> list[Entry]:
        """The same, the last first."""
        self.flush()
        return [_entry(row) for row in _last.find(self._conn, [(self._tenant, int(lane), after, last, most)])]

    def about(self, subjects: Collection[bytes]) -> list[Entry]:
        """Those about these subjects; all are looked through for that."""
        self.flush()
        return [_entry(row) for row in self._conn.execute(_about, {"tenant": self._tenant, "subjects": [*subjects]})]

    def shown(self, lane: Lane, after: int, last: int) -> list[Numbered]:
        """Those of the range on whose cell something is laid."""
        self.flush()
        rows = _shown.find(self._conn, [(self._tenant, int(lane), after, last)])
        return [(number, Cell(kind, bytes(subject))) for number, kind, subject in rows]

    def numbers(self, lane: Lane, after: int, last: int, most: int) -> list[int]:
        """Those of the range, `most` of them at most."""
        self.flush()
        return [number for (number,) in _numbers.find(self._conn, [(self._tenant, int(lane), after, last, most)])]

    def forget(self, lane: Lane, after: int, last: int) -> None:
        """The range is needed no longer."""
        _forget.each(self._conn, [(self._tenant, int(lane), after, last)])

    def flush(self) -> None:
        """Write what is new."""
        if self._new:
            _add.each(self._conn, list(self._rows()))
            self._new.clear()

    def _rows(self) -> Iterable[tuple[Any, ...]]:
        for each in self._new.values():
            kind = str(each.cell.kind)
            yield self._tenant, int(lane_of(kind)), each.number, kind, each.cell.id, _packed(each)

    def _key(self, cell: Cell, number: int) -> tuple[bytes, int, int]:
        return self._tenant, int(lane_of(cell.kind)), number


def _packed(entry: Entry) -> bytes:
    return _pack((entry.seen, entry.state, entry.actor))


def _entry(row: Any) -> Entry:
    number, kind, subject, value = row
    seen, state, actor = _value.decode(value)
    return Entry(Cell(kind, bytes(subject)), number, seen, state, actor)
