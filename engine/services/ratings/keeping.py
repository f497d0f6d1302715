"""How a rating is kept: hidden until it is published, and until then replaced by a later one of the same rater."""

from dataclasses import asdict, dataclass, field

from sqlalchemy import insert, update

from engine.definitions.registry import TopicCall
from engine.services.ratings.tables import rating
from engine.storage.ids import new_id
from engine.storage.plain import Plain


@dataclass(frozen=True)
class Given:
    """What one party says of another: 1 to 5 stars, tags, and texts as vault references."""

    rater_id: str
    ratee_id: str
    given_by: str
    stars: int
    tags: list[Plain] = field(default_factory=list)
    comment: Plain = None
    private_note: Plain = None


def keep_rating(call: TopicCall, subject_id: str, given: Given) -> None:
    """Keeps a rating of a subject, an order or engagement, instead of the one the rater gave before."""
    values = asdict(given) | {"instance_id": call.instance_id, "given_at": call.now}
    mine = (rating.c.subject_id == subject_id, rating.c.rater_id == given.rater_id, rating.c.published_at.is_(None))
    if call.connection.execute(update(rating).where(*mine).values(values)).rowcount == 0:
        call.connection.execute(insert(rating).values(id=new_id(), subject_id=subject_id, **values))
    call.note("rated", subject_id=subject_id, rater=given.rater_id, ratee=given.ratee_id)
