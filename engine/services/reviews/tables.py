"""Tables of the reviews. What was decided is never changed: a review is what its records say."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, String, Table

from engine.storage.columns import APPEND_ONLY, Id, Instant, Json, metadata

review = Table(
    "review",
    metadata,
    Column("id", Id, primary_key=True),
    Column("instance_id", Id, nullable=False, index=True),
    Column("subject_type", String(24), nullable=False),  # content, undertaker, deliverable, qualification, result
    Column("subject_id", Id, nullable=False),
    Column("submitter_id", Id, nullable=False, index=True),
    Column("amount_fen", BigInteger, nullable=False),
    Column("opened_at", Instant, nullable=False),
    Index("ix_review_subject_id_subject_type", "subject_id", "subject_type"),
    info=APPEND_ONLY,
)
# Each decision on a review, by a person or by the platform itself. Notes are vault references: `note` is for the
# other side to read, `note_internal` for reviewers alone.
review_record = Table(
    "review_record",
    metadata,
    Column("id", Id, primary_key=True),
    Column("review_id", Id, ForeignKey("review.id"), nullable=False, index=True),
    Column("element", String(120), nullable=False),  # where in the diagram
    Column("actor_id", Id, nullable=False),  # the reviewer, or the submitter of a correction or appeal
    Column("role", String(40), nullable=False),
    Column("skill", String(24), nullable=False),  # what the task asked for besides the role
    Column("outcome", String(16), nullable=False),  # see topics.py
    Column("reason_codes", Json, nullable=False),
    Column("note", Json),
    Column("note_internal", Json),
    Column("checklist", Json),
    Column("at", Instant, nullable=False),
    info=APPEND_ONLY,
)
# Who was reminded of which open task, so that the inbox can say so.
reminder = Table(
    "reminder",
    metadata,
    Column("id", Id, primary_key=True),
    Column("instance_id", Id, nullable=False, index=True),
    Column("task_id", Id, nullable=False, index=True),
    Column("element", String(120), nullable=False),
    Column("addressee_kind", String(8), nullable=False),  # user, party, member, group
    Column("addressee", String(80), nullable=False),
    Column("at", Instant, nullable=False),
    Index("ix_reminder_addressee", "addressee_kind", "addressee"),
    info=APPEND_ONLY,
)
