"""Devices: what a household has let in, who asks, and what they and guests hold."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_ID = sa.BINARY(16)
_HASH = sa.BINARY(32)


def _exact(length: int) -> sa.types.TypeEngine[str]:
    variant = mysql.VARCHAR(length, charset="utf8mb4", collation="utf8mb4_bin")
    return sa.String(length).with_variant(variant, "mysql", "mariadb")


def _text() -> sa.types.TypeEngine[str]:
    return sa.Text().with_variant(mysql.TEXT(charset="utf8mb4", collation="utf8mb4_bin"), "mysql", "mariadb")


def _deadline(name: str, *, null: bool = False) -> tuple[sa.Column[bytes] | sa.Column[int], ...]:
    return (
        sa.Column(f"{name}_at", sa.BigInteger(), nullable=null),
        sa.Column(f"{name}_boot_id", _ID, nullable=null),
        sa.Column(f"{name}_boot", sa.BigInteger(), nullable=null),
    )


def _table(name: str, *parts: sa.schema.SchemaItem) -> None:
    """Make a table, unless an interrupted run has: MariaDB can't undo it."""
    op.create_table(
        name,
        sa.Column("tenant_id", _ID, nullable=False, autoincrement=False),
        *parts,
        if_not_exists=True,
        sqlite_with_rowid=False,
        mysql_engine="InnoDB",
        mysql_charset="utf8mb4",
    )


def _id() -> sa.Column[bytes]:
    return sa.Column("id", _ID, nullable=False, autoincrement=False)


def upgrade() -> None:
    """Add the tables."""
    _devices()
    _asks()
    _windows()
    _grants()
    _table(
        "status_lists",
        sa.Column("next_index", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", name="pk_status_lists"),
    )


def _devices() -> None:
    _table(
        "devices",
        _id(),
        sa.Column("name", _exact(80), nullable=False),
        sa.Column("room", _exact(80), nullable=True),
        sa.Column("kind", _exact(16), nullable=False),
        sa.Column("scopes", _exact(400), nullable=False),
        sa.Column("state", _exact(12), nullable=False),
        sa.Column("way", _exact(12), nullable=False),
        sa.Column("public_key", _text(), nullable=True),
        sa.Column("thumbprint", _HASH, nullable=True),
        sa.Column("secret_hash", _HASH, nullable=True),
        sa.Column("added_by", _ID, nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=True),
        sa.Column("seen_from", _exact(64), nullable=True),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.UniqueConstraint("tenant_id", "thumbprint", name="uq_devices_tenant_id_thumbprint"),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_devices"),
    )


def _asks() -> None:
    _table(
        "device_asks",
        _id(),
        sa.Column("way", _exact(12), nullable=False),
        sa.Column("code_hash", _HASH, nullable=True),
        sa.Column("secret_hash", _HASH, nullable=True),
        sa.Column("name", _exact(80), nullable=False),
        sa.Column("room", _exact(80), nullable=True),
        sa.Column("kind", _exact(16), nullable=False),
        sa.Column("scopes", _exact(400), nullable=False),
        sa.Column("public_key", _text(), nullable=True),
        sa.Column("thumbprint", _HASH, nullable=True),
        sa.Column("asked_from", _exact(64), nullable=True),
        sa.Column("state", _exact(12), nullable=False),
        sa.Column("misses", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("made_by", _ID, nullable=True),
        sa.Column("decided_by", _ID, nullable=True),
        sa.Column("device_id", _ID, nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        *_deadline("expires"),
        sa.Column("pace", sa.Integer(), nullable=False, server_default="5"),
        *_deadline("poll", null=True),
        sa.UniqueConstraint("tenant_id", "code_hash", name="uq_device_asks_tenant_id_code_hash"),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_device_asks"),
    )
    op.create_index("ix_device_asks_created_at", "device_asks", ["created_at"], if_not_exists=True)


def _windows() -> None:
    _table(
        "pairing_windows",
        sa.Column("opened_by", _ID, nullable=True),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        *_deadline("closes"),
        sa.PrimaryKeyConstraint("tenant_id", name="pk_pairing_windows"),
    )


def _grants() -> None:
    _table(
        "device_grants",
        _id(),
        sa.Column("device_id", _ID, nullable=True),
        sa.Column("user_id", _ID, nullable=True),
        sa.Column("kind", _exact(12), nullable=False),
        sa.Column("scopes", _exact(400), nullable=False),
        sa.Column("list_index", sa.BigInteger(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("refresh_hash", _HASH, nullable=True),
        *_deadline("refresh", null=True),
        *_deadline("ends", null=True),
        sa.Column("thumbprint", _HASH, nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_for", _exact(24), nullable=True),
        sa.UniqueConstraint("tenant_id", "list_index", name="uq_device_grants_tenant_id_list_index"),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_device_grants"),
    )
    op.create_index(
        "ix_device_grants_tenant_id_device_id", "device_grants", ["tenant_id", "device_id"], if_not_exists=True
    )
    op.create_index("ix_device_grants_ended_at", "device_grants", ["ended_at"], if_not_exists=True)
