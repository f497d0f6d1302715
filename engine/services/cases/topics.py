"""Topics of the service case: what is written down of it. Its money is moved by the topics of the ledger."""

from sqlalchemy import func, insert, select, update

from engine.definitions.registry import TopicCall, topic
from engine.services.cases import states
from engine.services.cases.context import COLLECTORS, digest_context
from engine.services.cases.tables import service_case
from engine.services.ledger.views import ledger_of
from engine.storage.clock import format_instant
from engine.storage.plain import PlainDict
from engine.storage.tables import history, submission


def _note_state(call: TopicCall, case_ref: str, state: str, **values: object) -> None:
    states.move(call.connection, case_ref, state, **values)
    call.note("case_state", case_ref=case_ref, state=state)


@topic("open_case")
def open_case(
    call: TopicCall,
    *,
    case_ref: str,
    subject_id: str,
    category: str,
    party_a: str,
    party_b: str,
    payer: str,
    payee: str,
    disputed_fen: int,
) -> PlainDict:
    """Opens the file of a case between two parties about money of one for the other.

    Returns: involved (who has acted in this matter so far and may therefore not decide it).
    """
    row = {
        "ref": case_ref,
        "instance_id": call.instance_id,
        "subject_id": subject_id,
        "category": category,
        "state": "open",
        "party_a": party_a,
        "party_b": party_b,
        "payer": payer,
        "payee": payee,
        "disputed_fen": disputed_fen,
        "opened_at": call.now,
    }
    call.connection.execute(insert(service_case).values(row))
    call.note("case_state", case_ref=case_ref, state="open")
    acted = select(submission.c.actor_id).where(submission.c.instance_id == call.instance_id).distinct()
    # Who acts in this very step is not among the submissions yet.
    return {"involved": sorted({call.actor.user_id, *call.connection.execute(acted).scalars()})}


@topic("collect_context")
def collect_context(call: TopicCall, *, case_ref: str, held_fen: int) -> PlainDict:
    """Collects what the decision will rest on (subject, money, timeline) into a bundle that no longer changes.

    `held_fen`: the disputed money that is still there. Returns: context_sha256.
    """
    case = states.fetch_case_row(call.connection, case_ref)
    collector = COLLECTORS.get(case["category"])
    context: PlainDict = {
        "collected_at": format_instant(call.now),
        "subject": collector(call, case["subject_id"]) if collector else {},
        "ledger": [
            {
                "id": entry.id,
                "at": format_instant(entry.at),
                "rule": entry.rule,
                "lines": [[*line] for line in entry.lines],
            }
            for entry in ledger_of(call.connection, call.instance_id)
        ],
        "history_rows": _count_history(call),
    }
    digest = digest_context(context)
    call.connection.execute(
        update(service_case)
        .where(service_case.c.ref == case_ref)
        .values(context=context, context_sha256=digest, disputed_fen=held_fen)
    )
    _note_state(call, case_ref, "arbitrating")
    return {"context_sha256": digest}


def _count_history(call: TopicCall) -> int:
    """The rows of the case's history before this step: the timeline up to here is chained and cannot change."""
    query = select(func.count()).where(history.c.stream == call.instance_id)
    return int(call.connection.execute(query).scalar_one())


@topic("record_decision")
def record_decision(call: TopicCall, *, case_ref: str) -> PlainDict:
    """Writes the decision into the case.

    Reads the form of arbitrate. Returns: decision (pay_fen, refund_fen, fee_waived, resume), goodwill_fen, goodwill_to.
    """
    form, case = call.values_of("arbitrate"), states.fetch_case_row(call.connection, case_ref)
    is_resumed = form["ruling"] == "resume"
    split = form.get("split")
    parts = split if isinstance(split, dict) and not is_resumed else {"pay_fen": 0, "refund_fen": 0}
    goodwill_fen = 0 if is_resumed else form.get("goodwill_fen") or 0
    goodwill_to = case[str(form.get("goodwill_side"))] if goodwill_fen else ""
    fee_waived = bool(form.get("fee_waived")) and not is_resumed
    _note_state(
        call,
        case_ref,
        "decided",
        arbiter_id=call.actor.user_id,
        decided_at=call.now,
        is_resumed=int(is_resumed),
        pay_fen=parts["pay_fen"],
        refund_fen=parts["refund_fen"],
        fee_waived=int(fee_waived),
        goodwill_fen=goodwill_fen,
        goodwill_to=goodwill_to,
        fault=form["fault"],
        reasons=form["reasons"],
        rule_refs=form.get("rule_refs") or None,
    )
    decision: PlainDict = {
        "pay_fen": parts["pay_fen"],
        "refund_fen": parts["refund_fen"],
        "fee_waived": fee_waived,
        "resume": is_resumed,
    }
    return {"decision": decision, "goodwill_fen": goodwill_fen, "goodwill_to": goodwill_to}


@topic("close_case")
def close_case(call: TopicCall, *, case_ref: str) -> PlainDict:
    """Closes a decided case after its decision was carried out.

    Returns: nothing.
    """
    _note_state(call, case_ref, "closed", closed_at=call.now)
    return {}
