"""What the cloud has of a hub's own changes, by lane: up to which number, where, and whether it has come back.

A row stays until its changes are durable, which may be long: each question is answered by a look at few of them.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import takewhile
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from rex_auth_edge.exchange.stores.binding import TENANT, adding
from rex_auth_edge.storage.prepared import Repeated
from rex_auth_edge.storage.sync_tables import sync_given
from rex_auth_edge.sync.order import Lane, Position

_FEW = 8

_g = sync_given.c
_in_lane = (_g.tenant_id == TENANT) & (_g.lane == sa.bindparam("of"))
_one = _in_lane & (_g.upto == sa.bindparam("number"))
_NUMBER = ("tenant", "of", "number")
_rows = sa.select(_g.upto, _g.epoch, _g.seq, _g.passed).where(_in_lane)
_last = sa.select(_g.upto).where(_in_lane).order_by(_g.upto.desc()).limit(sa.literal_column("1"))
_highest = Repeated(_last, "tenant", "of")
_highest_passed = Repeated(_last.where(_g.passed == sa.literal_column("1")), "tenant", "of")
_before = Repeated(_last.where(_g.upto <= sa.bindparam("number")), *_NUMBER)
_holding = Repeated(
    _rows.where(_g.upto >= sa.bindparam("number")).order_by(_g.upto).limit(sa.literal_column("1")), *_NUMBER
)
_beyond = Repeated(
    _rows.where(_g.upto > sa.bindparam("number")).order_by(_g.upto).limit(sa.bindparam("most")), *_NUMBER, "most"
)
_add = adding(sync_given)
_pass = Repeated(sa.update(sync_given).where(_one).values(passed=sa.bindparam("now")), "now", *_NUMBER)
_drop = Repeated(sa.delete(sync_given).where(_one), *_NUMBER)
_cut = Repeated(sa.delete(sync_given).where(_in_lane & (_g.upto > sa.bindparam("number"))), *_NUMBER)


@dataclass(slots=True)
class Batch:
    """Changes with numbers in (`after`, `upto`], which are contained in what the cloud has up to `at`."""

    after: int
    upto: int
    at: Position
    passed: bool = False


class Given:
    """A household's within one transaction; written at once. What has come back is always all up to a number."""

    def __init__(self, conn: sa.Connection, tenant_id: UUID) -> None:
        self._conn, self._tenant = conn, tenant_id.bytes
        self._upto: dict[Lane, int] = {}

    def upto(self, lane: Lane) -> int:
        """The number up to which the cloud has the lane's."""
        if lane not in self._upto:
            self._upto[lane] = self._number(_highest, lane)
        return self._upto[lane]

    def place(self, lane: Lane, number: int) -> Position | None:
        """Where the cloud has that change."""
        held = self._holding(lane, number)
        return held.at if held else None

    def due(self, lane: Lane, whole: Position, durable: Position) -> Iterator[Batch]:
        """In order, of those with a place up to `whole`: what is durable, and then what hasn't come back."""
        done = 0
        for batch in takewhile(lambda each: each.at <= min(whole, durable), self._beyond(lane, 0)):
            yield batch
            done = batch.upto
        fresh = self._beyond(lane, max(done, self._number(_highest_passed, lane)))
        yield from takewhile(lambda each: each.at <= whole, fresh)

    def _beyond(self, lane: Lane, after: int) -> Iterator[Batch]:
        """Those with higher numbers, few at a time, since who asks mostly wants none."""
        while some := list(_batches(after, _beyond.find(self._conn, [(*self._lane(lane), after, _FEW)]))):
            yield from some
            after = some[-1].upto

    def add(self, lane: Lane, upto: int, at: Position) -> None:
        """It has got this far."""
        self._add(lane, Batch(self.upto(lane), upto, at))
        self._upto[lane] = upto

    def _add(self, lane: Lane, batch: Batch) -> None:
        _add.each(self._conn, [(*self._lane(lane), batch.upto, *batch.at, int(batch.passed))])

    def mark_passed(self, lane: Lane, batch: Batch) -> None:
        """It has come back."""
        batch.passed = True
        _pass.each(self._conn, [(1, *self._lane(lane), batch.upto)])

    def split(self, lane: Lane, batch: Batch, upto: int) -> Batch:
        """The batch's first part, which ends at this number of it; the rest is another."""
        first = Batch(batch.after, upto, batch.at, batch.passed)
        self._add(lane, first)
        return first

    def drop(self, lane: Lane, batch: Batch) -> None:
        """It is needed no longer."""
        _drop.each(self._conn, [(*self._lane(lane), batch.upto)])
        self._upto.pop(lane, None)

    def cut(self, lane: Lane, after: int) -> None:
        """What has a higher number isn't there any more."""
        held = self._holding(lane, after + 1)
        _cut.each(self._conn, [(*self._lane(lane), after)])
        if held is not None and held.after < after:
            self._add(lane, Batch(held.after, after, held.at, held.passed))
        self._upto.pop(lane, None)

    def _holding(self, lane: Lane, number: int) -> Batch | None:
        """The one to which the number belongs."""
        rows = _holding.find(self._conn, [(*self._lane(lane), number)])
        before = self._number(_before, lane, number - 1) if rows else 0
        return next(_batches(before, rows), None)

    def _number(self, query: Repeated, lane: Lane, *further: int) -> int:
        rows = query.find(self._conn, [(*self._lane(lane), *further)])
        return int(rows[0][0]) if rows else 0

    def _lane(self, lane: Lane) -> tuple[bytes, int]:
        return self._tenant, int(lane)


def _batches(after: int, rows: Iterable[Any]) -> Iterator[Batch]:
    """The rows, each of which begins where the one before it ends."""
    for upto, epoch, seq, passed in rows:
        yield Batch(after, upto, Position(epoch, seq), bool(passed))
        after = upto
