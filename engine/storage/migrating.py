"""Tables of migrations: running cases that go over to another version of their process."""

from sqlalchemy import Column, ForeignKey, Index, Integer, LargeBinary, String, Table

from engine.storage.columns import Id, Instant, Json, metadata

migration = Table(
    "migration",
    metadata,
    Column("id", Id, primary_key=True),  # the token of its form: a repeated request makes no other
    Column("process_key", String(120), nullable=False),
    Column("target_id", Id, ForeignKey("definition.id"), nullable=False),
    Column("pin_set_id", Id, ForeignKey("pin_set.id"), nullable=False),  # all versions the cases get
    Column("sources", Json, nullable=False),  # definition ids
    Column("renamed", Json, nullable=False),  # {process/element: element of the target}
    Column("filters", Json, nullable=False),  # see engine.records.migrations.Filters
    Column("state", String(12), nullable=False),  # trying, tried, running, paused, reverting, ended, cancelled
    Column("actor_id", Id, nullable=False),
    Column("acting_role", String(40), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("ended_at", Instant),
    Index("ix_migration_process_key", "process_key", "created_at"),
)
migration_item = Table(
    "migration_item",
    metadata,
    Column("migration_id", Id, ForeignKey("migration.id", ondelete="CASCADE"), primary_key=True),
    Column("instance_id", Id, ForeignKey("instance.id"), primary_key=True),
    # new, planned, chosen, migrated, skipped, failed, leaving (chosen to be reverted), reverted
    Column("state", String(12), nullable=False),
    Column("verdict", String(8)),  # clean, differs, blocked; none before the trial
    Column("reason", String(20)),  # of what is not clean, and why it was skipped, failed or stayed
    Column("process_key", String(120)),  # of the diagram the element stands in
    Column("element", String(120)),
    Column("facts", Json),  # what the words of the reason name
    Column("places", Json),  # process/element where it waited at the trial
    Column("version", Integer),  # of the instance that was tried; once migrated, that it has had since
    Column("snapshot", LargeBinary),  # what a revert brings back
    Column("changed_at", Instant, nullable=False),
    Index("ix_migration_item_state", "migration_id", "state", "instance_id", "verdict"),  # beside the snapshots
    Index("ix_migration_item_instance_id", "instance_id"),
)
# What elements of a case were called before: what was sent at them, and by whom, is kept under the former name.
former_element = Table(
    "former_element",
    metadata,
    Column("instance_id", Id, ForeignKey("instance.id"), primary_key=True),
    Column("element", String(120), primary_key=True),
    Column("former", String(120), primary_key=True),
)
