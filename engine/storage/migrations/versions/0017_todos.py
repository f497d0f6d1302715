"""To-do items: their versions and changes, handlings, reminders, transfers, exceptions, absences."""

import sqlalchemy as sa
from alembic import op

from engine.storage.columns import Instant, Json

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "todo_item",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("number", sa.String(length=20), nullable=False),
        sa.Column("source_id", sa.String(length=32), nullable=False),
        sa.Column("external_id", sa.String(length=100), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("title", sa.String(length=100), nullable=False),
        sa.Column("content", Json(), nullable=False),
        sa.Column("occurrences", sa.Integer(), nullable=False),
        sa.Column("created_by", sa.String(length=32), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_todo_item")),
        sa.UniqueConstraint("number", name=op.f("uq_todo_item_number")),
        sa.UniqueConstraint("source_id", "external_id", name=op.f("uq_todo_item_source_id_external_id")),
    )
    op.create_table(
        "todo_version",
        sa.Column("item_id", sa.String(length=32), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("content", Json(), nullable=False),
        sa.Column("maker_id", sa.String(length=32), nullable=False),
        sa.Column("reviewer_id", sa.String(length=32), nullable=True),
        sa.Column("at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["item_id"], ["todo_item.id"], name=op.f("fk_todo_version_item_id_todo_item")),
        sa.PrimaryKeyConstraint("item_id", "version", name=op.f("pk_todo_version")),
    )
    op.create_table(
        "todo_change",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("item_id", sa.String(length=32), nullable=False),
        sa.Column("open_item_id", sa.String(length=32), nullable=True),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("base_version", sa.Integer(), nullable=False),
        sa.Column("content", Json(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("maker_id", sa.String(length=32), nullable=False),
        sa.Column("made_at", Instant(), nullable=False),
        sa.Column("ended_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["item_id"], ["todo_item.id"], name=op.f("fk_todo_change_item_id_todo_item")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_todo_change")),
        sa.UniqueConstraint("open_item_id", name=op.f("uq_todo_change_open_item_id")),
    )
    op.create_index("ix_todo_change_item_id", "todo_change", ["item_id"])
    op.create_table(
        "todo_handling",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("item_id", sa.String(length=32), nullable=False),
        sa.Column("occurrence", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(length=30), nullable=False),
        sa.Column("item_version", sa.Integer(), nullable=False),
        sa.Column("instance_id", sa.String(length=32), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("handlers", Json(), nullable=False),
        sa.Column("chain", Json(), nullable=False),
        sa.Column("due_at", Instant(), nullable=True),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("result", Json(), nullable=True),
        sa.Column("handled_by", sa.String(length=32), nullable=True),
        sa.Column("activated_at", Instant(), nullable=False),
        sa.Column("closed_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["item_id"], ["todo_item.id"], name=op.f("fk_todo_handling_item_id_todo_item")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_todo_handling")),
    )
    op.create_index("ix_todo_handling_instance_id", "todo_handling", ["instance_id"])
    op.create_index("ix_todo_handling_item_id", "todo_handling", ["item_id", "occurrence"])
    op.create_index(
        "ix_todo_handling_open",
        "todo_handling",
        ["due_at", "id"],
        sqlite_where=sa.text("closed_at IS NULL"),
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_table(
        "todo_reminder",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("handling_id", sa.String(length=32), nullable=False),
        sa.Column("template", sa.String(length=40), nullable=False),
        sa.Column("channels", Json(), nullable=False),
        sa.Column("only_if", sa.String(length=8), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("due_at", Instant(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.ForeignKeyConstraint(
            ["handling_id"], ["todo_handling.id"], name=op.f("fk_todo_reminder_handling_id_todo_handling")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_todo_reminder")),
    )
    op.create_index("ix_todo_reminder_handling_id", "todo_reminder", ["handling_id"])
    op.create_index(
        "ix_todo_reminder_planned",
        "todo_reminder",
        ["due_at", "id"],
        sqlite_where=sa.text("state = 'planned'"),
        postgresql_where=sa.text("state = 'planned'"),
    )
    op.create_table(
        "todo_transfer",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("handling_id", sa.String(length=32), nullable=False),
        sa.Column("from_id", sa.String(length=32), nullable=False),
        sa.Column("to_id", sa.String(length=32), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("is_kept_informed", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("offered_at", Instant(), nullable=False),
        sa.Column("answered_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["handling_id"], ["todo_handling.id"], name=op.f("fk_todo_transfer_handling_id_todo_handling")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_todo_transfer")),
    )
    op.create_index("ix_todo_transfer_handling_id", "todo_transfer", ["handling_id"])
    op.create_table(
        "todo_exception",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("handling_id", sa.String(length=32), nullable=False),
        sa.Column("event_type", sa.String(length=40), nullable=False),
        sa.Column("severity", sa.String(length=4), nullable=False),
        sa.Column("owner_group", sa.String(length=40), nullable=False),
        sa.Column("distribution", Json(), nullable=False),
        sa.Column("is_paused", sa.Integer(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("proposed_action", sa.Text(), nullable=False),
        sa.Column("occurred_at", Instant(), nullable=False),
        sa.Column("filed_by", sa.String(length=32), nullable=False),
        sa.Column("filed_at", Instant(), nullable=False),
        sa.Column("outcome", sa.String(length=10), nullable=True),
        sa.Column("resolution", sa.Text(), nullable=True),
        sa.Column("closed_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["handling_id"], ["todo_handling.id"], name=op.f("fk_todo_exception_handling_id_todo_handling")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_todo_exception")),
    )
    op.create_index("ix_todo_exception_closed_at", "todo_exception", ["closed_at"])
    op.create_index("ix_todo_exception_handling_id", "todo_exception", ["handling_id"])
    op.create_table(
        "todo_absence",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("user_id", sa.String(length=32), nullable=False),
        sa.Column("substitute_id", sa.String(length=32), nullable=False),
        sa.Column("from_at", Instant(), nullable=False),
        sa.Column("until_at", Instant(), nullable=False),
        sa.Column("entered_by", sa.String(length=32), nullable=False),
        sa.Column("ended_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["substitute_id"], ["user_account.id"], name=op.f("fk_todo_absence_substitute_id_user_account")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_todo_absence_user_id_user_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_todo_absence")),
    )
    op.create_index("ix_todo_absence_user_id", "todo_absence", ["user_id"])
