"""Topics around a line its person found wrong: what is wrong, and how the enterprise corrects it."""

from dataclasses import replace

from sqlalchemy import update

from engine.definitions.forms.typed import write_yuan
from engine.definitions.registry import TopicCall, topic
from engine.services.express import states
from engine.services.express.importing import describe_line, open_line
from engine.services.express.tables import express_line
from engine.services.express.telling import tell_worker
from engine.services.ledger import accounts, rules
from engine.services.ledger.fees import compute_settlement, read_terms
from engine.services.ledger.posting import balance_of
from engine.services.ledger.topics.calls import open_book
from engine.storage.plain import PlainDict

FORM = "correct_line"


@topic("report_express_problem", reads=["${element}"])
def report_express_problem(call: TopicCall, *, line_id: str, element: str) -> PlainDict:
    """Keeps what the person said is wrong with the line, from the form of an element.

    Returns: line_state, correction_count (how often the line was corrected before).
    """
    form, row = call.values_of(element), states.fetch_line(call.connection, line_id)
    problem = {"type": form.get("problem_type") or "other", "text": form.get("problem_text")}
    states.move_line(call.connection, line_id, "problem", call.now, problem=problem)
    call.note("express_line_state", line_id=line_id, state="problem")
    return {"line_state": "problem", "correction_count": row["correction_count"]}


@topic("plan_correction", reads=[FORM])
def plan_correction(call: TopicCall, *, line_id: str) -> PlainDict:
    """What the line will pay after the correction the enterprise has filled in, and what is to be frozen for it first.

    Reads the form of correct_line. Returns: pay_fen, to_freeze_fen (0 where the share suffices), needs_code.
    """
    pay_fen = call.values_of(FORM)["pay_fen"]
    assert isinstance(pay_fen, int)
    held_fen = balance_of(call.connection, accounts.escrow(line_id))
    otp_fen = call.policy["otp_amount_fen"]
    assert isinstance(otp_fen, int)
    to_freeze_fen = max(0, _charge(call, line_id, pay_fen) - held_fen)
    return {"pay_fen": pay_fen, "to_freeze_fen": to_freeze_fen, "needs_code": pay_fen >= otp_fen}


@topic("apply_correction", reads=[FORM])
def apply_correction(call: TopicCall, *, line_id: str) -> PlainDict:
    """The line says what the enterprise corrected, under a new version and a new link; its person is asked again. What
    it costs less goes back.

    Reads the form of correct_line. Returns: line_state, is_confirmed.
    """
    form, row = call.values_of(FORM), states.fetch_line(call.connection, line_id)
    pay_fen, line = form["pay_fen"], open_line(call.connection, call.keys, row)
    assert isinstance(pay_fen, int)
    assert line is not None
    said = replace(line, pay=write_yuan(pay_fen), note=str(form.get("note") or line.note))
    values = describe_line(call.connection, call.keys, line_id, said)
    counts = {"version": row["version"] + 1, "correction_count": row["correction_count"] + 1}
    call.connection.execute(update(express_line).where(express_line.c.id == line_id).values({**values, **counts}))
    surplus_fen = balance_of(call.connection, accounts.escrow(line_id)) - _charge(call, line_id, pay_fen)
    if surplus_fen > 0:
        payer = states.fetch_task(call.connection, row["task_id"])["enterprise_id"]
        rules.release(open_book(call, line_id), payer=payer, source=accounts.escrow(line_id), amount_fen=surplus_fen)
    states.move_line(call.connection, line_id, "awaiting_confirmation", call.now)
    tell_worker(call, states.fetch_line(call.connection, line_id), "express_corrected")
    call.note("express_line_corrected", line_id=line_id, version=row["version"] + 1, pay_fen=pay_fen)
    return {"line_state": "awaiting_confirmation", "is_confirmed": False}


def _charge(call: TopicCall, line_id: str, pay_fen: int) -> int:
    task = states.fetch_task(call.connection, states.fetch_line(call.connection, line_id)["task_id"])
    return compute_settlement(pay_fen, read_terms(task["fee"]), fee_bearer=task["fee_bearer"]).charge_fen
