"""What may be seen of ratings: the standing of a party, and the two ratings of a case."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, RowMapping, func, or_, select

from engine.services.ratings.tables import rating
from engine.services.ratings.tags import TAGS
from engine.storage import vault
from engine.storage.keys import KeyRing
from engine.storage.tables import instance, party


@dataclass(frozen=True)
class Standing:
    """How a party is rated: how often, and the sum of the stars."""

    rating_count: int
    stars_sum: int

    @property
    def average_tenths(self) -> int | None:
        """The average in tenths of a star (47: 4.7), rounded half up; None without ratings."""
        if self.rating_count == 0:
            return None
        return (20 * self.stars_sum + self.rating_count) // (2 * self.rating_count)


@dataclass(frozen=True)
class RatingView:
    """A rating as somebody may see it; `comment` is None where none was written, or its author was erased."""

    rater_id: str
    ratee_id: str
    stars: int
    tags: tuple[tuple[str, str], ...]  # Chinese, English
    comment: str | None
    given_at: datetime
    is_published: bool


def rating_of(connection: Connection, party_id: str) -> Standing:
    """The standing of a party from its published ratings."""
    query = select(func.count(), func.coalesce(func.sum(rating.c.stars), 0)).where(
        rating.c.ratee_id == party_id, rating.c.published_at.is_not(None)
    )
    rating_count, stars_sum = connection.execute(query).one()
    return Standing(rating_count, int(stars_sum))


def ratings_of_case(connection: Connection, keys: KeyRing, subject_id: str, viewer_id: str) -> list[RatingView]:
    """The ratings of a case that a party may see: the published ones, and its own before that."""
    query = (
        select(rating)
        .where(
            rating.c.subject_id == subject_id,
            or_(rating.c.published_at.is_not(None), rating.c.rater_id == viewer_id),
        )
        .order_by(rating.c.given_at, rating.c.id)
    )
    return [_show(connection, keys, row) for row in connection.execute(query).mappings()]


@dataclass(frozen=True)
class PartyRating:
    """A rating with the other side and the case it is about: the key of its process, its number and subject."""

    rating: RatingView
    other: tuple[str, str]  # Chinese, English
    subject_id: str
    process_key: str
    number: str
    subject: tuple[str, str]


def list_ratings(
    connection: Connection,
    keys: KeyRing,
    party_id: str,
    *,
    is_received: bool,
    after: str | None = None,
    limit: int = 20,
) -> list[tuple[str, PartyRating]]:
    """Ratings a party has received (published ones only) or given, newest first, each with its id, the key of pages."""
    own, other = (rating.c.ratee_id, rating.c.rater_id) if is_received else (rating.c.rater_id, rating.c.ratee_id)
    query = (
        select(rating, party.c.name_zh, party.c.name_en)
        .add_columns(instance.c.process_key, instance.c.business_key, instance.c.subject_zh, instance.c.subject_en)
        .join(party, party.c.id == other)
        .join(instance, instance.c.id == rating.c.instance_id)
        .where(own == party_id)
        .order_by(rating.c.id.desc())
        .limit(limit)
    )
    if is_received:
        query = query.where(rating.c.published_at.is_not(None))
    if after is not None:
        query = query.where(rating.c.id < after)
    return [
        (
            row["id"],
            PartyRating(
                _show(connection, keys, row),
                (row["name_zh"], row["name_en"]),
                row["subject_id"],
                row["process_key"],
                row["business_key"] or "",
                (row["subject_zh"], row["subject_en"]),
            ),
        )
        for row in connection.execute(query).mappings()
    ]


def count_stars(connection: Connection, party_id: str) -> dict[int, int]:
    """How many published ratings of each number of stars a party has received."""
    query = (
        select(rating.c.stars, func.count())
        .where(rating.c.ratee_id == party_id, rating.c.published_at.is_not(None))
        .group_by(rating.c.stars)
    )
    return {int(stars): int(count) for stars, count in connection.execute(query)}


def _show(connection: Connection, keys: KeyRing, row: RowMapping) -> RatingView:
    comment = vault.open_reference(connection, keys, row["comment"]) if row["comment"] else None
    return RatingView(
        rater_id=row["rater_id"],
        ratee_id=row["ratee_id"],
        stars=row["stars"],
        tags=tuple(TAGS[tag] for tag in row["tags"] if tag in TAGS),
        comment=comment,
        given_at=row["given_at"],
        is_published=row["published_at"] is not None,
    )
