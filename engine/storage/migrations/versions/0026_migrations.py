"""Migrations of running cases: plans, their cases, and what elements were called before."""

import sqlalchemy as sa
from alembic import op

from engine.storage.columns import Instant, Json

revision = "0026"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "migration",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("process_key", sa.String(120), nullable=False),
        sa.Column("target_id", sa.String(32), nullable=False),
        sa.Column("pin_set_id", sa.String(32), nullable=False),
        sa.Column("sources", Json(), nullable=False),
        sa.Column("renamed", Json(), nullable=False),
        sa.Column("filters", Json(), nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("actor_id", sa.String(32), nullable=False),
        sa.Column("acting_role", sa.String(40), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("ended_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["target_id"], ["definition.id"], name="fk_migration_target_id_definition"),
        sa.ForeignKeyConstraint(["pin_set_id"], ["pin_set.id"], name="fk_migration_pin_set_id_pin_set"),
        sa.PrimaryKeyConstraint("id", name="pk_migration"),
    )
    op.create_index("ix_migration_process_key", "migration", ["process_key", "created_at"])
    op.create_table(
        "migration_item",
        sa.Column("migration_id", sa.String(32), nullable=False),
        sa.Column("instance_id", sa.String(32), nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("verdict", sa.String(8), nullable=True),
        sa.Column("reason", sa.String(20), nullable=True),
        sa.Column("process_key", sa.String(120), nullable=True),
        sa.Column("element", sa.String(120), nullable=True),
        sa.Column("facts", Json(), nullable=True),
        sa.Column("places", Json(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=True),
        sa.Column("snapshot", sa.LargeBinary(), nullable=True),
        sa.Column("changed_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["migration_id"], ["migration.id"], name="fk_migration_item_migration_id_migration", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["instance_id"], ["instance.id"], name="fk_migration_item_instance_id_instance"),
        sa.PrimaryKeyConstraint("migration_id", "instance_id", name="pk_migration_item"),
    )
    columns = ["migration_id", "state", "instance_id", "verdict"]
    op.create_index("ix_migration_item_state", "migration_item", columns)
    op.create_index("ix_migration_item_instance_id", "migration_item", ["instance_id"])
    op.create_table(
        "former_element",
        sa.Column("instance_id", sa.String(32), nullable=False),
        sa.Column("element", sa.String(120), nullable=False),
        sa.Column("former", sa.String(120), nullable=False),
        sa.ForeignKeyConstraint(["instance_id"], ["instance.id"], name="fk_former_element_instance_id_instance"),
        sa.PrimaryKeyConstraint("instance_id", "element", "former", name="pk_former_element"),
    )


def downgrade() -> None:
    for table in ("former_element", "migration_item", "migration"):
        op.drop_table(table)
