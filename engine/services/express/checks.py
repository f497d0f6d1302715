"""Topics that check the list of an express task line by line (row 3 of B.8)."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Column, Connection, RowMapping, Select, func, select, update

from engine.definitions.registry import ChunkCall, TopicCall, batch_topic, topic
from engine.services.express import states
from engine.services.express.checking import Known, Limits, find_bars, find_faults
from engine.services.express.importing import open_line
from engine.services.express.tables import express_line, express_task
from engine.services.onboarding.persons import find_blacklisted
from engine.storage.clock import format_instant, parse_instant
from engine.storage.keys import KeyRing
from engine.storage.plain import Plain, PlainDict

_UNPAID = ("denied", "expired", "refunded", "listed")
"""States in which a line pays nobody: it does not count towards a limit."""


@batch_topic("check_express_lines", chunk_items=25)
def check_express_lines(call: TopicCall, *, task_id: str, day_limit_fen: int, month_limit_fen: int) -> list[Plain]:
    """Checks every line of the list: by itself, against the others, against what the platform knows. From now on the
    list changes no more, until `reopen_express_list`.
    """
    day = call.now.astimezone(call.calendar.zone).replace(hour=0, minute=0, second=0, microsecond=0)
    limits: PlainDict = {
        "day_fen": day_limit_fen,
        "month_fen": month_limit_fen,
        "day_from": format_instant(day),
        "month_from": format_instant(day.replace(day=1)),
    }
    change = update(express_task).where(express_task.c.id == task_id)
    call.connection.execute(change.values(is_drafted=0, limits=limits))
    return [*call.connection.execute(_lines_of(call.connection, task_id)).scalars()]


@check_express_lines.chunk
def check_some_lines(call: ChunkCall, items: list[Plain]) -> Plain:
    """Writes down what is wrong with some of the lines."""
    query = select(express_line).where(express_line.c.id.in_([str(item) for item in items]))
    rows = call.connection.execute(query.order_by(express_line.c.number)).mappings().all()
    if not rows:
        return None
    repeated_ids = _repeated(call.connection, rows, express_line.c.id_index)
    repeated_phones = _repeated(call.connection, rows, express_line.c.phone_index)
    task = states.fetch_task(call.connection, rows[0]["task_id"])
    known = _Knowledge(call.connection, task, rows)
    for row in rows:
        faults = _examine(call.connection, call.keys, known, row)
        if row["id_index"] in repeated_ids:
            faults.append("repeated_id")
        elif row["phone_index"] in repeated_phones:
            faults.append("repeated_phone")
        if faults != row["faults"]:
            call.connection.execute(update(express_line).where(express_line.c.id == row["id"]).values(faults=faults))
    return None


@topic("reopen_express_list")
def reopen_express_list(call: TopicCall, *, task_id: str) -> PlainDict:
    """The enterprise may correct its list again.

    Returns: nothing.
    """
    if states.fetch_task(call.connection, task_id)["state"] == "funding":
        states.move_task(call.connection, task_id, "draft", call.now)
    call.connection.execute(update(express_task).where(express_task.c.id == task_id).values(is_drafted=1))
    return {}


@topic("sum_express_list")
def sum_express_list(call: TopicCall, *, task_id: str) -> PlainDict:
    """What the list comes to.

    Returns: line_count, good_count, fault_count, pay_fen (of the lines without faults).
    """
    list_id = states.fetch_task(call.connection, task_id)["list_id"]
    of_list = express_line.c.list_id == list_id
    line_count = call.connection.execute(select(func.count()).where(of_list)).scalar_one()
    of_good = select(func.count(), func.sum(express_line.c.pay_fen)).where(of_list, express_line.c.faults == [])
    good_count, pay_fen = call.connection.execute(of_good).one()
    counts: PlainDict = {"line_count": line_count, "good_count": good_count, "fault_count": line_count - good_count}
    return counts | {"pay_fen": int(pay_fen or 0)}


def _lines_of(connection: Connection, task_id: str) -> Select[tuple[str]]:
    list_id = states.fetch_task(connection, task_id)["list_id"]
    return select(express_line.c.id).where(express_line.c.list_id == list_id).order_by(express_line.c.number)


class _Knowledge:
    """What the platform knows of the people some lines name, read for all of them at once."""

    def __init__(self, connection: Connection, task: RowMapping, rows: Sequence[RowMapping]) -> None:
        self._limits = task["limits"]
        indexes = [row["id_index"] for row in rows]
        self._blacklisted = find_blacklisted(connection, indexes)
        self._day = _sum_since(connection, task, indexes, parse_instant(self._limits["day_from"]))
        self._month = _sum_since(connection, task, indexes, parse_instant(self._limits["month_from"]))

    def find_bars(self, row: RowMapping) -> list[str]:
        """What bars the person of a line from being paid by it."""
        index = row["id_index"]
        known = Known(index in self._blacklisted, self._day.get(index, 0), self._month.get(index, 0))
        return find_bars(row["pay_fen"], known, Limits(self._limits["day_fen"], self._limits["month_fen"]))


def _examine(connection: Connection, keys: KeyRing, known: _Knowledge, row: RowMapping) -> list[str]:
    line = open_line(connection, keys, row)
    return ["erased"] if line is None else find_faults(line) or known.find_bars(row)


def _sum_since(connection: Connection, task: RowMapping, indexes: list[str], since: datetime) -> dict[str, int]:
    """What other lists of the enterprise pay these people, in fen."""
    query = select(express_line.c.id_index, func.sum(express_line.c.pay_fen)).join(express_task)
    others = query.where(
        express_line.c.id_index.in_(indexes),
        express_line.c.list_id != task["list_id"],
        express_line.c.state.not_in(_UNPAID),
        express_line.c.listed_at >= since,
        express_task.c.enterprise_id == task["enterprise_id"],
    )
    return {index: int(total) for index, total in connection.execute(others.group_by(express_line.c.id_index))}


def _repeated(connection: Connection, rows: Sequence[RowMapping], index: Column[str]) -> set[str]:
    mine = [row[str(index.name)] for row in rows]
    query = select(index).where(express_line.c.list_id == rows[0]["list_id"], index.in_(mine))
    return set(connection.execute(query.group_by(index).having(func.count() > 1)).scalars())
