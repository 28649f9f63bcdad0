"""Somebody here becomes somebody in the cloud: the same account under the cloud's id, with one password."""

from uuid import UUID

import sqlalchemy as sa

from rex_auth_edge.flows import sessions
from rex_auth_edge.flows.parts import Parts
from rex_auth_edge.storage import users
from rex_auth_edge.storage.columns import metadata
from rex_auth_edge.storage.tables import known_devices, login_attempts
from rex_auth_edge.storage.tx import Tx

NAMES = frozenset({
    *("user_id", "guardian_id", "invited_by", "used_by", "started_by", "added_by", "made_by", "decided_by"),
    "opened_by",
})  # fmt: skip
"""Columns that name a person. What the audit log says stays as it was written."""
KEPT = frozenset({"audit", "auth_sessions"})
"""Tables in which the former id stays: there it is history."""


def become(tx: Tx, parts: Parts, tenant_id: UUID, former: UUID, present: UUID) -> None:
    """Give the person the id that the cloud knows them by. Their sessions end, since tokens bear the former one."""
    if users.get(tx.conn, tenant_id, present) is not None:
        return
    sessions.end_all(tx, parts, tenant_id, former, "enrolled")
    account = login_attempts.c.account == parts.account(tenant_id, former)
    tx.conn.execute(sa.delete(login_attempts).where((login_attempts.c.tenant_id == tenant_id) & account))
    devices = (known_devices.c.tenant_id == tenant_id) & (known_devices.c.user_id == former)
    tx.conn.execute(sa.delete(known_devices).where(devices))
    for table in metadata.sorted_tables:
        if "tenant_id" not in table.c or table.name in KEPT or table.name.startswith("sync_"):
            continue
        for column in table.c:
            if column.name in NAMES or (table.name == "users" and column.name == "id"):
                where = (table.c.tenant_id == tenant_id) & (column == former)
                tx.conn.execute(sa.update(table).where(where).values({column.name: present}))
