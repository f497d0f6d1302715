"""Topics of the mutual rating, and what its form shows."""

from sqlalchemy import func, select, update

from engine.definitions.registry import TopicCall, ViewCall, topic, view
from engine.services.ratings.keeping import Given, keep_rating
from engine.services.ratings.tables import rating
from engine.services.reviews.authors import find_author
from engine.storage.plain import Plain, PlainDict
from engine.storage.tables import party


@topic("record_rating", reads=["${element}"])
def record_rating(call: TopicCall, *, subject_id: str, element: str, rater: str, ratee: str) -> PlainDict:
    """Keeps the rating one party gives another, hidden for now.

    Reads the form of `element`. Returns: nothing.
    """
    form = call.values_of(element)
    ratings = select(func.max(rating.c.given_at)).where(
        rating.c.instance_id == call.instance_id, rating.c.rater_id == rater
    )
    given_by, _ = find_author(call, element, call.connection.execute(ratings).scalar_one())
    said = {name: form.get(name) or None for name in ("comment", "private_note")}
    tags = form.get("tags")
    given = Given(rater, ratee, given_by, int(str(form["stars"])), tags if isinstance(tags, list) else [], **said)
    keep_rating(call, subject_id, given)
    return {}


@topic("publish_ratings")
def publish_ratings(call: TopicCall, *, subject_id: str) -> PlainDict:
    """Shows the ratings that were given of a subject to everybody.

    Returns: rating_count (0 to 2).
    """
    call.connection.execute(
        update(rating)
        .where(rating.c.subject_id == subject_id, rating.c.published_at.is_(None))
        .values(published_at=call.now)
    )
    query = select(func.count()).where(rating.c.subject_id == subject_id)
    rating_count = call.connection.execute(query).scalar_one()
    call.note("ratings_published", subject_id=subject_id, count=rating_count)
    return {"rating_count": rating_count}


@view("rating_subject", needs=["closes_at", "party_a", "party_b"])
def rating_subject(call: ViewCall) -> Plain:
    """Whom the actor rates, and until when."""
    parties = [str(call.data["party_a"]), str(call.data["party_b"])]
    other = parties[1] if call.actor.party_id == parties[0] else parties[0]
    column = party.c.name_zh if call.language == "zh" else party.c.name_en
    name = call.connection.execute(select(column).where(party.c.id == other)).scalar_one_or_none()
    return [
        {"zh": "对方", "en": "The other side", "name": "ratee", "value": name or other},
        {"zh": "评价截止", "en": "Open until", "name": "closes_at", "value": call.data["closes_at"]},
    ]
