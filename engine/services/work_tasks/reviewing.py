"""What platform reviews see of a work task (FE-14 to FE-16): its content, its undertakers, what they deliver."""

from collections.abc import Mapping

from sqlalchemy import RowMapping, select, update

from engine.definitions.registry import TopicCall
from engine.services.reviews.subjects import Source, Subject, subject_corrector, subject_provider
from engine.services.work_tasks.candidates import find_features, read_records
from engine.services.work_tasks.facts import deliverable_facts, fact, fetch_deliverable, offer_facts
from engine.services.work_tasks.states import SELECT_ENGAGEMENT, SELECT_TASK
from engine.services.work_tasks.tables import application, work_task
from engine.services.work_tasks.texts import open_text
from engine.storage.plain import Plain, PlainDict
from engine.storage.tables import party

_PUBLISHED = ("title", "description", "deliverable_spec", "qualification_reqs", "district", "quality_rule")
_CORRECTABLE = {"title": "title", "content": "description", "result_spec": "deliverable_spec"}


@subject_provider("content")
def read_content(source: Source, subject_id: str) -> Subject | None:
    """The content of a work task; None for an id that is none's."""
    row = source.connection.execute(SELECT_TASK, {"task_id": subject_id}).mappings().one_or_none()
    if row is None:
        return None
    missing = tuple(name for name in ("title", "description", "deliverable_spec") if not row[name])
    texts = tuple(row[name] for name in _PUBLISHED if row[name])
    return Subject(tuple(offer_facts(row)), texts, _hashes(row["attachments"]), missing)


@subject_provider("undertaker")
def read_undertaker(source: Source, subject_id: str) -> Subject | None:
    """Who undertakes an engagement, with what the platform knows of him, beside the work."""
    found = _find(source, subject_id)
    if found is None:
        return None
    row, task = found
    query = select(application).where(application.c.id == row["application_id"])
    sent = source.connection.execute(query).mappings().one()
    records = read_records(source.connection, [row["worker_id"]])
    features = find_features(task, sent, records[row["worker_id"]])
    message = open_text(source, sent["message"])
    name = source.connection.execute(select(party.c.name_zh).where(party.c.id == row["worker_id"])).scalar_one()
    facts = (
        fact("承接人", "Undertaker", "worker", name),
        fact("自述资质", "Stated qualifications", "qualifications", sent["qualifications"]),
        fact("留言", "Message", "message", message),
        fact("完成率", "Completion", "completion", f"{features['completion'] / 100:g} %"),
        fact("报酬（个人佣金）", "Pay", "pay_fen", row["pay_fen"]),
    )
    return Subject((*facts, *offer_facts(task)), (message,) if message else ())


@subject_provider("deliverable")
def read_deliverable(source: Source, subject_id: str) -> Subject | None:
    """The latest delivery of an engagement beside the work; None for an id that is none's."""
    found = _find(source, subject_id)
    if found is None:
        return None
    row, task = found
    delivered = fetch_deliverable(source.connection, row["id"])
    text = open_text(source, delivered["statement"])
    texts = tuple(one for one in (text, delivered["links"], open_text(source, delivered["note"])) if one)
    facts = (*deliverable_facts(source, row["id"]), *offer_facts(task))
    return Subject(facts, texts, _hashes(delivered["files"]))


def _find(source: Source, engagement_id: str) -> tuple[RowMapping, RowMapping] | None:
    row = source.connection.execute(SELECT_ENGAGEMENT, {"engagement_id": engagement_id}).mappings().one_or_none()
    if row is None:
        return None
    return row, source.connection.execute(SELECT_TASK, {"task_id": row["task_id"]}).mappings().one()


@subject_corrector("content")
def correct_content(call: TopicCall, subject_id: str, values: PlainDict) -> bool:
    """The enterprise mended its text; only while it is being reviewed. The case is called by its new title."""
    row = call.connection.execute(SELECT_TASK, {"task_id": subject_id}).mappings().one_or_none()
    if row is None or row["state"] != "in_review":
        return False
    changed: dict[str, object] = {column: values[name] for name, column in _CORRECTABLE.items() if values.get(name)}
    if values.get("files"):
        changed["attachments"] = values["files"]
    if changed:
        call.connection.execute(update(work_task).where(work_task.c.id == subject_id).values(changed))
    title = str(changed.get("title") or row["title"])
    call.describe(title, title)
    return True


def _hashes(files: Plain) -> tuple[str, ...]:
    given = files if isinstance(files, list) else []
    return tuple(str(one["sha256"]) for one in given if isinstance(one, Mapping))
