"""Synchronisation of a household between its hubs and the cloud."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_ID = sa.BINARY(16)
_STATE = sa.LargeBinary(1024 * 1024)
_RECORD = sa.LargeBinary(64 * 1024)


def _exact(length: int) -> sa.types.TypeEngine[str]:
    variant = mysql.VARCHAR(length, charset="utf8mb4", collation="utf8mb4_bin")
    return sa.String(length).with_variant(variant, "mysql", "mariadb")


def _key(name: str, kind: Any = _ID) -> sa.Column[Any]:
    return sa.Column(name, kind, primary_key=True, autoincrement=False)


def _column(name: str, kind: Any, *, null: bool = False, default: str | None = None) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=null, server_default=default)


def _table(name: str, *columns: sa.Column[Any], rowid: bool = False) -> None:
    op.create_table(
        name,
        *columns,
        if_not_exists=True,
        sqlite_with_rowid=rowid,
        mysql_engine="InnoDB",
        mysql_charset="utf8mb4",
    )


def upgrade() -> None:
    """Add what is missing: an interrupted run may have added some of it, and MariaDB can't undo that."""
    _column_of("users", sa.Column("password_tag", sa.LargeBinary(64), nullable=True))
    _column_of("users", sa.Column("sign_outs", sa.BINARY(16), nullable=True))
    _column_of("audit_heads", sa.Column("named", _ID, nullable=True))
    _column_of("login_attempts", sa.Column("told", sa.BigInteger(), nullable=True))
    _cells()
    _clouds()
    _claims()
    _hubs()
    _own()


def _column_of(table: str, column: sa.Column[Any]) -> None:
    if column.name not in {found["name"] for found in sa.inspect(op.get_bind()).get_columns(table)}:
        op.add_column(table, column)


def _cells() -> None:
    """What both ends keep."""
    _table(
        "sync_cells",
        _key("tenant_id"),
        _key("kind", _exact(32)),
        _key("id"),
        _column("lane", sa.SmallInteger()),
        _column("epoch", sa.Integer()),
        _column("seq", sa.BigInteger()),
        _column("place", sa.Integer()),
        _column("state", _STATE),
        _column("over", _STATE, null=True),
        _column("mine", sa.LargeBinary(1024), null=True),
    )
    op.create_index(
        "ix_sync_cells_tenant_id_lane_epoch_seq_place",
        "sync_cells",
        ["tenant_id", "lane", "epoch", "seq", "place"],
        if_not_exists=True,
    )
    _table(
        "sync_names",
        _key("tenant_id"),
        _key("kind", _exact(32)),
        _key("id"),
        _column("name", _exact(255)),
    )
    op.create_index(
        "ix_sync_names_tenant_id_kind_name", "sync_names", ["tenant_id", "kind", "name"], if_not_exists=True
    )
    _table(
        "sync_sums",
        _key("tenant_id"),
        _key("lane", sa.SmallInteger()),
        _key("place", sa.SmallInteger()),
        _column("sums", sa.LargeBinary(1024)),
    )


def _clouds() -> None:
    """What the cloud keeps."""
    _table(
        "sync_standings",
        _key("tenant_id"),
        _column("value", _RECORD),
        _column("digest_key", sa.BINARY(32)),
    )
    _table(
        "sync_members",
        _key("tenant_id"),
        _key("hub_id"),
        _column("value", _RECORD),
    )
    _table(
        "sync_ends",
        _key("tenant_id"),
        _key("hub_id"),
        _key("incarnation", sa.Integer()),
        _key("lane", sa.SmallInteger()),
        _column("value", sa.LargeBinary(255)),
    )
    _table(
        "sync_dead",
        _key("tenant_id"),
        _key("subject"),
        _column("epoch", sa.Integer()),
        _column("seq", sa.BigInteger()),
        _column("since", sa.BigInteger()),
    )
    _table(
        "sync_buried",
        _key("tenant_id"),
        _key("number", sa.BigInteger()),
        _column("subject", _ID),
    )


def _claims() -> None:
    """The codes that let hubs in."""
    _table(
        "sync_claims",
        _key("tenant_id"),
        _key("id"),
        _column("code_hash", sa.BINARY(32)),
        _column("made_by", _ID),
        _column("created_at", sa.BigInteger()),
        _column("expires_at", sa.BigInteger()),
        _column("expires_boot_id", _ID),
        _column("expires_boot", sa.BigInteger()),
        _column("used_at", sa.BigInteger(), null=True),
        _column("used_by", _ID, null=True),
    )
    op.create_index("ix_sync_claims_created_at", "sync_claims", ["created_at"], if_not_exists=True)


def _hubs() -> None:
    """What a hub keeps."""
    _table(
        "sync_enrolments",
        _key("tenant_id"),
        _column("value", _RECORD),
        _column("digest_key", sa.BINARY(32)),
        _column("enrolment", _RECORD),
        _column("paused", sa.Boolean()),
        _column("reached_at", sa.BigInteger(), null=True),
        _column("agreed_at", sa.BigInteger(), null=True),
        _column("trouble", _exact(64), null=True),
        _column("repairs", sa.BigInteger(), default="0"),
        rowid=True,
    )
    _table("sync_pending", _key("tenant_id"), _column("request", sa.LargeBinary(524288)), rowid=True)
    _table(
        "sync_entries",
        _key("tenant_id"),
        _key("lane", sa.SmallInteger()),
        _key("number", sa.BigInteger()),
        _column("kind", _exact(32)),
        _column("id", _ID),
        _column("value", _STATE),
    )
    _table(
        "sync_given",
        _key("tenant_id"),
        _key("lane", sa.SmallInteger()),
        _key("upto", sa.BigInteger()),
        _column("epoch", sa.Integer()),
        _column("seq", sa.BigInteger()),
        _column("passed", sa.Boolean()),
    )


def _own() -> None:
    """What else a hub keeps of its own changes."""
    _table(
        "sync_lost",
        _key("tenant_id"),
        _key("kind", _exact(32)),
        _key("id"),
        _column("lane", sa.SmallInteger()),
        _column("value", _STATE),
    )
    _table(
        "sync_kept",
        _key("tenant_id"),
        _key("origin"),
        _key("incarnation", sa.Integer()),
        _key("number", sa.BigInteger()),
        _column("verifier", sa.LargeBinary(255)),
    )
    _table(
        "sync_audited",
        _key("tenant_id"),
        _key("node_id"),
        _key("incarnation", sa.Integer()),
        _column("seq", sa.BigInteger()),
    )
