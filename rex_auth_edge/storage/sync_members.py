"""In the cloud: what is looked up of hubs without a lock (tables `sync_members` and `sync_standings`)."""

from uuid import UUID

import sqlalchemy as sa

from rex_auth_edge.storage.prepared import Prepared
from rex_auth_edge.storage.sync_tables import sync_cells, sync_members, sync_standings

_of = (sync_members.c.tenant_id == sa.bindparam("tenant")) & (sync_members.c.hub_id == sa.bindparam("hub"))
_member = Prepared(sa.select(sync_members.c.value).where(_of))
_members = sa.select(sync_members.c.hub_id, sync_members.c.value)
_standing = Prepared(sa.select(sync_standings.c.value).where(sync_standings.c.tenant_id == sa.bindparam("tenant")))
_shared = sa.select(sync_standings.c.tenant_id).order_by(sync_standings.c.tenant_id)


def member(conn: sa.Connection, tenant_id: UUID, hub_id: UUID) -> bytes | None:
    """A hub's record as it is kept, or None."""
    row = _member.one(conn, tenant=tenant_id, hub=hub_id)
    return None if row is None else bytes(row.value)


def members(conn: sa.Connection, tenant_id: UUID) -> list[tuple[UUID, bytes]]:
    """The records of all of a household's hubs."""
    found = conn.execute(_members.where(sync_members.c.tenant_id == tenant_id).order_by(sync_members.c.hub_id)).all()
    return [(row.hub_id, bytes(row.value)) for row in found]


def standing(conn: sa.Connection, tenant_id: UUID) -> bytes | None:
    """A household's head row as it is kept, None where it isn't shared with any hub."""
    row = _standing.one(conn, tenant=tenant_id)
    return None if row is None else bytes(row.value)


def shared(conn: sa.Connection) -> list[UUID]:
    """The households that are shared with hubs."""
    return list(conn.execute(_shared).scalars())


def cell(conn: sa.Connection, tenant_id: UUID, kind: str, subject: UUID) -> bytes | None:
    """A cell's state as it is kept, or None."""
    where = (sync_cells.c.tenant_id == tenant_id) & (sync_cells.c.kind == kind) & (sync_cells.c.id == subject.bytes)
    found = conn.execute(sa.select(sync_cells.c.state).where(where)).scalar_one_or_none()
    return None if found is None else bytes(found)
