"""The digest's tree in SQL: its uppermost level is kept, and what lies below that is summed up when it is asked for.

So a change costs no write of its own at a place that nothing else has touched: ids are spread all over the tree, and a
batch that changes some of each branch writes one row of sums.
"""

from collections.abc import Callable
from uuid import UUID

import sqlalchemy as sa

from rex_auth_edge.exchange.stores.binding import TENANT, adding
from rex_auth_edge.storage.prepared import Repeated
from rex_auth_edge.storage.sync_tables import sync_sums
from rex_auth_edge.sync.bodies import Row
from rex_auth_edge.sync.digest import DEPTH, FAN, WIDE, Path, Tree, row_digest
from rex_auth_edge.sync.order import Lane

WIDTH = 16
_NOTHING = bytes(FAN * WIDTH)
_LEAVES = FAN ** (DEPTH - 1)
"""Leaves of each of the root's branches."""
_UPPERMOST = 0
"""The place of the sums of the root's branches; others were kept by earlier versions."""

_s = sync_sums.c
_at = (_s.tenant_id == TENANT) & (_s.lane == sa.bindparam("of")) & (_s.place == sa.bindparam("there"))
_WHERE = ("tenant", "of", "there")
_get = Repeated(sa.select(_s.sums).where(_at), *_WHERE)
_add = adding(sync_sums)
_set = Repeated(sa.update(sync_sums).where(_at).values(sums=sa.bindparam("now")), "now", *_WHERE)

Leaves = Callable[[Lane, int, int], list[Row]]
"""The lane's rows in the leaves of a range, whose end belongs to it."""


def leaves_below(path: Path) -> tuple[int, int]:
    """The numbers of the first and the last leaf of a branch, among all leaves."""
    first, width = 0, FAN ** (DEPTH - len(path))
    for each in path:
        first = first * FAN + each
    return first * width, (first + 1) * width - 1


class Branches:
    """A household's sums within one transaction; `flush` writes those that have changed."""

    def __init__(self, conn: sa.Connection, tenant_id: UUID, key: bytes) -> None:
        self._conn, self._tenant, self._secret = conn, tenant_id.bytes, key
        self._held: dict[Lane, bytearray] = {}
        self._there: set[Lane] = set()
        self._amounts: dict[tuple[Lane, int], int] = {}
        self._changed: set[Lane] = set()

    def sums(self, lane: Lane) -> bytearray:
        """Those of the root's 64 branches."""
        found = self._held.get(lane)
        if found is None:
            rows = _get.find(self._conn, [self._key(lane)])
            if rows:
                self._there.add(lane)
            found = self._held[lane] = bytearray(rows[0][0] if rows else _NOTHING)
        return found

    def replace(self, lane: Lane, leaf: int, old: Row | None, new: Row | None) -> None:
        """A row of this leaf has changed, come (`old` is None) or gone (`new` is None)."""
        amount = (row_digest(self._secret, new) if new else 0) - (row_digest(self._secret, old) if old else 0)
        branch = (lane, leaf // _LEAVES)
        self._amounts[branch] = self._amounts.get(branch, 0) + amount

    def _add_up(self) -> None:
        for (lane, branch), amount in self._amounts.items():
            held, at = self.sums(lane), slice(branch * WIDTH, (branch + 1) * WIDTH)
            held[at] = ((int.from_bytes(held[at]) + amount) % WIDE).to_bytes(WIDTH)
            self._changed.add(lane)
        self._amounts.clear()

    def recount(self, lane: Lane, branches: range, leaves: Leaves) -> int:
        """Sum up anew what lies below these first branches; of how many something else was kept.

        Nothing else was, unless bits have flipped in the file: then the sums are those of the rows again, and a
        comparison with the other end shows which row it is.
        """
        self._add_up()
        rows = leaves(lane, leaves_below((branches.start,))[0], leaves_below((branches.stop - 1,))[1])
        sums, held = Tree(self._secret, rows).below(()), self.sums(lane)
        wrong = 0
        for branch in branches:
            at = slice(branch * WIDTH, (branch + 1) * WIDTH)
            if held[at] != sums[branch]:
                wrong += 1
                held[at] = sums[branch]
                self._changed.add(lane)
        return wrong

    def flush(self) -> None:
        """Write what has changed."""
        self._add_up()
        for lane in sorted(self._changed):
            sums, key = bytes(self._held[lane]), self._key(lane)
            if lane in self._there:
                _set.each(self._conn, [(sums, *key)])
            else:
                _add.each(self._conn, [(*key, sums)])
        self._there |= self._changed
        self._changed.clear()

    def _key(self, lane: Lane) -> tuple[bytes, int, int]:
        return self._tenant, int(lane), _UPPERMOST


class SqlTree:
    """A lane's tree (see `sync.digest.Sums`)."""

    def __init__(self, branches: Branches, lane: Lane, leaves: Leaves, key: bytes) -> None:
        self._branches, self._lane, self._leaves, self._key = branches, lane, leaves, key

    @property
    def root(self) -> bytes:
        """The sum of all rows."""
        return (sum(map(int.from_bytes, self.below(()))) % WIDE).to_bytes(WIDTH)

    def below(self, path: Path) -> tuple[bytes, ...]:
        """The sums of a branch's own branches."""
        if path:
            return Tree(self._key, self._leaves(self._lane, *leaves_below(path))).below(path)
        held = self._branches.sums(self._lane)
        return tuple(bytes(held[at : at + WIDTH]) for at in range(0, len(held), WIDTH))
