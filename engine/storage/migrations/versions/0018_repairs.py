"""Repair orders: lines, teams, what members send, photos, merged reports, dissent, verdicts."""

import sqlalchemy as sa
from alembic import op

from engine.storage.columns import Hex, Instant, Json

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "repair_order",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("number", sa.String(length=20), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("source", sa.String(length=10), nullable=False),
        sa.Column("source_ref", sa.String(length=100), nullable=False),
        sa.Column("customer_id", sa.String(length=32), nullable=True),
        sa.Column("title", sa.String(length=100), nullable=False),
        sa.Column("content", Json(), nullable=False),
        sa.Column("is_daily", sa.Integer(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("is_warranty", sa.Integer(), nullable=False),
        sa.Column("due_at", Instant(), nullable=False),
        sa.Column("created_by", sa.String(length=32), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("closed_at", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_repair_order")),
        sa.UniqueConstraint("number", name=op.f("uq_repair_order_number")),
    )
    op.create_index(op.f("ix_repair_order_customer_id"), "repair_order", ["customer_id"], unique=False)
    op.create_index(op.f("ix_repair_order_state"), "repair_order", ["state"], unique=False)
    op.create_table(
        "repair_decision",
        sa.Column("order_id", sa.String(length=32), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("content", Json(), nullable=False),
        sa.Column("made_by", sa.String(length=32), nullable=False),
        sa.Column("made_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["order_id"], ["repair_order.id"], name=op.f("fk_repair_decision_order_id_repair_order")
        ),
        sa.PrimaryKeyConstraint("order_id", "version", name=op.f("pk_repair_decision")),
        info={"append_only": True},
    )
    op.create_table(
        "repair_line",
        sa.Column("order_id", sa.String(length=32), nullable=False),
        sa.Column("key", sa.String(length=4), nullable=False),
        sa.Column("system", sa.String(length=100), nullable=False),
        sa.Column("equipment", sa.String(length=100), nullable=False),
        sa.Column("symptom", sa.Text(), nullable=False),
        sa.Column("priority", sa.String(length=8), nullable=False),
        sa.Column("owners", Json(), nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["repair_order.id"], name=op.f("fk_repair_line_order_id_repair_order")),
        sa.PrimaryKeyConstraint("order_id", "key", name=op.f("pk_repair_line")),
    )
    op.create_table(
        "repair_member",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("order_id", sa.String(length=32), nullable=False),
        sa.Column("user_id", sa.String(length=32), nullable=False),
        sa.Column("role", sa.String(length=10), nullable=False),
        sa.Column("is_deputy", sa.Integer(), nullable=False),
        sa.Column("appointed_at", Instant(), nullable=True),
        sa.Column("joined_at", Instant(), nullable=False),
        sa.Column("left_at", Instant(), nullable=True),
        sa.Column("left_reason", sa.Text(), nullable=True),
        sa.Column("successor_id", sa.String(length=32), nullable=True),
        sa.ForeignKeyConstraint(["order_id"], ["repair_order.id"], name=op.f("fk_repair_member_order_id_repair_order")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_repair_member")),
    )
    op.create_index(op.f("ix_repair_member_order_id"), "repair_member", ["order_id"], unique=False)
    op.create_index(op.f("ix_repair_member_user_id"), "repair_member", ["user_id"], unique=False)
    op.create_table(
        "repair_report",
        sa.Column("order_id", sa.String(length=32), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("sha256", Hex(), nullable=False),
        sa.Column("made_by", sa.String(length=32), nullable=False),
        sa.Column("made_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["repair_order.id"], name=op.f("fk_repair_report_order_id_repair_order")),
        sa.PrimaryKeyConstraint("order_id", "version", name=op.f("pk_repair_report")),
        info={"append_only": True},
    )
    op.create_table(
        "repair_verdict",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("order_id", sa.String(length=32), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("verdict", sa.String(length=10), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("signature", Json(), nullable=True),
        sa.Column("by_id", sa.String(length=32), nullable=True),
        sa.Column("at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["order_id"], ["repair_order.id"], name=op.f("fk_repair_verdict_order_id_repair_order")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_repair_verdict")),
        info={"append_only": True},
    )
    op.create_index(op.f("ix_repair_verdict_order_id"), "repair_verdict", ["order_id"], unique=False)
    op.create_table(
        "repair_turn",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("order_id", sa.String(length=32), nullable=False),
        sa.Column("member_id", sa.String(length=32), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("info_state", sa.String(length=10), nullable=False),
        sa.Column("question", sa.Text(), nullable=True),
        sa.Column("close_reason", sa.Text(), nullable=True),
        sa.Column("photos_state", sa.String(length=10), nullable=False),
        sa.Column("no_photo_reason", sa.Text(), nullable=True),
        sa.Column("answer", sa.String(length=10), nullable=True),
        sa.ForeignKeyConstraint(
            ["member_id"], ["repair_member.id"], name=op.f("fk_repair_turn_member_id_repair_member")
        ),
        sa.ForeignKeyConstraint(["order_id"], ["repair_order.id"], name=op.f("fk_repair_turn_order_id_repair_order")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_repair_turn")),
        sa.UniqueConstraint("order_id", "round", "member_id", name=op.f("uq_repair_turn_order_id_round_member_id")),
    )
    op.create_table(
        "repair_dissent",
        sa.Column("turn_id", sa.String(length=32), nullable=False),
        sa.Column("order_id", sa.String(length=32), nullable=False),
        sa.Column("member_id", sa.String(length=32), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["member_id"], ["repair_member.id"], name=op.f("fk_repair_dissent_member_id_repair_member")
        ),
        sa.ForeignKeyConstraint(
            ["order_id"], ["repair_order.id"], name=op.f("fk_repair_dissent_order_id_repair_order")
        ),
        sa.ForeignKeyConstraint(["turn_id"], ["repair_turn.id"], name=op.f("fk_repair_dissent_turn_id_repair_turn")),
        sa.PrimaryKeyConstraint("turn_id", name=op.f("pk_repair_dissent")),
        info={"append_only": True},
    )
    op.create_index(op.f("ix_repair_dissent_order_id"), "repair_dissent", ["order_id"], unique=False)
    op.create_table(
        "repair_info",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("order_id", sa.String(length=32), nullable=False),
        sa.Column("turn_id", sa.String(length=32), nullable=False),
        sa.Column("member_id", sa.String(length=32), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("content", Json(), nullable=False),
        sa.Column("is_addendum", sa.Integer(), nullable=False),
        sa.Column("is_opened", sa.Integer(), nullable=False),
        sa.Column("sent_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["member_id"], ["repair_member.id"], name=op.f("fk_repair_info_member_id_repair_member")
        ),
        sa.ForeignKeyConstraint(["order_id"], ["repair_order.id"], name=op.f("fk_repair_info_order_id_repair_order")),
        sa.ForeignKeyConstraint(["turn_id"], ["repair_turn.id"], name=op.f("fk_repair_info_turn_id_repair_turn")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_repair_info")),
        sa.UniqueConstraint("turn_id", "version", name=op.f("uq_repair_info_turn_id_version")),
    )
    op.create_index(op.f("ix_repair_info_order_id"), "repair_info", ["order_id"], unique=False)
    op.create_table(
        "repair_photo",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("order_id", sa.String(length=32), nullable=False),
        sa.Column("turn_id", sa.String(length=32), nullable=False),
        sa.Column("member_id", sa.String(length=32), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("file_id", sa.String(length=32), nullable=False),
        sa.Column("sha256", Hex(), nullable=False),
        sa.Column("line", sa.String(length=4), nullable=False),
        sa.Column("equipment", sa.String(length=100), nullable=False),
        sa.Column("stage", sa.String(length=8), nullable=False),
        sa.Column("caption", sa.Text(), nullable=False),
        sa.Column("submitted_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["file_id"], ["file.id"], name=op.f("fk_repair_photo_file_id_file")),
        sa.ForeignKeyConstraint(
            ["member_id"], ["repair_member.id"], name=op.f("fk_repair_photo_member_id_repair_member")
        ),
        sa.ForeignKeyConstraint(["order_id"], ["repair_order.id"], name=op.f("fk_repair_photo_order_id_repair_order")),
        sa.ForeignKeyConstraint(["turn_id"], ["repair_turn.id"], name=op.f("fk_repair_photo_turn_id_repair_turn")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_repair_photo")),
        sa.UniqueConstraint("file_id", name=op.f("uq_repair_photo_file_id")),
        info={"append_only": True},
    )
    op.create_index("ix_repair_photo_order_id", "repair_photo", ["order_id", "round"], unique=False)
    op.create_index(op.f("ix_repair_photo_turn_id"), "repair_photo", ["turn_id"], unique=False)
    op.create_table(
        "repair_photo_facts",
        sa.Column("photo_id", sa.String(length=32), nullable=False),
        sa.Column("content", Json(), nullable=False),
        sa.Column("examined_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["photo_id"], ["repair_photo.id"], name=op.f("fk_repair_photo_facts_photo_id_repair_photo")
        ),
        sa.PrimaryKeyConstraint("photo_id", name=op.f("pk_repair_photo_facts")),
        info={"append_only": True},
    )
