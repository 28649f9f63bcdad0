"""Clock: households may want everybody to sign in anew after a reboot."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the policy, unless an interrupted run has: MariaDB can't undo it."""
    if "fresh_after_reboot" not in {column["name"] for column in sa.inspect(op.get_bind()).get_columns("tenants")}:
        op.add_column("tenants", sa.Column("fresh_after_reboot", sa.Boolean(), nullable=False, server_default="0"))
