"""Tasks in the order of every list, for whoever they are offered to."""

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

from engine.storage.columns import Instant

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

CHUNK = 2_000
_COLUMNS: dict[str, sa.types.TypeEngine[Any]] = {
    "due_at": Instant(),
    "priority": sa.Integer(),
    "process_key": sa.String(120),
    "skill": sa.String(40),
    "moment": sa.BigInteger(),
}
_EMPTY = {"skill"}  # of most
_TOLD = ("process_key", "skill", "moment")
_INDEXES = {
    "ix_task_candidate_by_due": ["value", "kind", "due_at", "task_id", *_TOLD, "priority"],
    "ix_task_candidate_by_priority": ["value", "kind", "priority", "task_id", *_TOLD, "due_at"],
    "ix_task_candidate_by_age": ["value", "kind", "task_id", *_TOLD, "priority", "due_at"],
    "ix_task_candidate_moment": ["moment"],
}
_FORMER = {"ix_task_due_at": ["due_at", "id"], "ix_task_priority": ["priority", "id"]}
_ALONE = {"resolve_fks": False}  # other tables are not looked at
_FORMER_CANDIDATE = "ix_task_candidate_value_kind"


def upgrade() -> None:
    for name, type_ in _COLUMNS.items():
        op.add_column("task_candidate", sa.Column(name, type_))
    _describe_what_is_there()
    with op.batch_alter_table("task_candidate", reflect_kwargs=_ALONE) as batch:
        for name, type_ in _COLUMNS.items():
            batch.alter_column(name, existing_type=type_, nullable=name in _EMPTY)
        batch.drop_index(_FORMER_CANDIDATE)
    for name, columns in _INDEXES.items():
        op.create_index(name, "task_candidate", columns)
    for name in _FORMER:
        op.drop_index(name, "task")


def downgrade() -> None:
    for name in _INDEXES:
        op.drop_index(name, "task_candidate")
    with op.batch_alter_table("task_candidate", reflect_kwargs=_ALONE) as batch:
        for name in _COLUMNS:
            batch.drop_column(name)
    op.create_index(_FORMER_CANDIDATE, "task_candidate", ["value", "kind"])
    for name, columns in _FORMER.items():
        op.create_index(name, "task", columns)


def _describe_what_is_there() -> None:
    from engine.storage.columns import EPOCH, NEVER  # as they are today
    from engine.storage.ids import moment_of

    connection, never = op.get_bind(), (NEVER - EPOCH).total_seconds() * 1_000_000
    change = sa.text(
        "UPDATE task_candidate SET due_at = :due_at, priority = :priority, process_key = :process_key, "
        "skill = :skill, moment = :moment WHERE task_id = :task_id"
    )
    for rows in _read_tasks(connection):
        connection.execute(
            change,
            [
                {
                    "task_id": row.id,
                    "due_at": int(never) if row.due_at is None else row.due_at,
                    "priority": row.priority,
                    "process_key": row.process_key,
                    "skill": row.skill,
                    "moment": moment_of(row.instance_id),
                }
                for row in rows
            ],
        )


def _read_tasks(connection: sa.Connection) -> Iterator[list[Any]]:
    """Open tasks in the order of their ids, some thousands at a time."""
    query = sa.text(
        "SELECT task.id, task.instance_id, task.due_at, task.priority, task.skill, instance.process_key "
        "FROM task JOIN instance ON instance.id = task.instance_id WHERE task.id > :last ORDER BY task.id LIMIT :chunk"
    )
    last = ""
    while rows := list(connection.execute(query, {"last": last, "chunk": CHUNK})):
        yield rows
        last = rows[-1].id
