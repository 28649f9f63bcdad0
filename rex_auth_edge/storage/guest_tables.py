"""The tables of guests' passes, of children who ask to join, and of recoveries by the hub's label."""

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

child_requests = table(
    "child_requests",
    key("tenant_id"),
    key("id"),
    column("username", exact(64)),
    column("first_name", exact(120), null=True),
    column("password_hash", exact(255)),
    column("code_hash", sa.BINARY(32)),
    column("token_hash", sa.BINARY(32)),
    column("asked_from", exact(64)),
    column("device", exact(255)),
    column("state", exact(12)),
    column("misses", sa.Integer),
    column("created_at", sa.BigInteger),
    *deadline("expires"),
    column("decided_by", Id(), null=True),
)
"""Children who ask to join. `state` is waiting, then approved, refused or missed; each for ever.

`code_hash` is of the code that the child's screen shows, `token_hash` of what that screen asks again with.
"""

recoveries = table(
    "recoveries",
    key("tenant_id"),
    key("id"),
    column("code_hash", sa.BINARY(32)),
    column("asked_from", exact(64)),
    column("state", exact(12)),
    column("created_at", sa.BigInteger),
    *deadline("due"),
    *deadline("expires"),
    column("decided_by", Id(), null=True),
)
"""Recoveries by the hub's label. `state` is waiting, then vetoed or redeemed; each for ever."""
