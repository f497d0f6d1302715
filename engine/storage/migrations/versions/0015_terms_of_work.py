"""What the forms of work tasks ask for besides: kinds of deliverable, place, contact, prices by quantity, evidence."""

import sqlalchemy as sa
from alembic import op

from engine.storage.columns import Json

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_ADDED = {
    "work_task": (
        sa.Column("deliverable_types", Json(), nullable=False, server_default="[]"),
        sa.Column("position", Json(), nullable=True),
        sa.Column("contact", Json(), nullable=True),
        sa.Column("contact_visibility", sa.String(length=12), nullable=False, server_default="after_award"),
        sa.Column("insurance_policy", sa.String(length=60), nullable=False, server_default=""),
        sa.Column("is_offer_required", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("negotiable_settlement", sa.String(length=16), nullable=False, server_default="at_award"),
        sa.Column("price_tiers", Json(), nullable=False, server_default="[]"),
        sa.Column("is_frozen_by_batch", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("improvement", Json(), nullable=True),
    ),
    "application": (sa.Column("distance_m", sa.Integer(), nullable=True),),
    "engagement": (
        sa.Column("terms_version", sa.Integer(), nullable=False, server_default="1"),
        sa.Column("terms", Json(), nullable=True),
        sa.Column("check_in_m", sa.Integer(), nullable=True),
    ),
    "deliverable": (
        sa.Column("location", Json(), nullable=True),
        sa.Column("note", Json(), nullable=True),
    ),
    "acceptance_record": (sa.Column("evidence", Json(), nullable=False, server_default="[]"),),
}


_INDEXES = {
    "ix_application_task_id_state": ("application", ["task_id", "state"]),
    "ix_engagement_task_id_is_started": ("engagement", ["task_id", "is_started"]),
}


def upgrade() -> None:
    for table, columns in _ADDED.items():
        for column in columns:
            op.add_column(table, column)
    for name, (table, columns_) in _INDEXES.items():
        op.create_index(name, table, columns_)


def downgrade() -> None:
    for name, (table, _) in _INDEXES.items():
        op.drop_index(name, table)
    for table, columns in reversed(_ADDED.items()):
        for column in columns:
            op.drop_column(table, column.name)
