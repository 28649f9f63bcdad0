"""Whether somebody was once there is asked by their id."""

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add what isn't there: an interrupted run may have added it, and MariaDB can't undo it."""
    op.create_index("ix_sync_buried_tenant_id_subject", "sync_buried", ["tenant_id", "subject"], if_not_exists=True)
