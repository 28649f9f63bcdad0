"""Guests' passes."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_ID = sa.BINARY(16)
_HASH = sa.BINARY(32)


def _exact(length: int) -> sa.types.TypeEngine[str]:
    variant = mysql.VARCHAR(length, charset="utf8mb4", collation="utf8mb4_bin")
    return sa.String(length).with_variant(variant, "mysql", "mariadb")


def upgrade() -> None:
    """Add the table, unless an interrupted run has: MariaDB can't undo it."""
    op.create_table(
        "guest_passes",
        sa.Column("tenant_id", _ID, nullable=False, autoincrement=False),
        sa.Column("id", _ID, nullable=False, autoincrement=False),
        sa.Column("name", _exact(80), nullable=False),
        sa.Column("secret_hash", _HASH, nullable=False),
        sa.Column("made_by", _ID, nullable=True),
        sa.Column("begins_at", sa.BigInteger(), nullable=False),
        sa.Column("begins_boot_id", _ID, nullable=False),
        sa.Column("begins_boot", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=True),
        sa.Column("seen_from", _exact(64), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_guest_passes"),
        if_not_exists=True,
        sqlite_with_rowid=False,
        mysql_engine="InnoDB",
        mysql_charset="utf8mb4",
    )
