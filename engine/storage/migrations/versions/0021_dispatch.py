"""Couriers, where they are, and the offers of errands."""

import sqlalchemy as sa
from alembic import op

from engine.storage.columns import Instant, Json

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "courier",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("range_m", sa.Integer(), nullable=False),
        sa.Column("categories", Json(), nullable=False),
        sa.Column("vehicle", sa.String(12), nullable=False),
        sa.Column("courier_class", sa.String(12), nullable=False),
        sa.Column("on_duty_since", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["id"], ["user_account.id"], name="fk_courier_id_user_account"),
        sa.PrimaryKeyConstraint("id", name="pk_courier"),
    )
    op.create_table(
        "courier_place",
        sa.Column("courier_id", sa.String(32), nullable=False),
        sa.Column("courier_class", sa.String(12), nullable=False),
        sa.Column("range_m", sa.BigInteger(), nullable=False),
        sa.Column("lat", sa.BigInteger(), nullable=False),
        sa.Column("lng", sa.BigInteger(), nullable=False),
        sa.Column("cell_9", sa.BigInteger(), nullable=False),
        sa.Column("cell_8", sa.BigInteger(), nullable=False),
        sa.Column("cell_7", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["courier_id"], ["courier.id"], name="fk_courier_place_courier_id_courier"),
        sa.PrimaryKeyConstraint("courier_id", name="pk_courier_place"),
    )
    for cell in ("cell_9", "cell_8", "cell_7"):
        columns = ["courier_class", cell, "range_m", "lat", "lng", "courier_id"]
        op.create_index(f"ix_courier_place_{cell}", "courier_place", columns)
    _create_offers()


def _create_offers() -> None:
    op.create_table(
        "errand_offer",
        sa.Column("order_id", sa.String(32), nullable=False),
        sa.Column("number", sa.String(40), nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("lock_version", sa.Integer(), nullable=False),
        sa.Column("requester_id", sa.String(32), nullable=False),
        sa.Column("taker_id", sa.String(32), nullable=True),
        sa.Column("order_class", sa.String(12), nullable=False),
        sa.Column("category", sa.String(20), nullable=False),
        sa.Column("fee_fen", sa.BigInteger(), nullable=False),
        sa.Column("tip_fen", sa.BigInteger(), nullable=False),
        sa.Column("distance_m", sa.Integer(), nullable=True),
        sa.Column("weight_g", sa.Integer(), nullable=False),
        sa.Column("is_dedicated", sa.Integer(), nullable=False),
        sa.Column("open_limit", sa.Integer(), nullable=False),
        sa.Column("scheduled_at", Instant(), nullable=True),
        sa.Column("range_m", sa.BigInteger(), nullable=False),
        sa.Column("widen_count", sa.Integer(), nullable=False),
        sa.Column("lat", sa.BigInteger(), nullable=True),
        sa.Column("lng", sa.BigInteger(), nullable=True),
        sa.Column("cell_7", sa.BigInteger(), nullable=True),
        sa.Column("pickup_area", Json(), nullable=True),
        sa.Column("dropoff_area", Json(), nullable=True),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("opened_at", Instant(), nullable=False),
        sa.Column("taken_at", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("order_id", name="pk_errand_offer"),
    )
    for name, column, state in (
        ("ix_errand_offer_open", "cell_7", "open"),
        ("ix_errand_offer_taker_id", "taker_id", "taken"),
    ):
        where = sa.text(f"state = '{state}'")
        op.create_index(name, "errand_offer", [column], sqlite_where=where, postgresql_where=where)
    op.create_table(
        "errand_push",
        sa.Column("order_id", sa.String(32), nullable=False),
        sa.Column("courier_id", sa.String(32), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("pushed_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["errand_offer.order_id"], name="fk_errand_push_order_id_errand_offer"),
        sa.PrimaryKeyConstraint("order_id", "courier_id", name="pk_errand_push"),
    )
    op.create_index("ix_errand_push_courier_id", "errand_push", ["courier_id"])
    op.create_table(
        "errand_exclusion",
        sa.Column("order_id", sa.String(32), nullable=False),
        sa.Column("courier_id", sa.String(32), nullable=False),
        sa.Column("reason", sa.String(12), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["order_id"], ["errand_offer.order_id"], name="fk_errand_exclusion_order_id_errand_offer"
        ),
        sa.PrimaryKeyConstraint("order_id", "courier_id", name="pk_errand_exclusion"),
    )


def downgrade() -> None:
    for table in ("errand_exclusion", "errand_push", "errand_offer", "courier_place", "courier"):
        op.drop_table(table)
