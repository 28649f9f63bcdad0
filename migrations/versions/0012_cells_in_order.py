"""A hub's cells stand in the cloud's order once the cloud has them, and those that have died by when they did."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_IN_ORDER = "ix_sync_cells_tenant_id_lane_epoch_seq_place"


def upgrade() -> None:
    """SQLite alone has indexes of some rows; in the cloud every row has its place."""
    op.create_index("ix_sync_dead_since", "sync_dead", ["since"], if_not_exists=True)
    if op.get_bind().dialect.name == "sqlite":
        op.drop_index(_IN_ORDER, "sync_cells", if_exists=True)
        columns = ["tenant_id", "lane", "epoch", "seq", "place"]
        op.create_index(_IN_ORDER, "sync_cells", columns, sqlite_where=sa.text("epoch <> 0"))
