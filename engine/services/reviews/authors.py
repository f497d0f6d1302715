"""Who submitted the form a service task writes down."""

from datetime import datetime

from sqlalchemy import select

from engine.definitions.registry import TopicCall
from engine.storage.columns import EPOCH
from engine.storage.tables import submission


def find_author(call: TopicCall, element: str, recorded_at: datetime | None) -> tuple[str, str]:
    """User id and role of who submitted the form of an element last.

    That is the actor of this step, whose submission is written at its end. After an incident somebody else tries the
    service task again: then a submission is there already that is newer than what was recorded last.
    """
    query = (
        select(submission.c.actor_id, submission.c.acting_role)
        .where(
            submission.c.instance_id == call.instance_id,
            submission.c.element == element,
            submission.c.submitted_at > (recorded_at or EPOCH),
        )
        .order_by(submission.c.submitted_at.desc())
    )
    found = call.connection.execute(query).first()
    return (found.actor_id, found.acting_role) if found else (call.actor.user_id, call.actor.role)
