"""Whether a household is synchronised: enrolled here, or with a standing in the cloud."""

from uuid import UUID

import sqlalchemy as sa

from rex_auth_edge.storage.sync_tables import sync_enrolments, sync_standings


def is_shared(conn: sa.Connection, tenant_id: UUID) -> bool:
    """On a hub or in the cloud."""
    of_tenant = (
        sa.select(table.c.tenant_id).where(table.c.tenant_id == tenant_id)
        for table in (sync_enrolments, sync_standings)
    )
    return any(conn.execute(look).first() is not None for look in of_tenant)


def every(conn: sa.Connection) -> list[UUID]:
    """All households that somebody else has, too: in the cloud those with hubs, on a hub those with a cloud."""
    found = sa.union(sa.select(sync_standings.c.tenant_id), sa.select(sync_enrolments.c.tenant_id))
    return sorted(conn.execute(found).scalars())
