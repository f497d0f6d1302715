"""Fewer bytes per case.

The seal of a submission stands in history alone, its digest is kept as bytes, and nobody asks history for an instant.
"""

import sqlalchemy as sa
from alembic import op

from engine.storage import columns

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_history_at", table_name="history")
    if op.get_bind().dialect.name == "postgresql":
        op.drop_column("submission", "seal")
        op.alter_column("submission", "digest", type_=columns.Hex(), postgresql_using="decode(digest, 'hex')")
        return
    with op.batch_alter_table("submission") as batch_op:  # a new table: the triggers are made after all migrations
        batch_op.drop_column("seal")
        batch_op.alter_column("digest", type_=columns.Hex())
    rows = sa.table("submission", sa.column("digest", columns.Hex()))
    texts = op.get_bind().exec_driver_sql("SELECT DISTINCT CAST(digest AS TEXT) FROM submission").scalars().all()
    for text in texts:
        op.execute(rows.update().where(rows.c.digest == text.encode().hex()).values(digest=text))


def downgrade() -> None:
    """What was sealed cannot be sealed again without the keys."""
    raise RuntimeError("Expected the database of before from a copy: its seals cannot be made again")
