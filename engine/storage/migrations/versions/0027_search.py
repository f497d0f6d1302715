"""Search that does not depend on how many cases there are: grams of texts, and indexes in the order of the lists."""

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

from engine.storage.columns import Id

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

CHUNK = 2_000
_PARTIAL = (
    ("ix_instance_due", "instance", ["next_due_at"], "next_due_at IS NOT NULL"),
    ("ix_instance_status", "instance", ["status", "id"], "status <> 'completed'"),
    ("ix_incident_open", "incident", ["instance_id"], "resolved_at IS NULL"),
)
_WHOLE = (
    ("ix_instance_definition_id", "instance", ["definition_id", "status"]),
    ("ix_instance_process_key_status", "instance", ["process_key", "status", "id"]),
    ("ix_instance_party_party_id", "instance_party", ["party_id", "instance_id"]),
    ("ix_task_element", "task", ["element", "instance_id"]),
)
_REPLACED = (
    ("ix_instance_due", "instance", ["next_due_at"]),
    ("ix_instance_process_key_status", "instance", ["process_key", "status"]),
    ("ix_instance_party_party_id", "instance_party", ["party_id"]),
)


def upgrade() -> None:
    op.create_index("ix_instance_moment", "instance", [sa.text("substr(id, 1, 16)")])
    for name, table, _ in _REPLACED:
        op.drop_index(name, table)
    for name, table, columns in _WHOLE:
        op.create_index(name, table, columns)
    for name, table, columns, where in _PARTIAL:
        op.create_index(name, table, columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))
    for name, key in (("case_gram", sa.Column("moment", sa.BigInteger())), ("party_gram", sa.Column("party_id", Id))):
        op.create_table(
            name,
            sa.Column("gram", sa.BigInteger(), autoincrement=False, nullable=False),
            sa.Column(key.name, key.type, autoincrement=False, nullable=False),
            sa.PrimaryKeyConstraint("gram", key.name, name=f"pk_{name}"),
            sqlite_with_rowid=False,
        )
    _index_what_is_there()


def downgrade() -> None:
    op.drop_index("ix_instance_moment", "instance")
    for name in ("case_gram", "party_gram"):
        op.drop_table(name)
    for name, table, *_ in (*_PARTIAL, *_WHOLE):
        op.drop_index(name, table)
    for name, table, columns in _REPLACED:
        op.create_index(name, table, columns)


def _index_what_is_there() -> None:
    from engine.storage.grams import add_case_grams, add_party_grams  # as it packs today

    connection = op.get_bind()
    for row in _read(connection, "instance", "business_key", "subject_zh", "subject_en"):
        add_case_grams(connection, row.id, [], [row.business_key, row.subject_zh, row.subject_en])
    for row in _read(connection, "party", "name_zh", "name_en"):
        add_party_grams(connection, row.id, row.name_zh, row.name_en)


def _read(connection: sa.Connection, name: str, *columns: str) -> Iterator[Any]:
    """Rows in the order of their ids, some thousands at a time."""
    table, last = sa.table(name, sa.column("id", sa.String()), *(sa.column(one) for one in columns)), ""
    while True:
        query = sa.select(table).where(table.c.id > last).order_by(table.c.id).limit(CHUNK)
        rows = connection.execute(query).all()
        yield from rows
        if len(rows) < CHUNK:
            return
        last = rows[-1].id
