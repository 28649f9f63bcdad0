"""A household on a hub (see `sync.hub.store`), over SQL."""

from collections.abc import Collection, Iterable
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa
from msgspec.structs import replace

from rex_auth_edge.exchange.stores.lost import LostCells
from rex_auth_edge.exchange.stores.own import Sending, SqlOwn
from rex_auth_edge.exchange.stores.verifiers import Verifiers
from rex_auth_edge.storage.prepared import Prepared
from rex_auth_edge.storage.sync_tables import sync_enrolments, sync_pending
from rex_auth_edge.storage.tx import Tx
from rex_auth_edge.sync.hub.store import Lost
from rex_auth_edge.sync.kinds import Kind
from rex_auth_edge.sync.me import Me
from rex_auth_edge.sync.order import Tag
from rex_auth_edge.sync.state import Cell
from rex_auth_edge.sync.wire import unpack_state

_pack = msgspec.msgpack.Encoder().encode
_record = msgspec.msgpack.Decoder(tuple[Me, Sending | None])
"""Where it stands; and of which lane, up to which number, changes are under way."""

_of_hub = sync_enrolments.c.tenant_id == sa.bindparam("tenant")
_get = Prepared(
    sa.select(sync_enrolments.c.value, sync_enrolments.c.digest_key, sync_pending.c.request)
    .join(sync_pending, sync_pending.c.tenant_id == sync_enrolments.c.tenant_id, isouter=True)
    .where(_of_hub)
)
_set = Prepared(sa.update(sync_enrolments).where(_of_hub).values(value=sa.bindparam("now")))
_of_pending = sync_pending.c.tenant_id == sa.bindparam("tenant")
_set_pending = Prepared(sa.update(sync_pending).where(_of_pending).values(request=sa.bindparam("now")))
_add_pending = Prepared(sa.insert(sync_pending))
_drop_pending = Prepared(sa.delete(sync_pending).where(_of_pending))

_enrolled = Prepared(sa.select(sync_enrolments.c.tenant_id).order_by(sync_enrolments.c.tenant_id))


class NotEnrolledError(LookupError):
    """This hub isn't enrolled with any cloud for the household."""


def enrolled(conn: sa.Connection) -> list[UUID]:
    """The households that this hub synchronises."""
    return [row.tenant_id for row in _enrolled.all(conn)]


def me_of(conn: sa.Connection, tenant_id: UUID) -> Me | None:
    """Where the hub stands with the household's cloud, for who only looks; None where it isn't enrolled."""
    found = _get.one(conn, tenant=tenant_id)
    return None if found is None else _record.decode(found.value)[0]


def enrol(tx: Tx, tenant_id: UUID, me: Me, digest_key: bytes, enrolment: bytes) -> None:
    """Begin to synchronise the household; `digest_key` is what its cloud has told, `enrolment` is kept as it is."""
    row = {"tenant_id": tenant_id, "value": _pack((me, None)), "digest_key": digest_key, "enrolment": enrolment}
    tx.conn.execute(sa.insert(sync_enrolments).values(row | {"paused": False}))


class SqlHub(SqlOwn):
    """One household. Raises NotEnrolledError where it isn't synchronised. Not all is written before `flush`.

    `buried` are those forgotten in this transaction.
    """

    def __init__(self, tx: Tx, tenant_id: UUID) -> None:
        found = _get.one(tx.conn, tenant=tenant_id)
        if found is None:
            raise NotEnrolledError
        me, sending = _record.decode(found.value)
        self._pending = bytes(found.request or b"")
        super().__init__(tx, tenant_id, bytes(found.digest_key), replace(me, pending=self._pending), sending)
        self._was = (self._me, self._sending)
        self._lost = LostCells(tx.conn, tenant_id)
        self._verifiers = Verifiers(tx.conn, tenant_id)
        self.buried: set[bytes] = set()

    def subjects(self, kind: str) -> Iterable[bytes]:
        """Whom the cloud has cells of this kind about."""
        return [slot.cell.id for slot in self.of_kind(kind) if slot.row is not None]

    def bearing(self, kind: str, field: str, value: Any) -> Iterable[bytes]:
        """Whose cell of this kind holds this value in the cloud."""
        held = ((slot.cell.id, slot.below().fields.get(field)) for slot in self.of_kind(kind))
        return [subject for subject, each in held if each is not None and each.value == value]

    def kinds(self, subject: bytes) -> Iterable[str]:
        """Of what kinds the cloud has cells about the subject."""
        return [slot.cell.kind for slot in self.about(subject) if slot.row is not None]

    def lost(self) -> list[Lost]:
        """What a restored cloud may have forgotten."""
        return [lost for _, lost in sorted(self._lost.cells.items())]

    def lost_of(self, cell: Cell) -> Lost | None:
        """What it may have forgotten of the cell."""
        return self._lost.cells.get(cell)

    def put_lost(self, lost: Lost) -> None:
        """Write it."""
        self._lost.put(lost)
        self.shown.mark(lost.cell)

    def drop_lost(self, cell: Cell) -> None:
        """Forget it."""
        self._lost.drop(cell)
        self.shown.mark(cell)

    def bury(self, subjects: Collection[bytes]) -> None:
        """Forget them, and note that they have ended: the ordinary tables may not have heard of it."""
        self.drop_about(subjects)
        for cell in [each.cell for each in self.lost() if each.cell.id in subjects]:
            self.drop_lost(cell)
        for subject in subjects:
            for kind in self.kinds(subject):
                self.drop_row(Cell(kind, subject))
        self.buried |= set(subjects)

    def keep(self, by: Tag, verifier: bytes) -> None:
        """Keep a verifier of one's own, which the cloud may not have."""
        self._verifiers.keep(by, verifier)

    def kept(self, by: Tag) -> bytes | None:
        """It."""
        return self._verifiers.get(by)

    def forget_kept(self) -> int:
        """Forget the verifiers of passwords that are nobody's any more; how many.

        None while what the cloud has of any password isn't durable: a restored one may know what was there before.
        """
        slots = self.of_kind(Kind.PASSWORD)
        if self._me.silent or any(slot.row is not None and slot.row.at > self._me.durable for slot in slots):
            return 0
        states = [state for slot in slots for state in (slot.below(), slot.shown())]
        people = [slot.cell.id for slot in slots]
        states += [unpack_state(each.state) for each in self._entries.about(people) if each.cell.kind == Kind.PASSWORD]
        states += [unpack_state(each.state) for each in self.lost() if each.cell.kind == Kind.PASSWORD]
        return self._verifiers.forget_all_but({state.secret.by for state in states if state.secret is not None})

    def flush(self) -> None:
        """Write what has changed."""
        self.shown.lay()
        self._entries.flush()
        super().flush()
        if (self._me, self._sending) != self._was:
            record = (replace(self._me, pending=b""), self._sending)
            _set.change(self.tx.conn, tenant=self.tenant_id, now=_pack(record))
            self._put_pending(self._me.pending)
            self._was = (self._me, self._sending)

    def _put_pending(self, request: bytes) -> None:
        if request == self._pending:
            return
        if not request:
            _drop_pending.change(self.tx.conn, tenant=self.tenant_id)
        elif self._pending:
            _set_pending.change(self.tx.conn, tenant=self.tenant_id, now=request)
        else:
            _add_pending.change(self.tx.conn, tenant_id=self.tenant_id, request=request)
        self._pending = request
