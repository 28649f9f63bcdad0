"""The digest's tree in SQL: its two upper levels are kept, and what lies below them is summed up when it is asked for.

So a change costs no write of its own at a place that nothing else has touched.
"""

from collections import defaultdict
from collections.abc import Callable
from uuid import UUID

import sqlalchemy as sa

from rex_auth_edge.exchange.stores.binding import TENANT, adding
from rex_auth_edge.storage.prepared import Repeated
from rex_auth_edge.storage.sync_tables import sync_sums
from rex_auth_edge.sync.digest import FAN, WIDE, Path, Tree, row_digest
from rex_auth_edge.sync.order import Lane
from rex_auth_edge.sync.wire import Row

WIDTH = 16
_NOTHING = bytes(FAN * WIDTH)
_KEPT = 2
"""Levels below the root whose sums are kept: place 0 has the first level's, place 1 + n those below its branch n."""

_s = sync_sums.c
_at = (_s.tenant_id == TENANT) & (_s.lane == sa.bindparam("of")) & (_s.place == sa.bindparam("there"))
_WHERE = ("tenant", "of", "there")
_get = Repeated(sa.select(_s.sums).where(_at), *_WHERE)
_add = adding(sync_sums)
_set = Repeated(sa.update(sync_sums).where(_at).values(sums=sa.bindparam("now")), "now", *_WHERE)

Leaves = Callable[[Lane, int, int], list[Row]]
"""The lane's rows in the leaves of a range, whose end belongs to it."""


def leaf_of(path: Path) -> int:
    """The number of a leaf among all leaves."""
    number = 0
    for each in path:
        number = number * FAN + each
    return number


class Branches:
    """A household's sums within one transaction; `flush` writes those that have changed."""

    def __init__(self, conn: sa.Connection, tenant_id: UUID, key: bytes) -> None:
        self._conn, self._tenant, self._secret = conn, tenant_id.bytes, key
        self._held: dict[tuple[Lane, int], bytearray] = {}
        self._there: set[tuple[Lane, int]] = set()
        self._amounts: dict[tuple[Lane, int], int] = {}
        self._changed: set[tuple[Lane, int]] = set()

    def sums(self, lane: Lane, place: int) -> bytearray:
        """The 64 sums that are kept at this place."""
        found = self._held.get((lane, place))
        if found is None:
            rows = _get.find(self._conn, [self._key(lane, place)])
            if rows:
                self._there.add((lane, place))
            found = self._held[lane, place] = bytearray(rows[0][0] if rows else _NOTHING)
        return found

    def replace(self, lane: Lane, leaf: int, old: Row | None, new: Row | None) -> None:
        """A row of this leaf has changed, come (`old` is None) or gone (`new` is None)."""
        amount = (row_digest(self._secret, new) if new else 0) - (row_digest(self._secret, old) if old else 0)
        branch = (lane, leaf // FAN)
        self._amounts[branch] = self._amounts.get(branch, 0) + amount

    def _add_up(self) -> None:
        above: dict[tuple[Lane, int], int] = defaultdict(int)
        for (lane, branch), amount in self._amounts.items():
            first, second = divmod(branch, FAN)
            above[lane, first] += amount
            self._add(lane, 1 + first, second, amount)
        for (lane, first), amount in above.items():
            self._add(lane, 0, first, amount)
        self._amounts.clear()

    def _add(self, lane: Lane, place: int, branch: int, amount: int) -> None:
        held, at = self.sums(lane, place), branch * WIDTH
        total = (int.from_bytes(held[at : at + WIDTH]) + amount) % WIDE
        held[at : at + WIDTH] = total.to_bytes(WIDTH)
        self._changed.add((lane, place))

    def recount(self, lane: Lane, branches: range, leaves: Leaves) -> int:
        """Sum up anew what lies below these first branches; of how many something else was kept.

        Nothing else was, unless bits have flipped in the file: then the sums are those of the rows again, and a
        comparison with the other end shows which row it is.
        """
        self._add_up()
        rows = leaves(lane, branches.start * FAN * FAN, branches.stop * FAN * FAN - 1)
        tree, root, wrong = Tree(self._secret, rows), self.sums(lane, 0), 0
        for branch, whole in enumerate(tree.below(())):
            at = slice(branch * WIDTH, (branch + 1) * WIDTH)
            if branch not in branches or (root[at] == whole and not any(whole)):
                continue
            below, held = b"".join(tree.below((branch,))), self.sums(lane, 1 + branch)
            if root[at] != whole or held != below:
                wrong += 1
                root[at], held[:] = whole, below
                self._changed |= {(lane, 0), (lane, 1 + branch)}
        return wrong

    def tree(self, lane: Lane, leaves: Leaves) -> "SqlTree":
        """The lane's tree; `leaves` finds rows."""
        return SqlTree(self, lane, leaves, self._secret)

    def flush(self) -> None:
        """Write what has changed."""
        self._add_up()
        changed = [(each in self._there, self._key(*each), bytes(self._held[each])) for each in sorted(self._changed)]
        _add.each(self._conn, [(*key, sums) for there, key, sums in changed if not there])
        _set.each(self._conn, [(sums, *key) for there, key, sums in changed if there])
        self._there |= self._changed
        self._changed.clear()

    def _key(self, lane: Lane, place: int) -> tuple[bytes, int, int]:
        return self._tenant, int(lane), place


class SqlTree:
    """A lane's tree (see `sync.store.Sums`)."""

    def __init__(self, branches: Branches, lane: Lane, leaves: Leaves, key: bytes) -> None:
        self._branches, self._lane, self._leaves, self._key = branches, lane, leaves, key

    @property
    def root(self) -> bytes:
        """The sum of all rows."""
        return (sum(map(int.from_bytes, self.below(()))) % WIDE).to_bytes(WIDTH)

    def below(self, path: Path) -> tuple[bytes, ...]:
        """The sums of a branch's own branches."""
        if len(path) >= _KEPT:
            first = leaf_of(path) * FAN
            return Tree(self._key, self._leaves(self._lane, first, first + FAN - 1)).below(path)
        held = self._branches.sums(self._lane, 1 + path[0] if path else 0)
        return tuple(bytes(held[at : at + WIDTH]) for at in range(0, len(held), WIDTH))
