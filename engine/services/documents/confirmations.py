"""The settlement confirmation sheet of a work task that has ended, and the enterprise's consent to it."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, select

from engine.runtime.engine import Engine
from engine.runtime.errors import Forbidden, NotFound
from engine.services.documents.drafting import Draft
from engine.services.documents.settled import Settled, list_settled_for
from engine.services.documents.tables import document, document_consent
from engine.services.work_tasks.notes import list_engagements
from engine.services.work_tasks.tables import work_task
from engine.storage.actor import Actor
from engine.storage.clock import format_instant
from engine.storage.database import UnitOfWork
from engine.storage.plain import Plain, PlainDict
from engine.storage.seal import seal_row

CONFIRMERS = frozenset({"enterprise_admin", "enterprise_acceptor", "enterprise_finance"})
_AMOUNTS = ("gross_fen", "fee_fen", "vat_fen", "tax_fen", "net_fen")


@dataclass(frozen=True)
class Consent:
    """Who confirmed a sheet, and when."""

    user_id: str
    confirmed_at: datetime


def draft_confirmation(unit: UnitOfWork, engine: Engine, actor: Actor, task_id: str) -> Draft:
    """Who was paid what for a work task of the acting enterprise that has ended."""
    task = unit.connection.execute(select(work_task).where(work_task.c.id == task_id)).one_or_none()
    if task is None or task.enterprise_id != actor.party_id or task.closed_at is None:
        raise NotFound("work_task", task_id)
    rows = list_engagements(unit.connection, task_id)
    settled: dict[str, list[Settled]] = {row["id"]: [] for row in rows}
    for one in list_settled_for(unit.connection, settled.keys()):
        settled[one.order_ref].append(one)
    lines: list[Plain] = [
        {"engagement_id": row["id"], "worker_id": row["worker_id"], "state": row["state"], **_sum(settled[row["id"]])}
        for row in rows
    ]
    everything = [one for found in settled.values() for one in found]
    content: PlainDict = {
        "task_id": task_id,
        "task_number": task.number,
        "title": task.title,
        "mode": task.mode,
        "state": task.state,
        "enterprise_id": task.enterprise_id,
        "closed_at": format_instant(task.closed_at),
        "lines": lines,
        "charged_fen": sum(one.gross_fen + (one.fee_fen if one.is_fee_on_top else 0) for one in everything),
        "is_fee_on_top": any(one.is_fee_on_top for one in everything),
        **_sum(everything),
    }
    return Draft(task_id, task.closed_at.astimezone(engine.zone).date().replace(day=1), content)


def _sum(settled: list[Settled]) -> PlainDict:
    return {name: sum(getattr(one, name) for one in settled) for name in _AMOUNTS}


def confirm_sheet(engine: Engine, actor: Actor, task_id: str) -> None:
    """The enterprise agrees to the sheet of a work task as it was issued; once more is no error.

    Raises NotFound where it has not been issued, Forbidden for members who may not confirm.
    """
    if actor.role not in CONFIRMERS:
        raise Forbidden("Expected somebody who may confirm settlements", role=actor.role)

    def work(unit: UnitOfWork) -> None:
        task = unit.connection.execute(select(work_task.c.enterprise_id).where(work_task.c.id == task_id)).scalar()
        found = select(document.c.id, document.c.sha256).where(
            document.c.kind == "confirmation", document.c.subject == task_id
        )
        sheet = unit.connection.execute(found.with_for_update()).one_or_none()
        if sheet is None or task != actor.party_id:
            raise NotFound("document", task_id)
        if find_consent(unit.connection, sheet.id) is None:
            row = {
                "document_id": sheet.id,
                "sha256": sheet.sha256,
                "user_id": actor.user_id,
                "acting_role": actor.role,
                "confirmed_at": unit.now,
            }
            seal = seal_row(engine.keys.mac, document_consent.name, row)
            unit.connection.execute(insert(document_consent), row | {"seal": seal})

    engine.database.transact(work)


def find_consent(connection: Connection, document_id: str) -> Consent | None:
    """The consent to a sheet, if it was given."""
    row = connection.execute(
        select(document_consent).where(document_consent.c.document_id == document_id)
    ).one_or_none()
    return Consent(row.user_id, row.confirmed_at) if row else None
