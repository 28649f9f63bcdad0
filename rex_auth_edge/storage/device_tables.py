"""The tables of devices, of how they are let in, of tokens that they or guests hold, and of what people confirm."""

import sqlalchemy as sa

from rex_auth_edge.storage.columns import Id, column, deadline, exact, key, table, text

devices = table(
    "devices",
    key("tenant_id"),
    key("id"),
    column("name", exact(80)),
    column("room", exact(80), null=True),
    column("kind", exact(16)),
    column("scopes", exact(400)),
    column("state", exact(12)),
    column("way", exact(12)),
    column("public_key", text(), null=True),
    column("thumbprint", sa.BINARY(32), null=True),
    column("secret_hash", sa.BINARY(32), null=True),
    column("added_by", Id(), null=True),
    column("created_at", sa.BigInteger),
    column("seen_at", sa.BigInteger, null=True),
    column("seen_from", exact(64), null=True),
    column("ended_at", sa.BigInteger, null=True),
    sa.UniqueConstraint("tenant_id", "thumbprint"),
)
"""`state` is active, suspended or removed; `public_key` a JWK (RFC 7517), `thumbprint` its own (RFC 7638)."""

device_asks = table(
    "device_asks",
    key("tenant_id"),
    key("id"),
    column("way", exact(12)),
    column("code_hash", sa.BINARY(32), null=True),
    column("secret_hash", sa.BINARY(32), null=True),
    column("name", exact(80)),
    column("room", exact(80), null=True),
    column("kind", exact(16)),
    column("scopes", exact(400)),
    column("public_key", text(), null=True),
    column("thumbprint", sa.BINARY(32), null=True),
    column("asked_from", exact(64), null=True),
    column("state", exact(12)),
    column("misses", sa.Integer, default="0"),
    column("made_by", Id(), null=True),
    column("decided_by", Id(), null=True),
    column("device_id", Id(), null=True),
    column("created_at", sa.BigInteger),
    *deadline("expires"),
    column("pace", sa.Integer, default="5"),
    *deadline("poll", null=True),
    sa.UniqueConstraint("tenant_id", "code_hash"),
    sa.Index(None, "created_at"),
)
"""Who is to be let in, or asks to be. `state` is pending, then approved or denied, then redeemed; each for ever.

`code_hash` is of the code that a person types or a device was given, `secret_hash` of the device code (RFC 8628).
"""

pairing_windows = table(
    "pairing_windows",
    key("tenant_id"),
    column("opened_by", Id(), null=True),
    column("opened_at", sa.BigInteger),
    column("tries", sa.Integer),
    *deadline("closes"),
)

device_grants = table(
    "device_grants",
    key("tenant_id"),
    key("id"),
    column("device_id", Id(), null=True),
    column("user_id", Id(), null=True),
    column("kind", exact(12)),
    column("scopes", exact(400)),
    column("list_index", sa.BigInteger),
    column("generation", sa.Integer),
    column("refresh_hash", sa.BINARY(32), null=True),
    *deadline("refresh", null=True),
    *deadline("ends", null=True),
    column("thumbprint", sa.BINARY(32), null=True),
    column("created_at", sa.BigInteger),
    column("ended_at", sa.BigInteger, null=True),
    column("ended_for", exact(24), null=True),
    sa.UniqueConstraint("tenant_id", "list_index"),
    sa.Index(None, "tenant_id", "device_id"),
    sa.Index(None, "ended_at"),
)
"""A chain of tokens. `kind`: a device's own (device), for a person whom it acts for (acting), a pass (guest).

`list_index` is the chain's place in the household's status list; `thumbprint` the key that its tokens are bound to.
"""

status_lists = table(
    "status_lists",
    key("tenant_id"),
    column("next_index", sa.BigInteger),
    column("version", sa.BigInteger),
)
"""`version` grows with every status that changes, and never falls."""

confirmations = table(
    "confirmations",
    key("tenant_id"),
    key("id"),
    column("device_id", Id()),
    column("user_id", Id()),
    column("scopes", exact(400)),
    column("message", exact(80), null=True),
    column("asked_from", exact(64), null=True),
    column("secret_hash", sa.BINARY(32)),
    column("state", exact(12)),
    column("misses", sa.Integer),
    column("created_at", sa.BigInteger),
    *deadline("expires"),
    *deadline("quiet", null=True),
    *deadline("counts"),
    column("pace", sa.Integer, default="5"),
    *deadline("poll", null=True),
    sa.Index(None, "tenant_id", "user_id"),
)
"""What a person is asked to agree to for a device. Until `quiet` that device asks them for nothing else; `misses` is
how many in a row, this one included, they haven't agreed to, and `counts` until when that is held against it."""
