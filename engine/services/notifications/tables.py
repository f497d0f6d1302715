"""Tables of the notifications."""

from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    ForeignKey,
    Index,
    Integer,
    ScalarSelect,
    String,
    Table,
    Text,
    UniqueConstraint,
    func,
    select,
    text,
)

from engine.storage.columns import Id, Instant, Json, metadata

_IS_UNREAD = text("read_at IS NULL AND withdrawn_at IS NULL")
_IS_QUEUED = text("state = 'queued'")

# What one person is told of one thing. It is shown in the browser whatever other channels do.
notification = Table(
    "notification",
    metadata,
    Column("id", Id, primary_key=True),
    Column("key", String(200), nullable=False, unique=True),  # what is told twice under one key is told once
    Column("user_id", Id, ForeignKey("user_account.id"), nullable=False),
    Column("template", String(40), nullable=False),
    Column("facts", Json, nullable=False),  # what the template names
    Column("actions", Json, nullable=False),  # [{"key": of its text, "path": signed link}]
    Column("subject", String(80), nullable=False),  # what it is about: withdrawn together
    Column("path", String(200), nullable=False),  # the page that shows it
    Column("is_urgent", Integer, nullable=False),  # quiet hours and digests do not hold it
    Column("created_at", Instant, nullable=False),
    Column("delivered_at", Instant),  # first shown in the browser
    Column("read_at", Instant),
    Column("withdrawn_at", Instant),
    Column("fallback", String(12)),  # the channel to take when no other brought it by `fallback_at`
    Column("fallback_at", Instant, index=True),
    Index("ix_notification_user_id", "user_id", "id"),
    Index("ix_notification_subject", "subject"),
    Index("ix_notification_unread", "user_id", sqlite_where=_IS_UNREAD, postgresql_where=_IS_UNREAD),
)
# One notification on its way through one channel that leaves the machine.
delivery = Table(
    "delivery",
    metadata,
    Column("id", Id, primary_key=True),  # names the message to the receiver, so that one sent again is known
    Column("notification_id", Id, ForeignKey("notification.id"), nullable=False),
    Column("channel", String(12), nullable=False),
    Column("state", String(12), nullable=False),  # queued, sent, delivered, failed, withdrawn
    Column("is_digest", Integer, nullable=False),  # one message with all others of this person that are due then
    Column("due_at", Instant, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("sent_at", Instant),
    Column("error", Text),
    UniqueConstraint("notification_id", "channel"),
    Index("ix_delivery_queued", "channel", "due_at", "id", sqlite_where=_IS_QUEUED, postgresql_where=_IS_QUEUED),
)
# Where a person wants to be told besides the browser.
notification_address = Table(
    "notification_address",
    metadata,
    Column("user_id", Id, ForeignKey("user_account.id"), primary_key=True),
    Column("channel", String(12), primary_key=True),
    Column("address", Json, nullable=False),  # sealed under the person's key
    Column("is_digest", Integer, nullable=False),
)
# When a person does not want to be told by these, and when his digests come: wall clock of the platform.
notification_hours = Table(
    "notification_hours",
    metadata,
    Column("user_id", Id, ForeignKey("user_account.id"), primary_key=True),
    Column("quiet_from", String(5), nullable=False),
    Column("quiet_until", String(5), nullable=False),
    Column("digest_at", String(5), nullable=False),
)
# What would have left the machine if a channel were set up: operators read it. Signed links are left out.
outbox_message = Table(
    "outbox_message",
    metadata,
    Column("delivery_id", Id, ForeignKey("delivery.id"), primary_key=True),
    Column("channel", String(12), nullable=False),
    Column("user_id", Id, nullable=False),
    Column("title", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("written_at", Instant, nullable=False, index=True),
)


def count_unread(user_id: ColumnElement[Any]) -> ScalarSelect[int]:
    """How many notifications a person has not opened; for a statement that says who he is."""
    counting = select(func.count()).select_from(notification).where(notification.c.user_id == user_id)
    return counting.where(notification.c.read_at.is_(None), notification.c.withdrawn_at.is_(None)).scalar_subquery()
