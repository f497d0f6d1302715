"""Tables of the to-do items."""

from sqlalchemy import Column, ForeignKey, Index, Integer, String, Table, Text, UniqueConstraint, text

from engine.storage.columns import APPEND_ONLY, Id, Instant, Json, metadata

_IS_PLANNED = text("state = 'planned'")
_IS_OPEN = text("closed_at IS NULL")

todo_item = Table(
    "todo_item",
    metadata,
    Column("id", Id, primary_key=True),
    Column("number", String(20), nullable=False, unique=True),
    Column("source_id", Id, nullable=False),  # token of the system it comes from, else empty
    Column("external_id", String(100), nullable=False),  # its id there, else its own
    Column("version", Integer, nullable=False),  # 0: its first change waits for review
    Column("state", String(16), nullable=False),  # pending, active, deleted
    Column("title", String(100), nullable=False),
    Column("content", Json, nullable=False),  # see `content.py`
    Column("occurrences", Integer, nullable=False),  # how many there have been
    Column("created_by", Id, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    UniqueConstraint("source_id", "external_id"),
)
# Every version that took effect: what, by whom, approved by whom.
todo_version = Table(
    "todo_version",
    metadata,
    Column("item_id", Id, ForeignKey("todo_item.id"), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("kind", String(12), nullable=False),  # add, modify, handlers, delete
    Column("content", Json, nullable=False),
    Column("maker_id", Id, nullable=False),
    Column("reviewer_id", Id),  # none where the table asks for no review
    Column("at", Instant, nullable=False),
    info=APPEND_ONLY,
)
todo_change = Table(
    "todo_change",
    metadata,
    Column("id", Id, primary_key=True),  # of its case
    Column("item_id", Id, ForeignKey("todo_item.id"), nullable=False, index=True),
    Column("open_item_id", Id, unique=True),  # the item, while the change is open: one at a time
    Column("kind", String(12), nullable=False),
    Column("base_version", Integer, nullable=False),
    Column("content", Json, nullable=False),
    Column("state", String(12), nullable=False),  # draft, in_review, applied, rejected, dropped
    Column("maker_id", Id, nullable=False),
    Column("made_at", Instant, nullable=False),
    Column("ended_at", Instant),
)
# One occurrence of an item with those who have it to do: with each of them one of his own, or one for all.
todo_handling = Table(
    "todo_handling",
    metadata,
    Column("id", Id, primary_key=True),
    Column("item_id", Id, ForeignKey("todo_item.id"), nullable=False),
    Column("occurrence", Integer, nullable=False),
    Column("number", String(30), nullable=False),
    Column("item_version", Integer, nullable=False),  # as it was shown last
    Column("instance_id", Id, index=True),  # none until its case has begun
    Column("state", String(16), nullable=False),  # see `states.py`
    Column("handlers", Json, nullable=False),  # user ids of those who have it now
    Column("chain", Json, nullable=False),  # user ids of those who held it, in order, transfers accepted
    Column("due_at", Instant),
    Column("level", Integer, nullable=False),  # of escalation, 0 to 3
    Column("result", Json),  # what the handler gave
    Column("handled_by", Id),
    Column("activated_at", Instant, nullable=False),
    Column("closed_at", Instant),
    Index("ix_todo_handling_item_id", "item_id", "occurrence"),
    Index("ix_todo_handling_open", "due_at", "id", sqlite_where=_IS_OPEN, postgresql_where=_IS_OPEN),
)
# When somebody is to be reminded or an item escalates: planned by rule, calendar and quiet hours, to the minute.
todo_reminder = Table(
    "todo_reminder",
    metadata,
    Column("id", Id, primary_key=True),
    Column("handling_id", Id, ForeignKey("todo_handling.id"), nullable=False, index=True),
    Column("template", String(40), nullable=False),
    Column("channels", Json, nullable=False),
    Column("only_if", String(8), nullable=False),  # open, unread
    Column("level", Integer, nullable=False),  # of escalation; 0: a reminder
    Column("due_at", Instant, nullable=False),
    Column("state", String(10), nullable=False),  # planned, sent, skipped, cancelled
    Index("ix_todo_reminder_planned", "due_at", "id", sqlite_where=_IS_PLANNED, postgresql_where=_IS_PLANNED),
)
todo_transfer = Table(
    "todo_transfer",
    metadata,
    Column("id", Id, primary_key=True),
    Column("handling_id", Id, ForeignKey("todo_handling.id"), nullable=False, index=True),
    Column("from_id", Id, nullable=False),
    Column("to_id", Id, nullable=False),
    Column("reason", Text, nullable=False),
    Column("is_kept_informed", Integer, nullable=False),
    Column("state", String(10), nullable=False),  # offered, accepted, silent, declined
    Column("note", Text, nullable=False),  # why it was declined
    Column("offered_at", Instant, nullable=False),
    Column("answered_at", Instant),
)
todo_exception = Table(
    "todo_exception",
    metadata,
    Column("id", Id, primary_key=True),
    Column("handling_id", Id, ForeignKey("todo_handling.id"), nullable=False, index=True),
    Column("event_type", String(40), nullable=False),
    Column("severity", String(4), nullable=False),  # P1, P2, P3
    Column("owner_group", String(40), nullable=False),
    Column("distribution", Json, nullable=False),  # roles it was shared with
    Column("is_paused", Integer, nullable=False),
    Column("description", Text, nullable=False),
    Column("proposed_action", Text, nullable=False),
    Column("occurred_at", Instant, nullable=False),
    Column("filed_by", Id, nullable=False),
    Column("filed_at", Instant, nullable=False),
    Column("outcome", String(10)),  # resume, handled, repair
    Column("resolution", Text),
    Column("closed_at", Instant, index=True),
)
todo_absence = Table(
    "todo_absence",
    metadata,
    Column("id", Id, primary_key=True),  # the token of its form: a repeated request writes nothing
    Column("user_id", Id, ForeignKey("user_account.id"), nullable=False, index=True),
    Column("substitute_id", Id, ForeignKey("user_account.id"), nullable=False),
    Column("from_at", Instant, nullable=False),
    Column("until_at", Instant, nullable=False),
    Column("entered_by", Id, nullable=False),
    Column("ended_at", Instant),  # called off
)
