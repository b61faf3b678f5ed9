"""The questions that a training learned from first."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("runs", sa.Column("warm_start", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("runs", "warm_start")
