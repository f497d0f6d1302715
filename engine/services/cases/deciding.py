"""Topics that end a case: an answer, an agreement, a decision, a withdrawal; and what a decision does to a score.

Its money is moved by the topics of the ledger.
"""

from sqlalchemy import func, insert, select

from engine.definitions.registry import TopicCall, topic
from engine.services.cases import states
from engine.services.cases.entries import DECISION, WITHDRAWN, add_entry, last_terms
from engine.services.cases.tables import score_effect
from engine.storage.plain import Plain, PlainDict

ANSWERED = "answered"
_NOTHING: PlainDict = {"goodwill_fen": 0, "goodwill_to": "", "is_appealable": False, "appellants": []}
_NO_TURN = {"turn": None, "turn_party": None, "turn_due_at": None}


@topic("conclude_case")
def conclude_case(call: TopicCall, *, case_ref: str, outcome: str) -> PlainDict:
    """Ends a case without an arbiter: `answered` moves no money, `settled_by_agreement` and `mediated` divide it as
    the parties agreed. Nothing of it can be appealed.

    Returns: decision (pay_fen, refund_fen, fee_waived, resume), goodwill_fen, goodwill_to, is_appealable, appellants.
    """
    is_answered = outcome == ANSWERED
    terms = {"pay_fen": 0, "refund_fen": 0} if is_answered else last_terms(call.connection, case_ref)
    ended = {"outcome": outcome, "is_resumed": int(is_answered), "decided_at": call.now, **terms, **_NO_TURN}
    _note_state(call, case_ref, "answered" if is_answered else "decided", **ended)
    return {"decision": {**terms, "fee_waived": False, "resume": is_answered}, **_NOTHING}


@topic("record_withdrawal")
def record_withdrawal(call: TopicCall, *, case_ref: str) -> PlainDict:
    """Writes down that the claim was taken back: no money moves, running work goes on.

    Returns: decision (pay_fen, refund_fen, fee_waived, resume), goodwill_fen, goodwill_to, is_appealable, appellants.
    """
    case = states.fetch_case_row(call.connection, case_ref)
    add_entry(call.connection, call.now, case_ref, WITHDRAWN, party_id=case["party_a"])
    states.change(call.connection, case_ref, {"outcome": WITHDRAWN, "is_resumed": 1, **_NO_TURN})
    decision: PlainDict = {"pay_fen": 0, "refund_fen": 0, "fee_waived": False, "resume": True}
    return {"decision": decision, **_NOTHING}


@topic("record_decision", reads=["arbitrate"])
def record_decision(call: TopicCall, *, case_ref: str) -> PlainDict:
    """Writes the decision into the case.

    Reads the form of arbitrate. Returns: decision (pay_fen, refund_fen, fee_waived, resume), goodwill_fen,
    goodwill_to, is_appealable (once, and only where something was decided for good), appellants (the parties that did
    not get all they asked for).
    """
    form, case = call.values_of("arbitrate"), states.fetch_case_row(call.connection, case_ref)
    is_resumed = form["ruling"] == "resume"
    split = form.get("split")
    parts = split if isinstance(split, dict) and not is_resumed else {"pay_fen": 0, "refund_fen": 0}
    goodwill_fen = 0 if is_resumed else form.get("goodwill_fen") or 0
    goodwill_to = case[str(form.get("goodwill_side"))] if goodwill_fen else ""
    fee_waived = bool(form.get("fee_waived")) and not is_resumed
    ruling = {"pay_fen": parts["pay_fen"], "refund_fen": parts["refund_fen"]}
    add_entry(call.connection, call.now, case_ref, DECISION, text=form["reasons"], **ruling)
    is_first = (case["round"] or 0) == 0
    _note_state(
        call,
        case_ref,
        "decided",
        arbiter_id=call.actor.user_id,
        decided_at=call.now,
        is_resumed=int(is_resumed),
        fee_waived=int(fee_waived),
        goodwill_fen=goodwill_fen,
        goodwill_to=goodwill_to,
        fault=form["fault"],
        reasons=form["reasons"],
        rule_refs=form.get("rule_refs") or None,
        outcome="decided",
        round=1 if is_first else 2,
        **ruling,
        **_NO_TURN,
    )
    decision: PlainDict = {**ruling, "fee_waived": fee_waived, "resume": is_resumed}
    appellants = _list_appellants(case["claim_fen"], ruling["pay_fen"], {**case}) if is_first and not is_resumed else []
    ended: PlainDict = {"goodwill_fen": goodwill_fen, "goodwill_to": goodwill_to}
    return {"decision": decision, **ended, "is_appealable": bool(appellants), "appellants": appellants}


def _list_appellants(claim_fen: int | None, pay_fen: Plain, case: PlainDict) -> list[Plain]:
    """Party A where it did not get its claim, party B where it has to give anything."""
    claimed_fen, given_fen, total_fen = claim_fen or 0, int(str(pay_fen)), int(str(case["disputed_fen"]))
    if case["party_a"] == case["payee"]:
        wanted_fen, got_fen = claimed_fen, given_fen
    else:
        wanted_fen, got_fen = total_fen - claimed_fen, total_fen - given_fen
    lost = {"party_a": got_fen < wanted_fen, "party_b": got_fen > 0}
    return [case[side] for side, has_lost in lost.items() if has_lost]


@topic("apply_score_effects", reads=["arbitrate"])
def apply_score_effects(call: TopicCall, *, case_ref: str) -> PlainDict:
    """What the decision takes from the score of each party, or gives it. A second decision makes good the first.

    Reads the form of arbitrate. Returns: nothing.
    """
    case, form = states.fetch_case_row(call.connection, case_ref), call.values_of("arbitrate")
    for side in ("party_a", "party_b") if case["outcome"] == "decided" else ():
        before = select(func.coalesce(func.sum(score_effect.c.points), 0)).where(
            score_effect.c.case_ref == case_ref, score_effect.c.party_id == case[side]
        )
        points = int(str(form.get(f"score_{side}") or 0)) - int(call.connection.execute(before).scalar_one())
        if points:
            row = {"case_ref": case_ref, "party_id": case[side], "round": case["round"], "at": call.now}
            call.connection.execute(insert(score_effect).values(row | {"points": points}))
    return {}


@topic("close_case")
def close_case(call: TopicCall, *, case_ref: str) -> PlainDict:
    """Closes a case after its outcome was carried out.

    Returns: outcome (answered, settled_by_agreement, mediated, decided, withdrawn).
    """
    _note_state(call, case_ref, "closed", closed_at=call.now, **_NO_TURN)
    return {"outcome": states.fetch_case_row(call.connection, case_ref)["outcome"]}


def _note_state(call: TopicCall, case_ref: str, state: str, **values: object) -> None:
    states.move(call.connection, case_ref, state, **values)
    call.note("case_state", case_ref=case_ref, state=state)
