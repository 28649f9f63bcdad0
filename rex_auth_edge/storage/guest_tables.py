"""The tables of guests' passes."""

import sqlalchemy as sa

from rex_auth_edge.storage.columns import Id, column, deadline, exact, key, table

guest_passes = table(
    "guest_passes",
    key("tenant_id"),
    key("id"),
    column("name", exact(80)),
    column("secret_hash", sa.BINARY(32)),
    column("made_by", Id(), null=True),
    *deadline("begins"),
    column("seen_at", sa.BigInteger, null=True),
    column("seen_from", exact(64), null=True),
)
"""For whom a pass is. Its chain in `device_grants` (kind guest) has the same id: what it opens, and until when."""
