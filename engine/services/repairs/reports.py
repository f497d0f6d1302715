"""Versions of the report: each is kept with its hash, whoever made it."""

import hashlib
from collections.abc import Sequence

from sqlalchemy import Connection, RowMapping, func, insert, select

from engine.definitions.registry import TopicCall
from engine.services.repairs.inputs import read_report
from engine.services.repairs.states import fetch_order
from engine.services.repairs.tables import repair_decision, repair_report
from engine.storage.plain import PlainDict

SUBMITTED, MERGED, DAILY, FINAL, PARTIAL = "submitted", "merged", "daily", "final", "partial"


def keep_report(call: TopicCall, kind: str) -> int:
    """Writes down the report as it is now, as the next version. The same rows give the same bytes."""
    connection, order_id = call.connection, call.instance_id
    content = read_report(connection, order_id, has_photos=kind != SUBMITTED).to_bytes()
    query = select(func.coalesce(func.max(repair_report.c.version), 0)).where(repair_report.c.order_id == order_id)
    version = int(connection.execute(query).scalar_one()) + 1
    row = {
        "order_id": order_id,
        "version": version,
        "round": fetch_order(connection, order_id)["round"],
        "kind": kind,
        "content": content,
        "sha256": hashlib.sha256(content).hexdigest(),
        "made_by": call.actor.user_id,
        "made_at": call.now,
    }
    connection.execute(insert(repair_report).values(row))
    call.note("repair_report", version=version, report=kind, sha256=row["sha256"])
    return version


def keep_decision(call: TopicCall, content: PlainDict) -> None:
    """Writes down what was decided, as the next version."""
    query = select(func.coalesce(func.max(repair_decision.c.version), 0))
    query = query.where(repair_decision.c.order_id == call.instance_id)
    row = {
        "order_id": call.instance_id,
        "version": int(call.connection.execute(query).scalar_one()) + 1,
        "content": content,
        "made_by": call.actor.user_id,
        "made_at": call.now,
    }
    call.connection.execute(insert(repair_decision).values(row))


def list_reports(connection: Connection, order_id: str) -> Sequence[RowMapping]:
    """Every version without its content, the newest first."""
    columns = [column for column in repair_report.c if column.name != "content"]
    query = select(*columns).where(repair_report.c.order_id == order_id).order_by(repair_report.c.version.desc())
    return connection.execute(query).mappings().all()
