"""Household: invitations, policy, and how an address came to count as verified."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_ID = sa.BINARY(16)


def _exact(length: int) -> sa.types.TypeEngine[str]:
    variant = mysql.VARCHAR(length, charset="utf8mb4", collation="utf8mb4_bin")
    return sa.String(length).with_variant(variant, "mysql", "mariadb")


def _present(table: str) -> set[str]:
    return {column["name"] for column in sa.inspect(op.get_bind()).get_columns(table)}


def _add(table: str, name: str, kind: Any, *, default: str | None = None) -> None:
    """Add a column, unless an interrupted run has: MariaDB can't undo it."""
    if name not in _present(table):
        op.add_column(table, sa.Column(name, kind, nullable=default is None, server_default=default))


def upgrade() -> None:
    """Add what is missing; addresses so far were all proven by a letter."""
    _add("tenants", "policy_version", sa.BigInteger(), default="1")
    _add("tenants", "session_life", sa.BigInteger())
    _add("tenants", "idle_life", sa.BigInteger())
    _add("tenants", "shares", _exact(120))
    _add("users", "email_proven", sa.Boolean(), default="0")
    op.execute("UPDATE users SET email_proven = email_verified")
    _add("otp_sessions", "letter_id", _ID)
    _add("otp_sessions", "invitation_id", _ID)
    _add("otp_sessions", "handed_at", sa.BigInteger())
    _add("auth_sessions", "idle_life", sa.BigInteger())
    _add("password_reset_tokens", "started_by", _ID)
    _invitations()


def _invitations() -> None:
    op.create_table(
        "invitations",
        sa.Column("tenant_id", _ID, nullable=False, autoincrement=False),
        sa.Column("id", _ID, nullable=False, autoincrement=False),
        sa.Column("code_hash", sa.BINARY(32), nullable=False),
        sa.Column("role", _exact(16), nullable=False),
        sa.Column("name", _exact(120), nullable=True),
        sa.Column("email", _exact(255), nullable=True),
        sa.Column("email_key", _exact(255), nullable=True),
        sa.Column("invited_by", _ID, nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_boot_id", sa.BINARY(16), nullable=False),
        sa.Column("expires_boot", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=True),
        sa.Column("used_by", _ID, nullable=True),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.Column("letter_id", _ID, nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_invitations"),
        sa.UniqueConstraint("tenant_id", "code_hash", name="uq_invitations_tenant_id_code_hash"),
        if_not_exists=True,
        sqlite_with_rowid=False,
        mysql_engine="InnoDB",
        mysql_charset="utf8mb4",
    )
    op.create_index("ix_invitations_created_at", "invitations", ["created_at"], if_not_exists=True)
