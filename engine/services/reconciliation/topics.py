"""Topics of the diagram in which platform finance clears a difference up."""

from typing import Any

from sqlalchemy import Row, literal, select, update

from engine.definitions.registry import TopicCall, topic
from engine.language.errors import BpmnError
from engine.services.ledger import rules, treasury
from engine.services.ledger.posting import InsufficientFunds, PostingConflict
from engine.services.ledger.tables import journal
from engine.services.ledger.topics.calls import open_book
from engine.services.payments.tables import payment
from engine.services.reconciliation.tables import difference
from engine.services.reconciliation.words import KINDS, LINES
from engine.services.treasury.parties import find_party
from engine.storage.plain import PlainDict

CREDIT, SEND_BACK, CORRECT, EXPLAIN, ARRIVED = "credit", "send_back", "correct", "explain", "arrived"
_STATES = {
    CREDIT: "credited",
    SEND_BACK: "sent_back",
    CORRECT: "corrected",
    EXPLAIN: "explained",
    ARRIVED: "arrived",
}
UNFIT = "UNFIT"


@topic("open_difference")
def open_difference(call: TopicCall, *, difference_id: str) -> PlainDict:
    """Makes a difference known to lists and searches, by what it is and its day.

    Returns: member_id and problem, both empty until somebody works on it.
    """
    row = call.connection.execute(select(difference).where(difference.c.id == difference_id)).one()
    zh, en = (f"{LINES[row.line_kind][language]} · {KINDS[row.kind][language]}" for language in ("zh", "en"))
    call.describe(f"{zh} · {row.day}", f"{en} · {row.day}", row.suspended_fen or row.our_fen or row.their_fen)
    return {"member_id": "", "problem": ""}


@topic("find_member")
def find_member(call: TopicCall, *, member: str) -> PlainDict:
    """Finds a person or an organisation by login, full name or number.

    Returns: member_id, problem (empty, or unknown_member).
    """
    found = find_party(call.connection, member)
    return {"member_id": found or "", "problem": "" if found else "unknown_member"}


@topic("settle_difference")
def settle_difference(call: TopicCall, *, difference_id: str, resolution: str, payee: str = "") -> PlainDict:
    """Carries out what was decided about a difference: "credit" suspended money to a member (P-MATCH), "send_back" to
    the provider (P-REVERSE), "correct" our top-up to the provider's amount, "explain" (nothing moves), or "arrived"
    (a later file has it).

    Returns: difference_state. Raises BpmnError UNFIT with problem: "unfit" if that cannot be done to this difference,
    "insufficient" if the money was spent.
    """
    row = call.connection.execute(select(difference).where(difference.c.id == difference_id)).one()
    state = _STATES[resolution]
    if row.state == state:
        return {"difference_state": state}
    try:
        _move(call, row, resolution, payee)
    except InsufficientFunds as short:
        raise _unfit("insufficient", str(short)) from short
    except PostingConflict as ended:
        raise _unfit("unfit", str(ended)) from ended
    changed = update(difference).where(difference.c.id == difference_id)
    call.connection.execute(changed.values(state=state, closed_at=call.now))
    return {"difference_state": state}


def _move(call: TopicCall, row: Row[Any], resolution: str, payee: str) -> None:
    book = open_book(call)
    if resolution == CREDIT and row.suspended_id and payee:
        treasury.match(book, party_id=payee, suspended_id=row.suspended_id)
    elif resolution == SEND_BACK and row.suspended_id:
        rules.reverse(book, journal_id=row.suspended_id, reason=row.kind)
    elif resolution == CORRECT:
        _correct(call, row)
    elif resolution not in (EXPLAIN, ARRIVED):
        raise _unfit("unfit", f"Expected something that can be done to {row.kind}, but got {resolution}")


def _correct(call: TopicCall, row: Row[Any]) -> None:
    """Our top-up is reversed; what did arrive takes the way of money that was not matched, to the same wallet."""
    key = literal("topup:").concat(payment.c.provider).concat(":").concat(payment.c.provider_ref)
    credited = select(journal.c.id).join(payment, journal.c.key == key).where(payment.c.id == row.reference)
    journal_id = call.connection.execute(credited).scalar_one_or_none()
    if journal_id is None or row.suspended_id or not row.party_id:
        raise _unfit("unfit", f"Expected a top-up that is too high, but {row.reference} is none")
    book = open_book(call)
    rules.reverse(book, journal_id=journal_id, reason=row.kind)
    if row.their_fen:
        suspended_id = treasury.suspend(
            book,
            provider=row.provider,
            amount_fen=row.their_fen,
            reference=row.reference,
            difference_id=row.id,
        )
        treasury.match(book, party_id=row.party_id, suspended_id=suspended_id)


def _unfit(problem: str, message: str) -> BpmnError:
    return BpmnError(UNFIT, message, {"problem": problem})
