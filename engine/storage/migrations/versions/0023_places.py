"""Places and tracking: how the embedded route provider behaves, and where couriers went."""

import sqlalchemy as sa
from alembic import op

from engine.storage.columns import Instant, Json

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "route_rules",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("rules", Json(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_route_rules"),
    )
    op.create_table(
        "saved_place",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("party_id", sa.String(32), nullable=False),
        sa.Column("address", Json(), nullable=False),
        sa.Column("address_index", sa.String(64), nullable=False),
        sa.Column("used_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_saved_place"),
        sa.UniqueConstraint("party_id", "address_index", name="uq_saved_place_party_id_address_index"),
    )
    op.create_table(
        "track",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("order_id", sa.String(32), nullable=False),
        sa.Column("courier_id", sa.String(32), nullable=False),
        sa.Column("requester_id", sa.String(32), nullable=False),
        sa.Column("vehicle", sa.String(16), nullable=False),
        sa.Column("stage", sa.String(12), nullable=False),
        sa.Column("outcome", sa.String(24), nullable=True),
        sa.Column("pickup", Json(), nullable=True),
        sa.Column("dropoff", Json(), nullable=True),
        sa.Column("routes", Json(), nullable=False, server_default="[]"),
        sa.Column("asked_at", Instant(), nullable=True),
        sa.Column("opened_at", Instant(), nullable=False),
        sa.Column("closed_at", Instant(), nullable=True),
        sa.Column("last_lat", sa.Integer(), nullable=True),
        sa.Column("last_lng", sa.Integer(), nullable=True),
        sa.Column("last_at", Instant(), nullable=True),
        sa.Column("shown_lat", sa.Integer(), nullable=True),
        sa.Column("shown_lng", sa.Integer(), nullable=True),
        sa.Column("shown_at", Instant(), nullable=True),
        sa.Column("shown_bearing", sa.Integer(), nullable=True),
        sa.Column("told_at", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_track"),
    )
    op.create_index("ix_track_order_id", "track", ["order_id"])
    op.create_index("ix_track_courier_id_closed_at", "track", ["courier_id", "closed_at"])
    op.create_index(
        "uq_track_open",
        "track",
        ["order_id"],
        unique=True,
        sqlite_where=sa.text("closed_at IS NULL"),
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_table(
        "position",
        sa.Column("track_id", sa.String(32), nullable=False),
        sa.Column("token", sa.BigInteger(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("lat", sa.Integer(), nullable=False),
        sa.Column("lng", sa.Integer(), nullable=False),
        sa.Column("accuracy_m", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["track_id"], ["track.id"], name="fk_position_track_id_track"),
        sa.PrimaryKeyConstraint("track_id", "token", name="pk_position"),
    )


def downgrade() -> None:
    for name in ("position", "track", "saved_place"):
        op.drop_table(name)
    op.drop_table("route_rules")
