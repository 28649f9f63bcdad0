"""A household in the cloud (see `sync.cloud.store`), over SQL: its head row is locked as long as this lives."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa
from msgspec.structs import replace

from rex_auth_edge.exchange.stores.binding import unless_there
from rex_auth_edge.exchange.stores.graves import SqlGraves
from rex_auth_edge.storage.prepared import Prepared
from rex_auth_edge.storage.sync_tables import (
    sync_ends,
    sync_hours,
    sync_members,
    sync_standings,
)
from rex_auth_edge.storage.tx import Tx
from rex_auth_edge.sync.cloud.arrivals import KEPT
from rex_auth_edge.sync.cloud.store import End, Member, Standing
from rex_auth_edge.sync.order import START, Lane, Position

_pack = msgspec.msgpack.Encoder().encode
_standing = msgspec.msgpack.Decoder(Standing)
_member = msgspec.msgpack.Decoder(Member)
_end = msgspec.msgpack.Decoder(End)

_of_tenant = sync_standings.c.tenant_id == sa.bindparam("tenant")
_get = Prepared(sa.select(sync_standings.c.value, sync_standings.c.digest_key).where(_of_tenant).with_for_update())
_look = Prepared(sa.select(sync_standings.c.value).where(_of_tenant))
_set = Prepared(sa.update(sync_standings).where(_of_tenant).values(value=sa.bindparam("now")))

_of_hub = (sync_members.c.tenant_id == sa.bindparam("tenant")) & (sync_members.c.hub_id == sa.bindparam("hub"))
_get_member = Prepared(sa.select(sync_members.c.value).where(_of_hub))
_set_member = Prepared(sa.update(sync_members).where(_of_hub).values(value=sa.bindparam("now")))
_add_member = Prepared(sa.insert(sync_members))
_members = Prepared(
    sa.select(sync_members).where(sync_members.c.tenant_id == sa.bindparam("tenant")).order_by(sync_members.c.hub_id)
)

_of_end = (
    (sync_ends.c.tenant_id == sa.bindparam("tenant"))
    & (sync_ends.c.hub_id == sa.bindparam("hub"))
    & (sync_ends.c.incarnation == sa.bindparam("life"))
    & (sync_ends.c.lane == sa.bindparam("of"))
)
_get_end = Prepared(sa.select(sync_ends.c.value).where(_of_end))
_set_end = Prepared(sa.update(sync_ends).where(_of_end).values(value=sa.bindparam("now")))
_add_end = Prepared(sa.insert(sync_ends))

_add_hour = unless_there(sync_hours)
_hours_of = sync_hours.c.tenant_id == sa.bindparam("tenant")
_hours = Prepared(sa.select(sync_hours.c.hour, sync_hours.c.epoch, sync_hours.c.seq).where(_hours_of))
_oldest_hours = Prepared(
    sa.select(sync_hours.c.hour)
    .where(_hours_of & (sync_hours.c.hour <= sa.bindparam("upto")))
    .order_by(sync_hours.c.hour)
    .limit(100)
)
_drop_hours = Prepared(sa.delete(sync_hours).where(_hours_of & (sync_hours.c.hour < sa.bindparam("first"))))


class NotSharedError(LookupError):
    """The household has no standing here: it isn't synchronised."""


def share(tx: Tx, tenant_id: UUID) -> None:
    """Let the household's order begin. The digest's key is drawn here, and every hub is told it."""
    value = _pack(Standing(Position(1, 0), {1: START}))
    row = {"tenant_id": tenant_id, "value": value, "digest_key": tx.entropy.token_bytes(32)}
    tx.conn.execute(sa.insert(sync_standings).values(row))


def held_if_shared(tx: Tx, tenant_id: UUID) -> bool:
    """Whether the household has a standing; it is locked until the transaction ends."""
    return _get.one(tx.conn, tenant=tenant_id) is not None


def hubs_of(conn: sa.Connection, tenant_id: UUID) -> list[tuple[UUID, Member]]:
    """The household's hubs by their ids, removed ones too."""
    return [(row.hub_id, _member.decode(row.value)) for row in _members.all(conn, tenant=tenant_id)]


def member_of(conn: sa.Connection, tenant_id: UUID, hub: bytes) -> Member | None:
    """A hub's record, for who only looks."""
    found = _get_member.one(conn, tenant=tenant_id, hub=UUID(bytes=hub))
    return None if found is None else _member.decode(found.value)


def standing_of(conn: sa.Connection, tenant_id: UUID) -> Standing | None:
    """Where the household's order stands, for who only looks; None where it isn't shared."""
    found = _look.one(conn, tenant=tenant_id)
    return None if found is None else _standing.decode(found.value)


class SqlCloud(SqlGraves):
    """One household. Raises NotSharedError where it has no standing. Not all is written before `flush`."""

    def __init__(self, tx: Tx, tenant_id: UUID) -> None:
        found = _get.one(tx.conn, tenant=tenant_id)
        if found is None:
            raise NotSharedError
        super().__init__(tx, tenant_id, bytes(found.digest_key))
        self._was = self._standing = _standing.decode(found.value)
        self._members: dict[bytes, Member | None] = {}

    def standing(self) -> Standing:
        """Where its order stands."""
        return self._standing

    def put_standing(self, standing: Standing) -> None:
        """Write it."""
        self._standing = standing

    def subjects(self, kind: str) -> Iterable[bytes]:
        """Whom there are cells of this kind about."""
        return sorted(self.known(kind))

    def bearing(self, kind: str, field: str, value: Any) -> Iterable[bytes]:
        """Whose cell of this kind holds this value."""
        return self.showing(kind, field, value)

    def member(self, hub: bytes) -> Member | None:
        """The hub's record."""
        if hub not in self._members:
            self._members[hub] = member_of(self.tx.conn, self.tenant_id, hub)
        return self._members[hub]

    def put_member(self, hub: bytes, member: Member) -> None:
        """Write it at once: few are, and each once or twice."""
        former, value = self.member(hub), _pack(member)
        if former is None:
            _add_member.change(self.tx.conn, tenant_id=self.tenant_id, hub_id=UUID(bytes=hub), value=value)
        elif former != member:
            _set_member.change(self.tx.conn, tenant=self.tenant_id, hub=UUID(bytes=hub), now=value)
        self._members[hub] = member

    def members(self) -> Iterable[tuple[bytes, Member]]:
        """All of the household's hubs."""
        return [(hub_id.bytes, member) for hub_id, member in hubs_of(self.tx.conn, self.tenant_id)]

    def end(self, hub: bytes, incarnation: int, lane: Lane) -> End:
        """How far it has got."""
        found = _get_end.one(self.tx.conn, **self._of_end(hub, incarnation, lane))
        return End() if found is None else _end.decode(found.value)

    def put_end(self, hub: bytes, incarnation: int, lane: Lane, end: End) -> None:
        """Write it."""
        value = _pack(end)
        if not _set_end.change(self.tx.conn, **self._of_end(hub, incarnation, lane), now=value):
            ids = {"tenant_id": self.tenant_id, "hub_id": UUID(bytes=hub), "incarnation": incarnation}
            _add_end.change(self.tx.conn, **ids, lane=int(lane), value=value)

    def _of_end(self, hub: bytes, incarnation: int, lane: Lane) -> dict[str, Any]:
        return {"tenant": self.tenant_id, "hub": UUID(bytes=hub), "life": incarnation, "of": int(lane)}

    def begin_hour(self, hour: int, before: Position) -> None:
        """Note where the order stood; of what is too old the latest stays, from which on all is known."""
        row = {"tenant_id": self.tenant_id, "hour": hour, "epoch": before.epoch, "seq": before.seq}
        _add_hour.change(self.tx.conn, **row)
        old = _oldest_hours.all(self.tx.conn, tenant=self.tenant_id, upto=hour - KEPT)
        if len(old) > 1:
            _drop_hours.change(self.tx.conn, tenant=self.tenant_id, first=old[-1].hour)

    def hours(self) -> list[tuple[int, Position]]:
        """The hours that are noted."""
        found = _hours.all(self.tx.conn, tenant=self.tenant_id)
        return [(row.hour, Position(row.epoch, row.seq)) for row in found]

    def flush(self) -> None:
        """Write what has changed."""
        super().flush()
        if self._standing is not self._was:
            _set.change(self.tx.conn, tenant=self.tenant_id, now=_pack(self._standing))
            self._was = replace(self._standing)
            self._standing = self._was
