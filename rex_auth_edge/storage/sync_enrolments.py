"""On a hub: with which clouds its households are enrolled (table `sync_enrolments`), and how that stands."""

from typing import Any
from uuid import UUID

import sqlalchemy as sa

from rex_auth_edge.storage.columns import metadata
from rex_auth_edge.storage.sync_tables import sync_enrolments
from rex_auth_edge.storage.tables import users
from rex_auth_edge.storage.tx import Tx


def get(conn: sa.Connection, tenant_id: UUID) -> sa.Row[Any] | None:
    """A household's enrolment, or None."""
    return conn.execute(sa.select(sync_enrolments).where(sync_enrolments.c.tenant_id == tenant_id)).one_or_none()


def change(tx: Tx, tenant_id: UUID, **values: Any) -> None:
    """Set columns of a household's enrolment."""
    tx.conn.execute(sa.update(sync_enrolments).where(sync_enrolments.c.tenant_id == tenant_id).values(values))


def more_repairs(count: int) -> dict[str, Any]:
    """The column that counts them, for `change`."""
    return {"repairs": sync_enrolments.c.repairs + count}


def forget(tx: Tx, tenant_id: UUID) -> None:
    """Delete all that is kept of the household for synchronisation; the household itself stays as it is."""
    for table in metadata.sorted_tables:
        if table.name.startswith("sync_"):
            tx.conn.execute(sa.delete(table).where(table.c.tenant_id == tenant_id))
    tx.conn.execute(sa.update(users).where(users.c.tenant_id == tenant_id).values(password_tag=None))
