"""Topics of an express task up to its funding: opened, filled in, and what its list costs."""

from sqlalchemy import func, insert, select, update

from engine.definitions.registry import TopicCall, topic
from engine.services.express import states
from engine.services.express.tables import express_line, express_task
from engine.services.ledger.fees import DEDUCTED, compute_settlement, read_terms
from engine.storage.plain import PlainDict

FORM = "draft_express"
_TEXTS = ("title", "category", "content", "period_from", "period_to", "deliverable_source", "fee_bearer")


@topic("open_express_task")
def open_express_task(call: TopicCall, *, enterprise: str) -> PlainDict:
    """Keeps an express task of the enterprise, whose list may be imported from now on. Opened again, it stays.

    Returns: task_id, task_number.
    """
    number = call.business_key or call.instance_id
    known = select(express_task.c.id).where(express_task.c.id == call.instance_id)
    if call.connection.execute(known).first() is None:
        row = {"id": call.instance_id, "number": number, "state": "draft", "enterprise_id": enterprise}
        values = row | {"fee_bearer": DEDUCTED, "created_at": call.now}
        call.connection.execute(insert(express_task).values(values))
        call.add_party(enterprise, "enterprise")
    return {"task_id": call.instance_id, "task_number": number}


@topic("save_express_task", reads=[FORM])
def save_express_task(call: TopicCall, *, task_id: str) -> PlainDict:
    """Keeps what the enterprise filled in, but for the list.

    Reads the form of draft_express. Returns: category, operator (user id of who is spending).
    """
    form = call.values_of(FORM)
    values: dict[str, object] = {name: str(form[name]) for name in _TEXTS}
    values |= {"evidence": form.get("evidence") or [], "confirm_days": form["confirm_deadline_days"]}
    call.connection.execute(update(express_task).where(express_task.c.id == task_id).values(values))
    call.describe(str(form["title"]), str(form["title"]))
    return {"category": str(form["category"]), "operator": call.actor.user_id}


@topic("plan_express_funds")
def plan_express_funds(call: TopicCall, *, task_id: str, fee: PlainDict) -> PlainDict:
    """Fixes the fee that holds for the express task, and sums up what its lines without faults cost: each with its own
    fee where that is on top, so that every line can be settled out of its share. Lines with faults are left out.

    Returns: amount_fen.
    """
    task = states.fetch_task(call.connection, task_id)
    states.move_task(call.connection, task_id, "funding", call.now, fee=fee)
    good = (express_line.c.list_id == task["list_id"], express_line.c.faults == [])
    counted = select(express_line.c.pay_fen, func.count()).where(*good).group_by(express_line.c.pay_fen)
    amount_fen = sum(
        compute_settlement(pay_fen, read_terms(fee), fee_bearer=task["fee_bearer"]).charge_fen * count
        for pay_fen, count in call.connection.execute(counted)
    )
    call.describe(task["title"], task["title"], amount_fen)
    call.note("express_task_state", task_id=task_id, state="funding", amount_fen=amount_fen)
    return {"amount_fen": amount_fen}


@topic("save_express_evidence", reads=["complete_evidence"])
def save_express_evidence(call: TopicCall, *, task_id: str) -> PlainDict:
    """Adds evidence that a reviewer asked for to what was handed in before.

    Reads the form of complete_evidence. Returns: nothing.
    """
    added, before = call.values_of("complete_evidence")["evidence"], states.fetch_task(call.connection, task_id)
    assert isinstance(added, list)
    values = {"evidence": [*before["evidence"], *added]}
    call.connection.execute(update(express_task).where(express_task.c.id == task_id).values(values))
    return {}
