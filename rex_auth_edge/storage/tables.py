"""Every table but those of devices and of guests. Times are milliseconds since 1970; ids are 16-byte UUIDv7.

The household's id comes first in every key, so that a sharding engine can split by household. A deadline is three
columns: wall clock, boot id and boot clock (see `domain.clock.Deadline`). `signing_keys.signs_from_at` is running time.
"""

import sqlalchemy as sa

from rex_auth_edge.storage.columns import Id, column, deadline, exact, key, table, text

node_facts = table(
    "node_facts",
    key("name", exact(64)),
    column("value", sa.LargeBinary(4096)),
)

tenants = table(
    "tenants",
    key("id"),
    column("slug", exact(64)),
    column("name", exact(120)),
    column("registration", exact(16)),
    column("password_rule", exact(16)),
    column("is_default", sa.Boolean),
    column("created_at", sa.BigInteger),
    column("policy_version", sa.BigInteger, default="1"),
    column("session_life", sa.BigInteger, null=True),
    column("idle_life", sa.BigInteger, null=True),
    column("shares", exact(120), null=True),
    column("fresh_after_reboot", sa.Boolean, default="0"),
    column("voice", sa.Boolean, default="1"),
    sa.UniqueConstraint("slug"),
)

directory = table(
    "directory",
    key("address_hash", sa.BINARY(32)),
    key("tenant_id"),
    column("told_by", Id(), null=True),
)
"""Which households an address, or a code, belongs to. `told_by` is the node on whose word that is so, None for this
one's own: it has seen the address proven.
"""

users = table(
    "users",
    key("tenant_id"),
    key("id"),
    column("username", exact(64)),
    column("username_key", exact(64)),
    column("email", exact(255), null=True),
    column("email_key", exact(255), null=True),
    column("email_verified", sa.Boolean),
    column("password_hash", exact(255)),
    column("role", exact(16)),
    column("disabled", sa.Boolean),
    column("first_name", exact(120), null=True),
    column("last_name", exact(120), null=True),
    column("phone_number", exact(40), null=True),
    column("created_at", sa.BigInteger),
    column("password_changed_at", sa.BigInteger),
    column("last_login_at", sa.BigInteger, null=True),
    column("email_proven", sa.Boolean, default="0"),
    column("voice", sa.Boolean, default="1"),
    column("guardian_id", Id(), null=True),
    column("password_tag", sa.LargeBinary(64), null=True),
    column("sign_outs", sa.BINARY(16), null=True),
    sa.UniqueConstraint("tenant_id", "email_key"),
    sa.UniqueConstraint("tenant_id", "username_key"),
)
"""`password_tag` names the change that set the password, `sign_outs` the last place elsewhere that was heeded."""

user_pictures = table(
    "user_pictures",
    key("tenant_id"),
    key("user_id"),
    column("media_type", exact(40)),
    column("image", sa.LargeBinary(4 * 1024 * 1024)),
    rowid=True,
)

known_devices = table(
    "known_devices",
    key("tenant_id"),
    key("user_id"),
    key("device_hash", sa.BINARY(32)),
    column("label", exact(255)),
    column("first_seen_at", sa.BigInteger),
    column("last_seen_at", sa.BigInteger),
)

login_attempts = table(
    "login_attempts",
    key("tenant_id"),
    key("account", sa.BINARY(32)),
    key("device_hash", sa.BINARY(32)),
    key("node_id"),
    key("incarnation", sa.Integer),
    column("account_exists", sa.Boolean),
    column("attempt_count", sa.Integer),
    column("permanent", sa.Boolean),
    *deadline("ban", null=True),
    column("last_attempt_at", sa.BigInteger),
    column("told", sa.BigInteger, null=True),
    sa.Index(None, "account_exists", "last_attempt_at"),
)
"""`told` is up to which of its node's failures a ban has been passed on to other nodes, or taken over from that one."""

otp_sessions = table(
    "otp_sessions",
    key("tenant_id"),
    key("id"),
    column("token_hash", sa.BINARY(32)),
    column("purpose", exact(20)),
    column("email", exact(255)),
    column("email_key", exact(255)),
    column("username", exact(64)),
    column("first_name", exact(120), null=True),
    column("last_name", exact(120), null=True),
    column("password_hash", exact(255)),
    column("role", exact(16)),
    column("otp_hash", sa.BINARY(32)),
    column("attempts", sa.Integer),
    column("created_at", sa.BigInteger),
    *deadline("resend"),
    *deadline("expires"),
    column("used_at", sa.BigInteger, null=True),
    column("letter_id", Id(), null=True),
    column("invitation_id", Id(), null=True),
    column("handed_at", sa.BigInteger, null=True),
    sa.Index(None, "tenant_id", "email_key"),
    sa.Index(None, "created_at"),
)

invitations = table(
    "invitations",
    key("tenant_id"),
    key("id"),
    column("code_hash", sa.BINARY(32)),
    column("role", exact(16)),
    column("name", exact(120), null=True),
    column("email", exact(255), null=True),
    column("email_key", exact(255), null=True),
    column("invited_by", Id(), null=True),
    column("created_at", sa.BigInteger),
    *deadline("expires"),
    column("used_at", sa.BigInteger, null=True),
    column("used_by", Id(), null=True),
    column("revoked_at", sa.BigInteger, null=True),
    column("letter_id", Id(), null=True),
    sa.UniqueConstraint("tenant_id", "code_hash"),
    sa.Index(None, "created_at"),
)

auth_sessions = table(
    "auth_sessions",
    key("tenant_id"),
    key("id"),
    column("number", sa.BigInteger),
    column("user_id", Id()),
    column("device_hash", sa.BINARY(32)),
    column("device_info", exact(255), null=True),
    column("ip_address", exact(64), null=True),
    column("created_at", sa.BigInteger),
    column("last_seen_at", sa.BigInteger),
    *deadline("fresh"),
    *deadline("ends"),
    column("generation", sa.Integer),
    column("refresh_hash", sa.BINARY(32)),
    *deadline("refresh"),
    column("previous_hash", sa.BINARY(32), null=True),
    column("previous_client", sa.BINARY(32), null=True),
    column("successor_sealed", sa.LargeBinary(255), null=True),
    *deadline("retry", null=True),
    column("revoked_at", sa.BigInteger, null=True),
    column("revoked_for", exact(24), null=True),
    column("idle_life", sa.BigInteger, null=True),
    sa.UniqueConstraint("tenant_id", "number"),
    sa.Index(None, "tenant_id", "user_id"),
    sa.Index(None, "revoked_at"),
    sa.Index(None, "retry_at"),
)

password_reset_tokens = table(
    "password_reset_tokens",
    key("tenant_id"),
    key("id"),
    column("token_hash", sa.BINARY(32)),
    column("user_id", Id()),
    column("created_at", sa.BigInteger),
    *deadline("expires"),
    column("used_at", sa.BigInteger, null=True),
    column("started_by", Id(), null=True),
    sa.Index(None, "tenant_id", "user_id"),
    sa.Index(None, "created_at"),
)

outbox = table(
    "outbox",
    key("tenant_id"),
    key("id"),
    column("letter", exact(32)),
    column("address", exact(255)),
    column("address_key", exact(255)),
    column("sealed", sa.LargeBinary(8192), null=True),
    column("state", exact(16)),
    column("attempts", sa.Integer),
    column("created_at", sa.BigInteger),
    *deadline("due"),
    *deadline("expires"),
    column("ended_at", sa.BigInteger, null=True),
    column("last_error", exact(255), null=True),
    sa.Index(None, "state", "address_key"),
    sa.Index(None, "ended_at"),
)

audit_heads = table(
    "audit_heads",
    key("tenant_id"),
    key("node_id"),
    key("incarnation", sa.Integer),
    column("seq", sa.BigInteger),
    column("hash", sa.BINARY(32)),
    column("named", Id(), null=True),
)
"""A chain that comes from another node has hashes over that node's id of the household: `named`."""

audit = table(
    "audit",
    key("tenant_id"),
    key("node_id"),
    key("incarnation", sa.Integer),
    key("seq", sa.BigInteger),
    column("at", sa.BigInteger),
    column("clock", exact(12)),
    column("event", exact(40)),
    column("outcome", exact(40)),
    column("actor_id", Id(), null=True),
    column("subject_id", Id(), null=True),
    column("session_id", Id(), null=True),
    column("ip_address", exact(64), null=True),
    column("device", exact(255), null=True),
    column("detail", text()),
    column("hash", sa.BINARY(32)),
    sa.Index(None, "tenant_id", "subject_id", "at"),
)

signing_keys = table(
    "signing_keys",
    key("kid", exact(64)),
    column("algorithm", exact(12)),
    column("created_at", sa.BigInteger),
    column("signs_from_at", sa.BigInteger),
    column("public_pem", text()),
    column("sealed", sa.LargeBinary(4096)),
)
