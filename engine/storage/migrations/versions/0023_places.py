"""Places and tracking: how the embedded route provider behaves, and where couriers went."""

import sqlalchemy as sa
from alembic import op

from engine.storage.columns import Json

revision = "0023"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "route_rules",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("rules", Json(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_route_rules"),
    )


def downgrade() -> None:
    op.drop_table("route_rules")
