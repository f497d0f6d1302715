"""Somebody says he never took part: the line is frozen, and people who look into misused identities get an item.

An item is a case of its own, so it is sent by a job: a step changes one case.
"""

from engine.definitions.registry import JobDone, JobRun, TopicCall, job_handler, topic
from engine.services.express import states
from engine.services.express.paying import refund_express_line
from engine.services.job_engine import engine_of
from engine.services.todos.commands import take_in_item
from engine.services.todos.people import list_handlers
from engine.storage.actor import SYSTEM
from engine.storage.plain import Plain, PlainDict

ALERT = "express.misuse"


@topic("raise_misuse_alert")
def raise_misuse_alert(call: TopicCall, *, line_id: str) -> PlainDict:
    """Ends a line whose person did not take part, gives its money back to the enterprise, and has the risk team look
    into it (XT-09).

    Returns: refunded_fen, line_state.
    """
    row = states.fetch_line(call.connection, line_id)
    task = states.fetch_task(call.connection, row["task_id"])
    facts: PlainDict = {"line_id": line_id, "task_number": task["number"], "number": row["number"]}
    sla = str(call.policy["express_alert_sla"])
    call.enqueue(ALERT, {**facts, "case": call.instance_id, "sla": sla}, key=f"{ALERT}:{line_id}")
    call.note("express_misuse", **facts)
    return refund_express_line(call, line_id=line_id, state="denied")


@job_handler(ALERT)
def send_alert(run: JobRun) -> Plain:
    """Sends the item; for a line that was sent before it changes nothing."""
    engine, said = engine_of(run), run.payload
    with engine.database.read() as connection:
        handlers: list[Plain] = [*list_handlers(connection)]
    title = f"冒名核查 {said['task_number']} · {said['number']}"
    body = (
        f"名单第 {said['number']} 条的本人表示没有参与该任务，款项已退回企业。请核查是否冒用身份。\n\n"
        f"The person of line {said['number']} says he did not take part; the money went back. "
        "Find out whether an identity was misused."
    )
    content: PlainDict = {
        "title": title,
        "body": body,
        "item_class": "customer",
        "priority": 1,
        "due_rule": said["sla"],
        "handlers": handlers,
        "assignment": "any",
        "reminder_rule": "urgent",
        "business_link": f"/cases/{said['case']}",
    }
    take_in_item(engine, SYSTEM, f"{ALERT}:{said['line_id']}", str(said["line_id"]), content)
    return None


@send_alert.finish
def end(_done: JobDone, _result: Plain) -> None:
    """The item itself is the trace."""
