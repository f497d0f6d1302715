"""Topics that end an express task: what is left goes back, and the enterprise reads how it went."""

from sqlalchemy import func, select

from engine.definitions.registry import TopicCall, topic
from engine.services.express import states
from engine.services.express.tables import express_line
from engine.services.ledger import accounts, rules
from engine.services.ledger.posting import balance_of
from engine.services.ledger.topics.calls import open_book
from engine.storage.clock import format_instant
from engine.storage.plain import PlainDict


@topic("look_at_express_lines")
def look_at_express_lines(call: TopicCall, *, task_id: str) -> PlainDict:
    """Whether the lines of an express task have all ended, read from their rows; of a long list no more than one.

    Returns: is_all_closed, confirm_by (an instant).
    """
    task = states.fetch_task(call.connection, task_id)
    still_open = select(express_line.c.id).where(
        express_line.c.task_id == task_id, express_line.c.state.in_(states.SENT)
    )
    is_all_closed = call.connection.execute(still_open.limit(1)).first() is None
    return {"is_all_closed": is_all_closed, "confirm_by": format_instant(task["confirm_by"])}


@topic("close_express_task")
def close_express_task(call: TopicCall, *, task_id: str, state: str) -> PlainDict:
    """Ends an express task: what is left of its money goes back. Refused while the share of a line is not settled.

    Returns: released_fen.
    """
    task, escrow = states.fetch_task(call.connection, task_id), accounts.escrow(task_id)
    left_fen = balance_of(call.connection, escrow)
    if left_fen:
        payer = task["enterprise_id"]
        rules.release(open_book(call, task_id), payer=payer, source=escrow, amount_fen=left_fen)
    states.move_task(call.connection, task_id, state, call.now)
    call.note("express_task_state", task_id=task_id, state=state)
    return {"released_fen": left_fen}


@topic("state_express_task")
def state_express_task(call: TopicCall, *, task_id: str) -> PlainDict:
    """What has become of the lines, and what was paid: the statement of the enterprise.

    Returns: outcome (completed or completed_partially), line_count (of those without faults), paid_count, denied_count,
    expired_count, refunded_count, paid_fen, net_fen.
    """
    task = states.fetch_task(call.connection, task_id)
    of_list = (express_line.c.list_id == task["list_id"], express_line.c.faults == [])
    totals = select(
        express_line.c.state, func.count(), func.sum(express_line.c.pay_fen), func.sum(express_line.c.net_fen)
    )
    found = {
        state: (count, int(pay_fen), int(net_fen))
        for state, count, pay_fen, net_fen in call.connection.execute(
            totals.where(*of_list).group_by(express_line.c.state)
        )
    }
    nothing = (0, 0, 0)
    _, paid_fen, net_fen = found.get("paid", nothing)
    counts: PlainDict = {
        f"{name}_count": found.get(name, nothing)[0] for name in ("paid", "denied", "expired", "refunded")
    }
    statement: PlainDict = {
        "line_count": sum(count for count, _, _ in found.values()),
        **counts,
        "paid_fen": paid_fen,
        "net_fen": net_fen,
    }
    call.note("express_statement", task_id=task_id, **statement)
    is_whole = statement["paid_count"] == statement["line_count"]
    return statement | {"outcome": "completed" if is_whole else "completed_partially"}
