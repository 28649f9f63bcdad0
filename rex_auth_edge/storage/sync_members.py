"""In the cloud: what is looked up of hubs without a lock (tables `sync_members` and `sync_standings`)."""

from uuid import UUID

import sqlalchemy as sa

from rex_auth_edge.storage.prepared import Prepared
from rex_auth_edge.storage.sync_tables import sync_members, sync_standings

_of = (sync_members.c.tenant_id == sa.bindparam("tenant")) & (sync_members.c.hub_id == sa.bindparam("hub"))
_member = Prepared(sa.select(sync_members.c.value).where(_of))
_standing = Prepared(sa.select(sync_standings.c.value).where(sync_standings.c.tenant_id == sa.bindparam("tenant")))


def member(conn: sa.Connection, tenant_id: UUID, hub_id: UUID) -> bytes | None:
    """A hub's record as it is kept, or None."""
    row = _member.one(conn, tenant=tenant_id, hub=hub_id)
    return None if row is None else bytes(row.value)


def standing(conn: sa.Connection, tenant_id: UUID) -> bytes | None:
    """A household's head row as it is kept, None where it isn't shared with any hub."""
    row = _standing.one(conn, tenant=tenant_id)
    return None if row is None else bytes(row.value)
