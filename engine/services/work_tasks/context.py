"""What a service case about an engagement rests on."""

from datetime import datetime

from sqlalchemy import Connection, RowMapping, Table, select

from engine.definitions.registry import TopicCall
from engine.services.cases.context import collects
from engine.services.cases.subjects import Subject, finds_subject
from engine.services.work_tasks.notes import ENGAGEMENT_PROCESS
from engine.services.work_tasks.states import (
    FINAL_ENGAGEMENT,
    SELECT_ENGAGEMENT,
    fetch_engagement_row,
    fetch_task_row,
)
from engine.services.work_tasks.tables import acceptance_record, deliverable, work_quantity
from engine.storage.clock import format_instant
from engine.storage.plain import Plain, PlainDict

_HIDDEN = frozenset({"address", "award_nonce"})


@finds_subject(ENGAGEMENT_PROCESS)
def find_engagement(connection: Connection, engagement_id: str) -> Subject | None:
    """An engagement as a case is about it."""
    row = connection.execute(SELECT_ENGAGEMENT, {"engagement_id": engagement_id}).mappings().one_or_none()
    if row is None:
        return None
    task = fetch_task_row(connection, row["task_id"])
    return Subject(
        id=engagement_id,
        number=task["number"],
        title=task["title"],
        payer=row["enterprise_id"],
        payee=row["worker_id"],
        amount_fen=row["pay_fen"],
        instance_id=row["instance_id"] or "",
        ended_at=row["closed_at"] if row["state"] in FINAL_ENGAGEMENT else None,
        claim=row["claim_reason"],
        claim_fen=row["claim_fen"],
    )


@collects(ENGAGEMENT_PROCESS)
def collect_engagement(call: TopicCall, engagement_id: str) -> PlainDict:
    """The work as published, the engagement as it stands, every delivery and every answer to one."""
    row = fetch_engagement_row(call.connection, engagement_id)
    return {
        "work_task": _plain_row(fetch_task_row(call.connection, row["task_id"])),
        "engagement": _plain_row(row),
        "deliverables": _list(call, deliverable, engagement_id),
        "acceptances": _list(call, acceptance_record, engagement_id),
        "quantities": _list(call, work_quantity, engagement_id),
    }


def _list(call: TopicCall, table: Table, engagement_id: str) -> list[Plain]:
    query = select(table).where(table.c.engagement_id == engagement_id).order_by(table.c.version)
    return [_plain_row(row) for row in call.connection.execute(query).mappings()]


def _plain_row(row: RowMapping) -> PlainDict:
    return {str(name): _plain_value(value) for name, value in row.items() if name not in _HIDDEN}


def _plain_value(value: object) -> Plain:
    if isinstance(value, datetime):
        return format_instant(value)
    assert value is None or isinstance(value, (str, int, list, dict))
    return value
