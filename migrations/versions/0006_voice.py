"""Voice: what people are asked to confirm on their phones, and whether devices may act for them at all."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_ID = sa.BINARY(16)


def _exact(length: int) -> sa.types.TypeEngine[str]:
    variant = mysql.VARCHAR(length, charset="utf8mb4", collation="utf8mb4_bin")
    return sa.String(length).with_variant(variant, "mysql", "mariadb")


def _id(name: str) -> sa.Column[bytes]:
    return sa.Column(name, _ID, nullable=False, autoincrement=False)


def _deadline(name: str, *, null: bool = False) -> tuple[sa.Column[bytes] | sa.Column[int], ...]:
    return (
        sa.Column(f"{name}_at", sa.BigInteger(), nullable=null),
        sa.Column(f"{name}_boot_id", _ID, nullable=null),
        sa.Column(f"{name}_boot", sa.BigInteger(), nullable=null),
    )


def upgrade() -> None:
    """Add them, unless an interrupted run has: MariaDB can't undo it."""
    for table in ("tenants", "users"):
        if "voice" not in {column["name"] for column in sa.inspect(op.get_bind()).get_columns(table)}:
            op.add_column(table, sa.Column("voice", sa.Boolean(), nullable=False, server_default="1"))
    op.create_table(
        "confirmations",
        _id("tenant_id"),
        _id("id"),
        _id("device_id"),
        _id("user_id"),
        sa.Column("scopes", _exact(400), nullable=False),
        sa.Column("message", _exact(80), nullable=True),
        sa.Column("asked_from", _exact(64), nullable=True),
        sa.Column("secret_hash", sa.BINARY(32), nullable=False),
        sa.Column("state", _exact(12), nullable=False),
        sa.Column("misses", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        *_deadline("expires"),
        *_deadline("quiet", null=True),
        *_deadline("counts"),
        sa.Column("pace", sa.Integer(), nullable=False, server_default="5"),
        *_deadline("poll", null=True),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_confirmations"),
        if_not_exists=True,
        sqlite_with_rowid=False,
        mysql_engine="InnoDB",
        mysql_charset="utf8mb4",
    )
    op.create_index("ix_confirmations_tenant_id_user_id", "confirmations", ["tenant_id", "user_id"], if_not_exists=True)
