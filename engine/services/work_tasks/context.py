"""What a service case about an engagement rests on."""

from datetime import datetime

from sqlalchemy import RowMapping, Table, select

from engine.definitions.registry import TopicCall
from engine.services.cases.context import collects
from engine.services.work_tasks.notes import ENGAGEMENT_PROCESS
from engine.services.work_tasks.states import fetch_engagement_row, fetch_task_row
from engine.services.work_tasks.tables import acceptance_record, deliverable, work_quantity
from engine.storage.clock import format_instant
from engine.storage.plain import Plain, PlainDict

_HIDDEN = frozenset({"address", "award_nonce"})


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
