"""The table of the ratings."""

from sqlalchemy import Column, Index, Integer, Table, UniqueConstraint

from engine.storage.columns import Id, Instant, Json, metadata

rating = Table(
    "rating",
    metadata,
    Column("id", Id, primary_key=True),
    Column("subject_id", Id, nullable=False),  # the order, engagement ... both took part in
    Column("instance_id", Id, nullable=False, index=True),
    Column("rater_id", Id, nullable=False),  # parties
    Column("ratee_id", Id, nullable=False),
    Column("given_by", Id, nullable=False),  # the person who acted for the rater
    Column("stars", Integer, nullable=False),  # 1 to 5
    Column("tags", Json, nullable=False),
    # vault references under the rater
    Column("comment", Json),
    Column("private_note", Json),
    Column("given_at", Instant, nullable=False),
    Column("published_at", Instant),  # none: hidden
    UniqueConstraint("subject_id", "rater_id"),
    Index("ix_rating_ratee_id_published_at", "ratee_id", "published_at"),
    Index("ix_rating_subject_id", "subject_id"),
    Index("ix_rating_rater_id", "rater_id"),
)
