"""Recoveries of households whose owners are all locked out."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_ID = sa.BINARY(16)


def _exact(length: int) -> sa.types.TypeEngine[str]:
    variant = mysql.VARCHAR(length, charset="utf8mb4", collation="utf8mb4_bin")
    return sa.String(length).with_variant(variant, "mysql", "mariadb")


def upgrade() -> None:
    """Add the table, unless an interrupted run has: MariaDB can't undo it."""
    op.create_table(
        "recoveries",
        sa.Column("tenant_id", _ID, nullable=False, autoincrement=False),
        sa.Column("id", _ID, nullable=False, autoincrement=False),
        sa.Column("code_hash", sa.BINARY(32), nullable=False),
        sa.Column("asked_from", _exact(64), nullable=False),
        sa.Column("state", _exact(12), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("due_boot_id", _ID, nullable=False),
        sa.Column("due_boot", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_boot_id", _ID, nullable=False),
        sa.Column("expires_boot", sa.BigInteger(), nullable=False),
        sa.Column("decided_by", _ID, nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_recoveries"),
        if_not_exists=True,
        sqlite_with_rowid=False,
        mysql_engine="InnoDB",
        mysql_charset="utf8mb4",
    )
