"""An express task and its lines in rows for people: `{"zh", "en", "name", "value"}`."""

from collections.abc import Iterator

from sqlalchemy import RowMapping, func, select

from engine.services.express.importing import open_line
from engine.services.express.tables import express_line
from engine.services.onboarding.showing import mask
from engine.services.reviews.subjects import Source
from engine.services.work_tasks.facts import fact
from engine.services.work_tasks.words import say
from engine.storage.clock import format_instant
from engine.storage.plain import Plain

SHOWN_LINES = 50


def task_facts(task: RowMapping) -> list[Plain]:
    """What the enterprise stated."""
    rows = [
        fact("任务编号", "Task number", "number", task["number"]),
        fact("标题", "Title", "title", task["title"]),
        fact("分类", "Category", "category", say([task["category"]])),
        fact("工作内容", "What was done", "content", task["content"]),
        fact("工作期间", "Period", "period", f"{task['period_from']} – {task['period_to']}"),
    ]
    if task["confirm_by"]:
        rows.append(fact("确认截止", "To be confirmed by", "confirm_by_at", format_instant(task["confirm_by"])))
    return rows


def list_facts(source: Source, task: RowMapping) -> list[Plain]:
    """How many are on the list, and what they are paid."""
    of_list = express_line.c.list_id == task["list_id"]
    good = (of_list, express_line.c.faults == [])
    total, count = source.connection.execute(select(func.sum(express_line.c.pay_fen), func.count()).where(*good)).one()
    lines = source.connection.execute(select(func.count()).where(of_list)).scalar_one()
    return [
        fact("名单人数", "Lines", "line_count", lines),
        fact("有问题的条目", "Lines with faults", "fault_count", lines - count),
        fact("报酬合计（无问题条目）", "Pay of the lines without faults", "pay_fen", int(total or 0)),
    ]


def masked_lines(source: Source, task: RowMapping) -> Iterator[Plain]:
    """The first people on the list, numbers masked; all of them are on the page of the list."""
    query = select(express_line).where(express_line.c.list_id == task["list_id"], express_line.c.faults == [])
    for row in source.connection.execute(query.order_by(express_line.c.number).limit(SHOWN_LINES)).mappings():
        if line := open_line(source.connection, source.keys, row):
            told = f"{line.name} · {mask(line.id_no, 4, 2)} · {mask(line.phone, 3, 4)} · {line.pay}"
            yield fact(f"第 {row['number']} 条", f"Line {row['number']}", f"line_{row['number']}", told)


def line_facts(source: Source, row: RowMapping) -> list[Plain]:
    """What a line says of its person, for himself and for the enterprise."""
    line = open_line(source.connection, source.keys, row)
    if line is None:
        return []
    rows = [
        fact("姓名", "Name", "name", line.name),
        fact("证件号码", "ID number", "id_no", mask(line.id_no, 4, 2)),
        fact("数量", "Quantity", "quantity", line.quantity),
        fact("报酬（个人佣金）", "Pay", "pay_fen", row["pay_fen"]),
        fact("备注", "Note", "note", line.note),
    ]
    return [one for one in rows if isinstance(one, dict) and one["value"]]
