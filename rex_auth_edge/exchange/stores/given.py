"""What the cloud has of a hub's own changes, by lane: up to which number, where, and whether it has come back."""

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from rex_auth_edge.exchange.stores.binding import TENANT, adding
from rex_auth_edge.storage.prepared import Repeated
from rex_auth_edge.storage.sync_tables import sync_given
from rex_auth_edge.sync.order import Lane, Position

_g = sync_given.c
_one = (_g.tenant_id == TENANT) & (_g.lane == sa.bindparam("of")) & (_g.upto == sa.bindparam("last"))
_every = Repeated(
    sa.select(_g.lane, _g.upto, _g.epoch, _g.seq, _g.passed).where(_g.tenant_id == TENANT).order_by(_g.lane, _g.upto),
    "tenant",
)
_add = adding(sync_given)
_pass = Repeated(sa.update(sync_given).where(_one).values(passed=sa.bindparam("now")), "now", "tenant", "of", "last")
_drop = Repeated(sa.delete(sync_given).where(_one), "tenant", "of", "last")


@dataclass(slots=True)
class Batch:
    """Changes with numbers in (`after`, `upto`], which are contained in what the cloud has up to `at`."""

    after: int
    upto: int
    at: Position
    passed: bool = False


class Given:
    """A household's within one transaction; written at once."""

    def __init__(self, conn: sa.Connection, tenant_id: UUID) -> None:
        self._conn, self._tenant = conn, tenant_id.bytes
        self._read: dict[Lane, list[Batch]] | None = None

    def of(self, lane: Lane) -> list[Batch]:
        """The lane's, in order."""
        if self._read is None:
            self._read = {each: [] for each in Lane}
            for number, upto, epoch, seq, passed in _every.find(self._conn, [(self._tenant,)]):
                before = self._read[Lane(number)]
                batch = Batch(before[-1].upto if before else 0, upto, Position(epoch, seq), bool(passed))
                before.append(batch)
        return self._read[lane]

    def upto(self, lane: Lane) -> int:
        """The number up to which the cloud has the lane's."""
        held = self.of(lane)
        return held[-1].upto if held else 0

    def place(self, lane: Lane, number: int) -> Position | None:
        """Where the cloud has that change."""
        held = self.of(lane)
        index = bisect_left(held, number, key=lambda batch: batch.upto)
        return held[index].at if index < len(held) and held[index].after < number else None

    def add(self, lane: Lane, upto: int, at: Position, *, passed: bool = False) -> None:
        """It has got this far."""
        batch = Batch(self.upto(lane), upto, at, passed)
        self.of(lane).append(batch)
        self._add(lane, batch)

    def _add(self, lane: Lane, batch: Batch) -> None:
        _add.each(self._conn, [(*self._key(lane, batch), *batch.at, int(batch.passed))])

    def mark_passed(self, lane: Lane, batch: Batch) -> None:
        """It has come back."""
        batch.passed = True
        _pass.each(self._conn, [(1, *self._key(lane, batch))])

    def split(self, lane: Lane, batch: Batch, upto: int) -> Batch:
        """The batch's first part, which ends at this number of it; the rest is another."""
        first = Batch(batch.after, upto, batch.at, batch.passed)
        held = self.of(lane)
        held.insert(held.index(batch), first)
        batch.after = upto
        self._add(lane, first)
        return first

    def drop(self, lane: Lane, batch: Batch) -> None:
        """It is needed no longer."""
        held = self.of(lane)
        place = held.index(batch)
        if place + 1 < len(held):
            held[place + 1].after = batch.after
        held.remove(batch)
        _drop.each(self._conn, [self._key(lane, batch)])

    def cut(self, lane: Lane, after: int) -> None:
        """What has a higher number isn't there any more."""
        held = self.of(lane)
        cut = held[bisect_right(held, after, key=lambda batch: batch.upto) :]
        del held[len(held) - len(cut) :]
        _drop.each(self._conn, [self._key(lane, batch) for batch in cut])
        if cut and cut[0].after < after:
            self.add(lane, after, cut[0].at, passed=cut[0].passed)

    def _key(self, lane: Lane, batch: Batch) -> tuple[Any, ...]:
        return self._tenant, int(lane), batch.upto
