"""The job that sends what is due: many reminders in one transaction, each once, whoever is killed."""

from collections.abc import Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import RowMapping, bindparam, select, update

from engine.definitions.registry import JobDone, JobRun, job_handler
from engine.services.job_engine import engine_of
from engine.services.notifications.tables import notification
from engine.services.notifications.telling import plan_job
from engine.services.notifications.telling import tell as tell_all
from engine.services.todos.people import add_substitutes, find_substitutes
from engine.services.todos.states import SENT
from engine.services.todos.tables import todo_handling, todo_item, todo_reminder
from engine.services.todos.telling import make_notice, subject_of
from engine.storage.plain import Plain

REMIND, OVERDUE = "todo.remind", "todo.overdue"
UNREAD = "unread"
PLANNED, TOLD, SKIPPED, CANCELLED = "planned", "sent", "skipped", "cancelled"
BATCH = 200  # a transaction of a tenth of a second
_DUE = (
    select(todo_reminder)
    .where(todo_reminder.c.state == PLANNED, todo_reminder.c.due_at <= bindparam("now"))
    .order_by(todo_reminder.c.due_at, todo_reminder.c.id)
    .limit(BATCH)
)
_HANDLINGS = select(todo_handling).where(todo_handling.c.id.in_(bindparam("ids", expanding=True)))
_ITEMS = select(todo_item).where(todo_item.c.id.in_(bindparam("ids", expanding=True)))
_READ = select(notification.c.subject).where(
    notification.c.subject.in_(bindparam("subjects", expanding=True)), notification.c.read_at.is_not(None)
)


@job_handler(REMIND)
def name_zone(run: JobRun) -> Plain:
    """On whose wall clock it is told; everything else happens in the transaction that deletes the job."""
    return str(engine_of(run).zone.key)


@name_zone.finish
def send_due(done: JobDone, zone: Plain) -> None:
    """Sends the reminders that are due now, at most BATCH; the rest follows at once, in another transaction."""
    rows = done.connection.execute(_DUE.with_for_update(skip_locked=True), {"now": done.now}).mappings().all()
    handlings = _fetch(done, _HANDLINGS, {row["handling_id"] for row in rows})
    items = _fetch(done, _ITEMS, {one["item_id"] for one in handlings.values()})
    wanted = _find_wanted(done, rows, handlings)
    reminders = [(row, handlings[row["handling_id"]]) for row in wanted if not row["level"]]
    handlers = {one for _, handling in reminders for one in handling["handlers"]}
    substitutes = find_substitutes(done.connection, handlers, done.now)
    notices = [
        make_notice(
            *(done.keys, done.now, handling, items[handling["item_id"]], row["template"]),
            add_substitutes(handling["handlers"], substitutes),
            row["id"],
            channels=row["channels"],
        )
        for row, handling in reminders
    ]
    tell_all(done, ZoneInfo(str(zone)), notices)
    for row in wanted:
        if row["level"]:
            done.publish(OVERDUE, row["handling_id"], {"level": row["level"]})
    _mark(done, [row["id"] for row in wanted], TOLD)
    used = {row["id"] for row in wanted}
    _mark(done, [row["id"] for row in rows if row["id"] not in used], SKIPPED)
    if len(rows) == BATCH:
        plan_job(done, REMIND, {}, done.now)
    done.announce()


def _fetch(done: JobDone, query: Any, ids: set[str]) -> dict[str, RowMapping]:
    return {row["id"]: row for row in done.connection.execute(query, {"ids": sorted(ids)}).mappings()}


def _find_wanted(done: JobDone, rows: Sequence[RowMapping], handlings: Mapping[str, RowMapping]) -> list[RowMapping]:
    """Those that are still of use: the item is with its handlers, and not read where only that matters."""
    subjects = [subject_of(row["handling_id"]) for row in rows if row["only_if"] == UNREAD]
    read = {*done.connection.execute(_READ, {"subjects": subjects}).scalars()} if subjects else set()

    def is_wanted(row: RowMapping) -> bool:
        handling = handlings[row["handling_id"]]
        if row["level"]:
            return handling["closed_at"] is None
        return handling["state"] == SENT and (row["only_if"] != UNREAD or subject_of(handling["id"]) not in read)

    return [row for row in rows if is_wanted(row)]


def _mark(done: JobDone, ids: list[str], state: str) -> None:
    if ids:
        done.connection.execute(update(todo_reminder).where(todo_reminder.c.id.in_(ids)).values(state=state))
