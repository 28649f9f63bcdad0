"""Every table, for SQLite and MariaDB alike. Times are milliseconds since 1970; ids are 16-byte UUIDv7.

The household's id comes first in every key, so that a sharding engine can split by household. A deadline is three
columns: wall clock, boot id and boot clock (see `domain.clock.Deadline`). `signing_keys.signs_from_at` is running time.
"""

import uuid
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mysql

from rex_auth_edge.domain.clock import Deadline

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Id(sa.types.TypeDecorator[uuid.UUID]):
    """A UUID kept as its 16 bytes, which sort by time for version 7."""

    impl = sa.BINARY(16)
    cache_ok = True

    def process_bind_param(self, value: uuid.UUID | None, dialect: sa.Dialect) -> bytes | None:
        """To the database."""
        return None if value is None else value.bytes

    def process_result_value(self, value: bytes | None, dialect: sa.Dialect) -> uuid.UUID | None:
        """From the database."""
        return None if value is None else uuid.UUID(bytes=bytes(value))


def _exact(length: int) -> sa.types.TypeEngine[str]:
    """Text that MariaDB compares byte by byte, as SQLite does."""
    return sa.String(length).with_variant(
        mysql.VARCHAR(length, charset="utf8mb4", collation="utf8mb4_bin"), "mysql", "mariadb"
    )


def _text() -> sa.types.TypeEngine[str]:
    return sa.Text().with_variant(mysql.TEXT(charset="utf8mb4", collation="utf8mb4_bin"), "mysql", "mariadb")


def _column(name: str, kind: Any, *, null: bool = False, default: Any = None) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=null, server_default=default)


def _key(name: str, kind: Any = None) -> sa.Column[Any]:
    return sa.Column(name, kind if kind is not None else Id(), primary_key=True, autoincrement=False)


def _deadline(name: str, *, null: bool = False) -> tuple[sa.Column[Any], ...]:
    return (
        _column(f"{name}_at", sa.BigInteger, null=null),
        _column(f"{name}_boot_id", sa.BINARY(16), null=null),
        _column(f"{name}_boot", sa.BigInteger, null=null),
    )


def deadline_values(name: str, deadline: Deadline | None) -> dict[str, Any]:
    """A deadline as its three columns."""
    if deadline is None:
        return {f"{name}_at": None, f"{name}_boot_id": None, f"{name}_boot": None}
    return {f"{name}_at": deadline.wall, f"{name}_boot_id": deadline.boot_id, f"{name}_boot": deadline.boot}


def deadline_of(row: Any, name: str) -> Deadline | None:
    """A row's three columns as a deadline."""
    wall = getattr(row, f"{name}_at")
    if wall is None:
        return None
    return Deadline(wall, bytes(getattr(row, f"{name}_boot_id")), getattr(row, f"{name}_boot"))


def _table(name: str, *parts: Any, rowid: bool = False) -> sa.Table:
    """Clustered by its key on both engines, as InnoDB always is; `rowid` for rows too large for that on SQLite."""
    return sa.Table(name, metadata, *parts, sqlite_with_rowid=rowid, mysql_engine="InnoDB", mysql_charset="utf8mb4")


node_facts = _table(
    "node_facts",
    _key("name", _exact(64)),
    _column("value", sa.LargeBinary(4096)),
)

tenants = _table(
    "tenants",
    _key("id"),
    _column("slug", _exact(64)),
    _column("name", _exact(120)),
    _column("registration", _exact(16)),
    _column("password_rule", _exact(16)),
    _column("is_default", sa.Boolean),
    _column("created_at", sa.BigInteger),
    _column("policy_version", sa.BigInteger, default="1"),
    _column("session_life", sa.BigInteger, null=True),
    _column("idle_life", sa.BigInteger, null=True),
    _column("shares", _exact(120), null=True),
    _column("fresh_after_reboot", sa.Boolean, default="0"),
    sa.UniqueConstraint("slug"),
)

directory = _table(
    "directory",
    _key("address_hash", sa.BINARY(32)),
    _key("tenant_id"),
)

users = _table(
    "users",
    _key("tenant_id"),
    _key("id"),
    _column("username", _exact(64)),
    _column("username_key", _exact(64)),
    _column("email", _exact(255), null=True),
    _column("email_key", _exact(255), null=True),
    _column("email_verified", sa.Boolean),
    _column("password_hash", _exact(255)),
    _column("role", _exact(16)),
    _column("disabled", sa.Boolean),
    _column("first_name", _exact(120), null=True),
    _column("last_name", _exact(120), null=True),
    _column("phone_number", _exact(40), null=True),
    _column("created_at", sa.BigInteger),
    _column("password_changed_at", sa.BigInteger),
    _column("last_login_at", sa.BigInteger, null=True),
    _column("email_proven", sa.Boolean, default="0"),
    sa.UniqueConstraint("tenant_id", "email_key"),
    sa.UniqueConstraint("tenant_id", "username_key"),
)

user_pictures = _table(
    "user_pictures",
    _key("tenant_id"),
    _key("user_id"),
    _column("media_type", _exact(40)),
    _column("image", sa.LargeBinary(4 * 1024 * 1024)),
    rowid=True,
)

known_devices = _table(
    "known_devices",
    _key("tenant_id"),
    _key("user_id"),
    _key("device_hash", sa.BINARY(32)),
    _column("label", _exact(255)),
    _column("first_seen_at", sa.BigInteger),
    _column("last_seen_at", sa.BigInteger),
)

login_attempts = _table(
    "login_attempts",
    _key("tenant_id"),
    _key("account", sa.BINARY(32)),
    _key("device_hash", sa.BINARY(32)),
    _key("node_id"),
    _key("incarnation", sa.Integer),
    _column("account_exists", sa.Boolean),
    _column("attempt_count", sa.Integer),
    _column("permanent", sa.Boolean),
    *_deadline("ban", null=True),
    _column("last_attempt_at", sa.BigInteger),
    sa.Index(None, "account_exists", "last_attempt_at"),
)

otp_sessions = _table(
    "otp_sessions",
    _key("tenant_id"),
    _key("id"),
    _column("token_hash", sa.BINARY(32)),
    _column("purpose", _exact(20)),
    _column("email", _exact(255)),
    _column("email_key", _exact(255)),
    _column("username", _exact(64)),
    _column("first_name", _exact(120), null=True),
    _column("last_name", _exact(120), null=True),
    _column("password_hash", _exact(255)),
    _column("role", _exact(16)),
    _column("otp_hash", sa.BINARY(32)),
    _column("attempts", sa.Integer),
    _column("created_at", sa.BigInteger),
    *_deadline("resend"),
    *_deadline("expires"),
    _column("used_at", sa.BigInteger, null=True),
    _column("letter_id", Id(), null=True),
    _column("invitation_id", Id(), null=True),
    _column("handed_at", sa.BigInteger, null=True),
    sa.Index(None, "tenant_id", "email_key"),
    sa.Index(None, "created_at"),
)

invitations = _table(
    "invitations",
    _key("tenant_id"),
    _key("id"),
    _column("code_hash", sa.BINARY(32)),
    _column("role", _exact(16)),
    _column("name", _exact(120), null=True),
    _column("email", _exact(255), null=True),
    _column("email_key", _exact(255), null=True),
    _column("invited_by", Id(), null=True),
    _column("created_at", sa.BigInteger),
    *_deadline("expires"),
    _column("used_at", sa.BigInteger, null=True),
    _column("used_by", Id(), null=True),
    _column("revoked_at", sa.BigInteger, null=True),
    _column("letter_id", Id(), null=True),
    sa.UniqueConstraint("tenant_id", "code_hash"),
    sa.Index(None, "created_at"),
)

auth_sessions = _table(
    "auth_sessions",
    _key("tenant_id"),
    _key("id"),
    _column("number", sa.BigInteger),
    _column("user_id", Id()),
    _column("device_hash", sa.BINARY(32)),
    _column("device_info", _exact(255), null=True),
    _column("ip_address", _exact(64), null=True),
    _column("created_at", sa.BigInteger),
    _column("last_seen_at", sa.BigInteger),
    *_deadline("fresh"),
    *_deadline("ends"),
    _column("generation", sa.Integer),
    _column("refresh_hash", sa.BINARY(32)),
    *_deadline("refresh"),
    _column("previous_hash", sa.BINARY(32), null=True),
    _column("previous_client", sa.BINARY(32), null=True),
    _column("successor_sealed", sa.LargeBinary(255), null=True),
    *_deadline("retry", null=True),
    _column("revoked_at", sa.BigInteger, null=True),
    _column("revoked_for", _exact(24), null=True),
    _column("idle_life", sa.BigInteger, null=True),
    sa.UniqueConstraint("tenant_id", "number"),
    sa.Index(None, "tenant_id", "user_id"),
    sa.Index(None, "revoked_at"),
    sa.Index(None, "retry_at"),
)

password_reset_tokens = _table(
    "password_reset_tokens",
    _key("tenant_id"),
    _key("id"),
    _column("token_hash", sa.BINARY(32)),
    _column("user_id", Id()),
    _column("created_at", sa.BigInteger),
    *_deadline("expires"),
    _column("used_at", sa.BigInteger, null=True),
    _column("started_by", Id(), null=True),
    sa.Index(None, "tenant_id", "user_id"),
    sa.Index(None, "created_at"),
)

outbox = _table(
    "outbox",
    _key("tenant_id"),
    _key("id"),
    _column("letter", _exact(32)),
    _column("address", _exact(255)),
    _column("address_key", _exact(255)),
    _column("sealed", sa.LargeBinary(8192), null=True),
    _column("state", _exact(16)),
    _column("attempts", sa.Integer),
    _column("created_at", sa.BigInteger),
    *_deadline("due"),
    *_deadline("expires"),
    _column("ended_at", sa.BigInteger, null=True),
    _column("last_error", _exact(255), null=True),
    sa.Index(None, "state", "address_key"),
    sa.Index(None, "ended_at"),
)

audit_heads = _table(
    "audit_heads",
    _key("tenant_id"),
    _key("node_id"),
    _key("incarnation", sa.Integer),
    _column("seq", sa.BigInteger),
    _column("hash", sa.BINARY(32)),
)

audit = _table(
    "audit",
    _key("tenant_id"),
    _key("node_id"),
    _key("incarnation", sa.Integer),
    _key("seq", sa.BigInteger),
    _column("at", sa.BigInteger),
    _column("clock", _exact(12)),
    _column("event", _exact(40)),
    _column("outcome", _exact(40)),
    _column("actor_id", Id(), null=True),
    _column("subject_id", Id(), null=True),
    _column("session_id", Id(), null=True),
    _column("ip_address", _exact(64), null=True),
    _column("device", _exact(255), null=True),
    _column("detail", _text()),
    _column("hash", sa.BINARY(32)),
    sa.Index(None, "tenant_id", "subject_id", "at"),
)

signing_keys = _table(
    "signing_keys",
    _key("kid", _exact(64)),
    _column("algorithm", _exact(12)),
    _column("created_at", sa.BigInteger),
    _column("signs_from_at", sa.BigInteger),
    _column("public_pem", _text()),
    _column("sealed", sa.LargeBinary(4096)),
)
