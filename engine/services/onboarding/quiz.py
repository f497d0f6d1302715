"""The training quiz of professional couriers: a form asks, a decision table counts, a row remembers each attempt."""

from sqlalchemy import func, insert, select

from engine.definitions.registry import TopicCall, topic
from engine.services.onboarding.person_tables import quiz_attempt
from engine.storage.plain import PlainDict


@topic("record_quiz")
def record_quiz(call: TopicCall, *, certification_id: str, points: int, pass_points: int, tries: int) -> PlainDict:
    """Keeps an attempt. `points`: one for each right answer; `tries`: how many attempts there are in all.

    Returns: is_passed, tries_left.
    """
    made = select(func.count()).where(quiz_attempt.c.certification_id == certification_id)
    number = call.connection.execute(made).scalar_one() + 1
    is_passed = points >= pass_points
    row = {"certification_id": certification_id, "number": number, "points": points, "at": call.now}
    call.connection.execute(insert(quiz_attempt), row | {"is_passed": int(is_passed)})
    return {"is_passed": is_passed, "tries_left": max(tries - number, 0)}
