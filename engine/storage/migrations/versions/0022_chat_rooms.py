"""Chat rooms of orders, and the phone between their sides."""

import sqlalchemy as sa
from alembic import op

from engine.storage.columns import Hex, Instant, Json

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "chat_room",
        sa.Column("order_id", sa.String(32), nullable=False),
        sa.Column("number", sa.String(40), nullable=False),
        sa.Column("limits", Json(), nullable=False),
        sa.Column("last_seq", sa.Integer(), nullable=False),
        sa.Column("opened_at", Instant(), nullable=False),
        sa.Column("until", Instant(), nullable=True),
        sa.Column("forget_at", Instant(), nullable=True),
        sa.Column("forgotten_at", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("order_id", name="pk_chat_room"),
    )
    op.create_table(
        "chat_member",
        sa.Column("order_id", sa.String(32), nullable=False),
        sa.Column("side", sa.String(20), nullable=False),
        sa.Column("joined_seq", sa.Integer(), nullable=False),
        sa.Column("left_seq", sa.Integer(), nullable=True),
        sa.Column("party_id", sa.String(32), nullable=False),
        sa.Column("read_seq", sa.Integer(), nullable=False),
        sa.Column("read_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["order_id"], ["chat_room.order_id"], name="fk_chat_member_order_id_chat_room"),
        sa.PrimaryKeyConstraint("order_id", "side", "joined_seq", name="pk_chat_member"),
    )
    op.create_index("ix_chat_member_party_id", "chat_member", ["party_id"])
    op.create_table(
        "chat_message",
        sa.Column("order_id", sa.String(32), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("token", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("side", sa.String(20), nullable=False),
        sa.Column("author_id", sa.String(32), nullable=False),
        sa.Column("party_id", sa.String(32), nullable=False),
        sa.Column("content", Json(), nullable=True),
        sa.Column("file_id", sa.String(32), nullable=True),
        sa.Column("is_masked", sa.Integer(), nullable=False),
        sa.Column("sent_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["chat_room.order_id"], name="fk_chat_message_order_id_chat_room"),
        sa.PrimaryKeyConstraint("order_id", "seq", name="pk_chat_message"),
        sa.UniqueConstraint("order_id", "token", name="uq_chat_message_order_id_token"),
    )
    op.create_table(
        "chat_look",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("order_id", sa.String(32), nullable=False),
        sa.Column("user_id", sa.String(32), nullable=False),
        sa.Column("role", sa.String(40), nullable=False),
        sa.Column("reason", Json(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("until", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["chat_room.order_id"], name="fk_chat_look_order_id_chat_room"),
        sa.PrimaryKeyConstraint("id", name="pk_chat_look"),
    )
    op.create_index("ix_chat_look_order_id", "chat_look", ["order_id", "user_id"])
    op.create_table(
        "chat_report",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("order_id", sa.String(32), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("reporter_id", sa.String(32), nullable=False),
        sa.Column("reported_id", sa.String(32), nullable=False),
        sa.Column("digest", Hex(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["chat_room.order_id"], name="fk_chat_report_order_id_chat_room"),
        sa.PrimaryKeyConstraint("id", name="pk_chat_report"),
        sa.UniqueConstraint("order_id", "seq", "reporter_id", name="uq_chat_report_order_id_seq_reporter_id"),
    )
    op.create_index("ix_chat_report_order_id", "chat_report", ["order_id"])
    op.create_table(
        "phone_bond",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("order_id", sa.String(32), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("numbers", Json(), nullable=False),
        sa.Column("provider", sa.String(20), nullable=True),
        sa.Column("provider_ref", sa.String(80), nullable=True),
        sa.Column("number", sa.String(20), nullable=True),
        sa.Column("asked_at", Instant(), nullable=False),
        sa.Column("bound_at", Instant(), nullable=True),
        sa.Column("release_at", Instant(), nullable=True),
        sa.Column("released_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["order_id"], ["chat_room.order_id"], name="fk_phone_bond_order_id_chat_room"),
        sa.PrimaryKeyConstraint("id", name="pk_phone_bond"),
    )
    op.create_index("ix_phone_bond_order_id", "phone_bond", ["order_id"])
    op.create_table(
        "phone_call",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("bond_id", sa.String(32), nullable=False),
        sa.Column("token", sa.String(64), nullable=False),
        sa.Column("side", sa.String(20), nullable=False),
        sa.Column("outcome", sa.String(10), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("seconds", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["bond_id"], ["phone_bond.id"], name="fk_phone_call_bond_id_phone_bond"),
        sa.PrimaryKeyConstraint("id", name="pk_phone_call"),
        sa.UniqueConstraint("bond_id", "token", name="uq_phone_call_bond_id_token"),
    )
    op.create_table(
        "phone_rules",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("rules", Json(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_phone_rules"),
    )
    op.create_table(
        "simulated_bond",
        sa.Column("key", sa.String(80), nullable=False),
        sa.Column("number", sa.String(20), nullable=False),
        sa.Column("requests", sa.Integer(), nullable=False),
        sa.Column("ready_at", Instant(), nullable=False),
        sa.Column("ends_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_simulated_bond"),
    )


def downgrade() -> None:
    for table in (
        *("simulated_bond", "phone_rules", "phone_call", "phone_bond"),
        *("chat_report", "chat_look", "chat_message", "chat_member", "chat_room"),
    ):
        op.drop_table(table)
