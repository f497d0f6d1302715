"""Topics of the turns of a case: whose answer is awaited until when, and what was answered."""

from collections.abc import Mapping

from engine.definitions.registry import TopicCall, topic
from engine.language.specs.schedules import find_due
from engine.services.cases import states
from engine.services.cases.entries import SILENT, add_entry, last_terms, list_entries, list_offers
from engine.services.cases.opening import list_involved
from engine.storage.clock import format_instant
from engine.storage.plain import PlainDict

# triage, answer, reply, respond, offer, proposal, proposal_answer, arbitration, confirm, safety, appeal
_STATE_OF: Mapping[str, str] = {
    "respond": "responding",
    "offer": "negotiating",
    "proposal": "mediating",
    "arbitration": "arbitrating",
}
_STATE_AFTER: Mapping[str, str] = {"triage": "triaged"}
_PLATFORM = frozenset({"triage", "answer", "proposal", "arbitration", "confirm", "safety"})
_APPEALED, ACCEPT = "appeal.appeal", "accept"


@topic("begin_turn")
def begin_turn(call: TopicCall, *, case_ref: str, turn: str, limit: str, party: str = "") -> PlainDict:
    """Says whose answer a case waits for and until when; both parties read it. `party`: where one of them is asked.

    Returns: due_at (an instant; loops do not move it) and involved (who has acted so far and may not decide).
    """
    due = find_due(limit, call.now, call.calendar)
    values = {"turn": turn, "turn_party": party or None, "turn_due_at": due}
    _move(call, case_ref, _STATE_OF.get(turn), values)
    return {"due_at": format_instant(due), "involved": [*list_involved(call, case_ref)]}


@topic("record_answer", reads=["${element}"])
def record_answer(call: TopicCall, *, case_ref: str, answer: str, element: str = "", party: str = "") -> PlainDict:
    """Writes the answer to the present turn into the timeline. `element`: the user task whose form says more (text,
    files, split); without it nobody answered in time. `party`: who was asked, empty for the platform.

    Returns: is_agreed (the answer accepts what was offered), pay_fen, refund_fen (what it names or agrees to).
    """
    case = states.fetch_case_row(call.connection, case_ref)
    kind = f"{case['turn']}.{answer}"
    form = call.values_of(element) if element else {}
    terms = _terms(call, case_ref, kind, form)
    said = {"text": form.get("text") or None, "files": form.get("files") or []}
    is_platform = case["turn"] in _PLATFORM
    author = None if is_platform else party or case["turn_party"]
    add_entry(call.connection, call.now, case_ref, kind, party_id=author, **said, **terms)
    _move(call, case_ref, "appealed" if kind == _APPEALED else _STATE_AFTER.get(case["turn"]), {})
    amounts: PlainDict = {"pay_fen": terms.get("pay_fen", 0), "refund_fen": terms.get("refund_fen", 0)}
    return {"is_agreed": answer == ACCEPT, **amounts}


def _terms(call: TopicCall, case_ref: str, kind: str, form: PlainDict) -> PlainDict:
    """The amounts an answer names, or agrees to."""
    split = form.get("split")
    if isinstance(split, dict):
        return {"pay_fen": split["pay_fen"], "refund_fen": split["refund_fen"]}
    case = states.fetch_case_row(call.connection, case_ref)
    if kind in ("respond.accept", f"respond.{SILENT}"):
        return {"pay_fen": case["claim_fen"], "refund_fen": case["disputed_fen"] - case["claim_fen"]}
    return last_terms(call.connection, case_ref) if kind == "offer.accept" else {}


@topic("read_case_offer")
def read_case_offer(call: TopicCall, *, case_ref: str) -> PlainDict:
    """Reads the offer on the table.

    Returns: answering (the party that has to answer it), offers_made.
    """
    case, offers = states.fetch_case_row(call.connection, case_ref), list_offers(call.connection, case_ref)
    is_of_a = offers[-1]["party_id"] == case["party_a"]
    return {"answering": case["party_b" if is_of_a else "party_a"], "offers_made": len(offers)}


@topic("count_acceptances")
def count_acceptances(call: TopicCall, *, case_ref: str) -> PlainDict:
    """Reads whether both parties have accepted the proposal; silence accepts nothing.

    Returns: is_agreed.
    """
    kinds = [entry["kind"] for entry in list_entries(call.connection, case_ref)]
    return {"is_agreed": kinds.count("proposal_answer.accept") == 2}


@topic("end_turn")
def end_turn(call: TopicCall, *, case_ref: str) -> PlainDict:
    """Nobody is waited for any more.

    Returns: nothing.
    """
    _move(call, case_ref, None, {"turn": None, "turn_party": None, "turn_due_at": None})
    return {}


def _move(call: TopicCall, case_ref: str, state: str | None, values: Mapping[str, object]) -> None:
    """Writes values, and brings the case into a state if it is another than the present one."""
    if state and states.fetch_case_row(call.connection, case_ref)["state"] != state:
        states.move(call.connection, case_ref, state, **values)
        call.note("case_state", case_ref=case_ref, state=state)
    elif values:
        states.change(call.connection, case_ref, values)
