"""What platform reviews see of an express task (XT-06): its content, the people on its list, the evidence of the work.

A reviewer of the list may leave single lines out; the others go on.
"""

from sqlalchemy import RowMapping, select, update

from engine.definitions.registry import TopicCall
from engine.runtime.engine import Engine
from engine.runtime.errors import Forbidden, NotFound
from engine.runtime.tasks import fetch_task as fetch_user_task
from engine.services.express.facts import list_facts, masked_lines, task_facts
from engine.services.express.tables import express_line, express_task
from engine.services.onboarding.showing import file_hashes
from engine.services.reviews.subjects import Source, Subject, subject_corrector, subject_provider
from engine.services.reviews.tables import review
from engine.services.work_tasks.facts import fact
from engine.storage.actor import Actor
from engine.storage.database import UnitOfWork
from engine.storage.plain import Plain, PlainDict

UNDERTAKER = "undertaker"
EXCLUSIONS = ("not_genuine", "related_party", "not_as_agreed", "other")
"""Why a reviewer leaves a line out."""


@subject_provider("content")
def read_content(source: Source, subject_id: str) -> Subject | None:
    """What the enterprise stated; None for an id that is no express task's."""
    task = _find(source, subject_id)
    if task is None:
        return None
    missing = tuple(name for name in ("title", "content") if not task[name])
    return Subject((*task_facts(task), *list_facts(source, task)), (task["title"], task["content"]), missing=missing)


@subject_provider(UNDERTAKER)
def read_undertakers(source: Source, subject_id: str) -> Subject | None:
    """The people on the list; None for an id that is no express task's."""
    task = _find(source, subject_id)
    if task is None:
        return None
    return Subject((*list_facts(source, task), *masked_lines(source, task), *task_facts(task)))


@subject_provider("deliverable")
def read_evidence(source: Source, subject_id: str) -> Subject | None:
    """The evidence that the work was done, beside what it was; None for an id that is no express task's."""
    task = _find(source, subject_id)
    if task is None:
        return None
    shown = fact("工作凭证", "Evidence of the work", "evidence", task["evidence"])
    return Subject((shown, *task_facts(task)), (task["content"],), file_hashes(task["evidence"]))


@subject_corrector("content")
def correct_content(call: TopicCall, subject_id: str, values: PlainDict) -> bool:
    """The enterprise mended its text while it was being reviewed."""
    changed = {name: values[name] for name in ("title", "content") if values.get(name)}
    mine = (express_task.c.id == subject_id, express_task.c.state == "in_review")
    if call.connection.execute(select(express_task.c.id).where(*mine)).first() is None:
        return False
    if changed:
        call.connection.execute(update(express_task).where(*mine).values(changed))
    return True


def exclude_line(engine: Engine, actor: Actor, user_task_id: str, line_id: str, reason: str) -> None:
    """The reviewer of a list leaves one line out, as long as his review is open. Done again it stays.

    Raises NotFound, Forbidden, ValueError for an unknown reason.
    """
    if reason not in EXCLUSIONS:
        raise ValueError(f"Expected one of {EXCLUSIONS}, but got {reason!r}")
    found = fetch_user_task(engine, actor, user_task_id)

    def work(unit: UnitOfWork) -> None:
        row = unit.connection.execute(select(express_line).where(express_line.c.id == line_id)).mappings().one_or_none()
        if row is None or row["state"] != "awarded":
            raise NotFound("express_line", line_id)
        of_list = (review.c.subject_type == UNDERTAKER, review.c.subject_id == row["task_id"])
        query = select(review.c.id).where(review.c.instance_id == found.instance_id, *of_list)
        asked: Plain = found.data.get("subject_type")
        if asked != UNDERTAKER or unit.connection.execute(query).first() is None:
            raise Forbidden("Expected the review of this list", line_id=line_id)
        unit.connection.execute(update(express_line).where(express_line.c.id == line_id).values(exclusion=reason))

    engine.database.transact(work)


def _find(source: Source, subject_id: str) -> RowMapping | None:
    query = select(express_task).where(express_task.c.id == subject_id)
    return source.connection.execute(query).mappings().one_or_none()
