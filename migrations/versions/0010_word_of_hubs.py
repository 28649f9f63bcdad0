"""On whose word somebody has an address."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add what isn't there: an interrupted run may have added some of it, and MariaDB can't undo it."""
    present = {each["name"] for each in sa.inspect(op.get_bind()).get_columns("directory")}
    if "told_by" not in present:
        op.add_column("directory", sa.Column("told_by", sa.BINARY(16), nullable=True))
