"""Who and what has come to its end in the cloud, and is forgotten in time, over SQL."""

from collections.abc import Iterable
from uuid import UUID

import sqlalchemy as sa

from rex_auth_edge.exchange.stores.binding import unless_there
from rex_auth_edge.exchange.stores.rows import SqlRows
from rex_auth_edge.storage.prepared import Prepared
from rex_auth_edge.storage.sync_tables import sync_buried, sync_dead
from rex_auth_edge.storage.tx import Tx
from rex_auth_edge.sync.order import Position
from rex_auth_edge.sync.state import Cell

_dead_by = sync_dead.c.since <= sa.bindparam("by")
_dead = Prepared(sa.select(sync_dead).where((sync_dead.c.tenant_id == sa.bindparam("tenant")) & _dead_by))
_with_dead = Prepared(sa.select(sync_dead.c.tenant_id).where(_dead_by).distinct())
_add_dead = unless_there(sync_dead)
_of_dead = (sync_dead.c.tenant_id == sa.bindparam("tenant")) & (sync_dead.c.subject == sa.bindparam("who"))
_drop_dead = Prepared(sa.delete(sync_dead).where(_of_dead))
_add_buried = Prepared(sa.insert(sync_buried))
_find_buried = Prepared(
    sa.select(sync_buried.c.number)
    .where((sync_buried.c.tenant_id == sa.bindparam("tenant")) & (sync_buried.c.subject == sa.bindparam("who")))
    .limit(1)
)
_buried = Prepared(
    sa.select(sync_buried.c.number, sync_buried.c.subject)
    .where((sync_buried.c.tenant_id == sa.bindparam("tenant")) & (sync_buried.c.number > sa.bindparam("after")))
    .order_by(sync_buried.c.number)
    .limit(sa.bindparam("most"))
)


def with_dead(conn: sa.Connection, by: int) -> list[UUID]:
    """The households in which something was at its ladder's end by then, in milliseconds."""
    return [row.tenant_id for row in _with_dead.all(conn, by=by)]


class SqlGraves(SqlRows):
    """One household's cells in the cloud, and whose ends are noted. Not all is written before `flush`."""

    def __init__(self, tx: Tx, tenant_id: UUID, digest_key: bytes) -> None:
        super().__init__(tx, tenant_id, digest_key)
        self._dead: dict[bytes, tuple[Position, int]] = {}

    def kinds(self, subject: bytes) -> Iterable[str]:
        """Of what kinds there are cells about the subject."""
        return [slot.cell.kind for slot in self.about(subject)]

    def dead(self, by: int) -> Iterable[tuple[bytes, Position]]:
        """Subjects that were at their ladder's end by then, and since what place."""
        self.flush()
        found = _dead.all(self.tx.conn, tenant=self.tenant_id, by=by)
        return [(bytes(row.subject), Position(row.epoch, row.seq)) for row in found]

    def put_dead(self, subject: bytes, at: Position, now: int) -> None:
        """Note that the subject has come to its end; the first time counts."""
        self._dead.setdefault(subject, (at, now))

    def bury(self, subject: bytes, number: int) -> None:
        """Forget that the subject was there, but for its number among those forgotten."""
        self.flush()
        for kind in list(self.kinds(subject)):
            self.drop_row(Cell(kind, subject))
        _drop_dead.change(self.tx.conn, tenant=self.tenant_id, who=subject)
        _add_buried.change(self.tx.conn, tenant_id=self.tenant_id, number=number, subject=subject)

    def was_buried(self, subject: bytes) -> bool:
        """Whether it was once there, and is forgotten."""
        return _find_buried.one(self.tx.conn, tenant=self.tenant_id, who=subject) is not None

    def buried(self, after: int, most: int) -> list[tuple[int, bytes]]:
        """The next of those forgotten since, in order."""
        found = _buried.all(self.tx.conn, tenant=self.tenant_id, after=after, most=most)
        return [(row.number, bytes(row.subject)) for row in found]

    def flush(self) -> None:
        """Write what has changed."""
        super().flush()
        for subject, (at, since) in self._dead.items():
            ids = {"tenant_id": self.tenant_id, "subject": subject}
            _add_dead.change(self.tx.conn, **ids, epoch=at.epoch, seq=at.seq, since=since)
        self._dead.clear()
