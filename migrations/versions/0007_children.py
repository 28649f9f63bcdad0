"""Children who ask to join, and who has vouched for whom."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_ID = sa.BINARY(16)
_HASH = sa.BINARY(32)


def _exact(length: int) -> sa.types.TypeEngine[str]:
    variant = mysql.VARCHAR(length, charset="utf8mb4", collation="utf8mb4_bin")
    return sa.String(length).with_variant(variant, "mysql", "mariadb")


def upgrade() -> None:
    """Add what is missing: an interrupted run may have added some of it, and MariaDB can't undo that."""
    if "guardian_id" not in {found["name"] for found in sa.inspect(op.get_bind()).get_columns("users")}:
        op.add_column("users", sa.Column("guardian_id", _ID, nullable=True))
    op.create_table(
        "child_requests",
        sa.Column("tenant_id", _ID, nullable=False, autoincrement=False),
        sa.Column("id", _ID, nullable=False, autoincrement=False),
        sa.Column("username", _exact(64), nullable=False),
        sa.Column("first_name", _exact(120), nullable=True),
        sa.Column("password_hash", _exact(255), nullable=False),
        sa.Column("code_hash", _HASH, nullable=False),
        sa.Column("token_hash", _HASH, nullable=False),
        sa.Column("asked_from", _exact(64), nullable=False),
        sa.Column("device", _exact(255), nullable=False),
        sa.Column("state", _exact(12), nullable=False),
        sa.Column("misses", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_boot_id", _ID, nullable=False),
        sa.Column("expires_boot", sa.BigInteger(), nullable=False),
        sa.Column("decided_by", _ID, nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_child_requests"),
        if_not_exists=True,
        sqlite_with_rowid=False,
        mysql_engine="InnoDB",
        mysql_charset="utf8mb4",
    )
