"""Core: households, people, their sessions and attempts, the outbox, the audit log, the signing keys."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_ID = sa.BINARY(16)
_TEXT = sa.Text().with_variant(mysql.TEXT(charset="utf8mb4", collation="utf8mb4_bin"), "mysql", "mariadb")


def upgrade() -> None:
    """Make every table; what an interrupted run has made already stays."""
    _node_facts()
    _tenants()
    _directory()
    _users()
    _user_pictures()
    _known_devices()
    _login_attempts()
    _otp_sessions()
    _auth_sessions()
    _password_reset_tokens()
    _outbox()
    _audit_heads()
    _audit()
    _signing_keys()


def _exact(length: int) -> sa.types.TypeEngine[str]:
    variant = mysql.VARCHAR(length, charset="utf8mb4", collation="utf8mb4_bin")
    return sa.String(length).with_variant(variant, "mysql", "mariadb")


def _table(name: str, *parts: Any, rowid: bool = False) -> None:
    op.create_table(
        name, *parts, if_not_exists=True, sqlite_with_rowid=rowid, mysql_engine="InnoDB", mysql_charset="utf8mb4"
    )


def _index(name: str, table: str, columns: list[str]) -> None:
    op.create_index(name, table, columns, if_not_exists=True)


def _node_facts() -> None:
    _table(
        "node_facts",
        sa.Column("name", _exact(64), nullable=False, autoincrement=False),
        sa.Column("value", sa.LargeBinary(4096), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_node_facts"),
    )


def _tenants() -> None:
    _table(
        "tenants",
        sa.Column("id", _ID, nullable=False, autoincrement=False),
        sa.Column("slug", _exact(64), nullable=False),
        sa.Column("name", _exact(120), nullable=False),
        sa.Column("registration", _exact(16), nullable=False),
        sa.Column("password_rule", _exact(16), nullable=False),
        sa.Column("is_default", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_tenants"),
        sa.UniqueConstraint("slug", name="uq_tenants_slug"),
    )


def _directory() -> None:
    _table(
        "directory",
        sa.Column("address_hash", sa.BINARY(32), nullable=False, autoincrement=False),
        sa.Column("tenant_id", _ID, nullable=False, autoincrement=False),
        sa.PrimaryKeyConstraint("address_hash", "tenant_id", name="pk_directory"),
    )


def _users() -> None:
    _table(
        "users",
        sa.Column("tenant_id", _ID, nullable=False, autoincrement=False),
        sa.Column("id", _ID, nullable=False, autoincrement=False),
        sa.Column("username", _exact(64), nullable=False),
        sa.Column("username_key", _exact(64), nullable=False),
        sa.Column("email", _exact(255), nullable=True),
        sa.Column("email_key", _exact(255), nullable=True),
        sa.Column("email_verified", sa.Boolean(), nullable=False),
        sa.Column("password_hash", _exact(255), nullable=False),
        sa.Column("role", _exact(16), nullable=False),
        sa.Column("disabled", sa.Boolean(), nullable=False),
        sa.Column("first_name", _exact(120), nullable=True),
        sa.Column("last_name", _exact(120), nullable=True),
        sa.Column("phone_number", _exact(40), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("password_changed_at", sa.BigInteger(), nullable=False),
        sa.Column("last_login_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_users"),
        sa.UniqueConstraint("tenant_id", "email_key", name="uq_users_tenant_id_email_key"),
        sa.UniqueConstraint("tenant_id", "username_key", name="uq_users_tenant_id_username_key"),
    )


def _user_pictures() -> None:
    _table(
        "user_pictures",
        sa.Column("tenant_id", _ID, nullable=False, autoincrement=False),
        sa.Column("user_id", _ID, nullable=False, autoincrement=False),
        sa.Column("media_type", _exact(40), nullable=False),
        sa.Column("image", sa.LargeBinary(4194304), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "user_id", name="pk_user_pictures"),
        rowid=True,
    )


def _known_devices() -> None:
    _table(
        "known_devices",
        sa.Column("tenant_id", _ID, nullable=False, autoincrement=False),
        sa.Column("user_id", _ID, nullable=False, autoincrement=False),
        sa.Column("device_hash", sa.BINARY(32), nullable=False, autoincrement=False),
        sa.Column("label", _exact(255), nullable=False),
        sa.Column("first_seen_at", sa.BigInteger(), nullable=False),
        sa.Column("last_seen_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "user_id", "device_hash", name="pk_known_devices"),
    )


def _login_attempts() -> None:
    _table(
        "login_attempts",
        sa.Column("tenant_id", _ID, nullable=False, autoincrement=False),
        sa.Column("account", sa.BINARY(32), nullable=False, autoincrement=False),
        sa.Column("device_hash", sa.BINARY(32), nullable=False, autoincrement=False),
        sa.Column("node_id", _ID, nullable=False, autoincrement=False),
        sa.Column("incarnation", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("account_exists", sa.Boolean(), nullable=False),
        sa.Column("attempt_count", sa.Integer(), nullable=False),
        sa.Column("permanent", sa.Boolean(), nullable=False),
        sa.Column("ban_at", sa.BigInteger(), nullable=True),
        sa.Column("ban_boot_id", sa.BINARY(16), nullable=True),
        sa.Column("ban_boot", sa.BigInteger(), nullable=True),
        sa.Column("last_attempt_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "tenant_id", "account", "device_hash", "node_id", "incarnation", name="pk_login_attempts"
        ),
    )
    _index("ix_login_attempts_account_exists_last_attempt_at", "login_attempts", ["account_exists", "last_attempt_at"])


def _otp_sessions() -> None:
    _table(
        "otp_sessions",
        sa.Column("tenant_id", _ID, nullable=False, autoincrement=False),
        sa.Column("id", _ID, nullable=False, autoincrement=False),
        sa.Column("token_hash", sa.BINARY(32), nullable=False),
        sa.Column("purpose", _exact(20), nullable=False),
        sa.Column("email", _exact(255), nullable=False),
        sa.Column("email_key", _exact(255), nullable=False),
        sa.Column("username", _exact(64), nullable=False),
        sa.Column("first_name", _exact(120), nullable=True),
        sa.Column("last_name", _exact(120), nullable=True),
        sa.Column("password_hash", _exact(255), nullable=False),
        sa.Column("role", _exact(16), nullable=False),
        sa.Column("otp_hash", sa.BINARY(32), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("resend_at", sa.BigInteger(), nullable=False),
        sa.Column("resend_boot_id", sa.BINARY(16), nullable=False),
        sa.Column("resend_boot", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_boot_id", sa.BINARY(16), nullable=False),
        sa.Column("expires_boot", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_otp_sessions"),
    )
    _index("ix_otp_sessions_created_at", "otp_sessions", ["created_at"])
    _index("ix_otp_sessions_tenant_id_email_key", "otp_sessions", ["tenant_id", "email_key"])


def _auth_sessions() -> None:
    _table(
        "auth_sessions",
        sa.Column("tenant_id", _ID, nullable=False, autoincrement=False),
        sa.Column("id", _ID, nullable=False, autoincrement=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("user_id", _ID, nullable=False),
        sa.Column("device_hash", sa.BINARY(32), nullable=False),
        sa.Column("device_info", _exact(255), nullable=True),
        sa.Column("ip_address", _exact(64), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("last_seen_at", sa.BigInteger(), nullable=False),
        sa.Column("fresh_at", sa.BigInteger(), nullable=False),
        sa.Column("fresh_boot_id", sa.BINARY(16), nullable=False),
        sa.Column("fresh_boot", sa.BigInteger(), nullable=False),
        sa.Column("ends_at", sa.BigInteger(), nullable=False),
        sa.Column("ends_boot_id", sa.BINARY(16), nullable=False),
        sa.Column("ends_boot", sa.BigInteger(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("refresh_hash", sa.BINARY(32), nullable=False),
        sa.Column("refresh_at", sa.BigInteger(), nullable=False),
        sa.Column("refresh_boot_id", sa.BINARY(16), nullable=False),
        sa.Column("refresh_boot", sa.BigInteger(), nullable=False),
        sa.Column("previous_hash", sa.BINARY(32), nullable=True),
        sa.Column("previous_client", sa.BINARY(32), nullable=True),
        sa.Column("successor_sealed", sa.LargeBinary(255), nullable=True),
        sa.Column("retry_at", sa.BigInteger(), nullable=True),
        sa.Column("retry_boot_id", sa.BINARY(16), nullable=True),
        sa.Column("retry_boot", sa.BigInteger(), nullable=True),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.Column("revoked_for", _exact(24), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_auth_sessions"),
        sa.UniqueConstraint("tenant_id", "number", name="uq_auth_sessions_tenant_id_number"),
    )
    _index("ix_auth_sessions_retry_at", "auth_sessions", ["retry_at"])
    _index("ix_auth_sessions_revoked_at", "auth_sessions", ["revoked_at"])
    _index("ix_auth_sessions_tenant_id_user_id", "auth_sessions", ["tenant_id", "user_id"])


def _password_reset_tokens() -> None:
    _table(
        "password_reset_tokens",
        sa.Column("tenant_id", _ID, nullable=False, autoincrement=False),
        sa.Column("id", _ID, nullable=False, autoincrement=False),
        sa.Column("token_hash", sa.BINARY(32), nullable=False),
        sa.Column("user_id", _ID, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_boot_id", sa.BINARY(16), nullable=False),
        sa.Column("expires_boot", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_password_reset_tokens"),
    )
    _index("ix_password_reset_tokens_created_at", "password_reset_tokens", ["created_at"])
    _index("ix_password_reset_tokens_tenant_id_user_id", "password_reset_tokens", ["tenant_id", "user_id"])


def _outbox() -> None:
    _table(
        "outbox",
        sa.Column("tenant_id", _ID, nullable=False, autoincrement=False),
        sa.Column("id", _ID, nullable=False, autoincrement=False),
        sa.Column("letter", _exact(32), nullable=False),
        sa.Column("address", _exact(255), nullable=False),
        sa.Column("address_key", _exact(255), nullable=False),
        sa.Column("sealed", sa.LargeBinary(8192), nullable=True),
        sa.Column("state", _exact(16), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("due_boot_id", sa.BINARY(16), nullable=False),
        sa.Column("due_boot", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_boot_id", sa.BINARY(16), nullable=False),
        sa.Column("expires_boot", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("last_error", _exact(255), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_outbox"),
    )
    _index("ix_outbox_ended_at", "outbox", ["ended_at"])
    _index("ix_outbox_state_address_key", "outbox", ["state", "address_key"])


def _audit_heads() -> None:
    _table(
        "audit_heads",
        sa.Column("tenant_id", _ID, nullable=False, autoincrement=False),
        sa.Column("node_id", _ID, nullable=False, autoincrement=False),
        sa.Column("incarnation", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.BINARY(32), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "node_id", "incarnation", name="pk_audit_heads"),
    )


def _audit() -> None:
    _table(
        "audit",
        sa.Column("tenant_id", _ID, nullable=False, autoincrement=False),
        sa.Column("node_id", _ID, nullable=False, autoincrement=False),
        sa.Column("incarnation", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("seq", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("clock", _exact(12), nullable=False),
        sa.Column("event", _exact(40), nullable=False),
        sa.Column("outcome", _exact(40), nullable=False),
        sa.Column("actor_id", _ID, nullable=True),
        sa.Column("subject_id", _ID, nullable=True),
        sa.Column("session_id", _ID, nullable=True),
        sa.Column("ip_address", _exact(64), nullable=True),
        sa.Column("device", _exact(255), nullable=True),
        sa.Column("detail", _TEXT, nullable=False),
        sa.Column("hash", sa.BINARY(32), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "node_id", "incarnation", "seq", name="pk_audit"),
    )
    _index("ix_audit_tenant_id_subject_id_at", "audit", ["tenant_id", "subject_id", "at"])


def _signing_keys() -> None:
    _table(
        "signing_keys",
        sa.Column("kid", _exact(64), nullable=False, autoincrement=False),
        sa.Column("algorithm", _exact(12), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("signs_from_at", sa.BigInteger(), nullable=False),
        sa.Column("public_pem", _TEXT, nullable=False),
        sa.Column("sealed", sa.LargeBinary(4096), nullable=False),
        sa.PrimaryKeyConstraint("kid", name="pk_signing_keys"),
    )
