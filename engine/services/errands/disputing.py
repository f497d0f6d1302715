"""Topics of a disputed errand, and what a service case about one rests on."""

from datetime import datetime

from sqlalchemy import Connection, RowMapping, select

from engine.definitions.registry import TopicCall, topic
from engine.services.cases.context import collects
from engine.services.cases.subjects import Subject, finds_subject
from engine.services.chat.queries import collect_room
from engine.services.errands import states
from engine.services.errands.contact import close_tracking_and_number
from engine.services.errands.ending import FINISHED
from engine.services.errands.notes import note_state, title_of
from engine.services.errands.offering import NO_CLAIM, end_leg, late_at_pickup
from engine.services.errands.proofs import is_bought
from engine.services.errands.tables import errand_exception, errand_leg, errand_proof, errand_quote
from engine.services.ledger import accounts, settling
from engine.services.ledger.posting import balance_of
from engine.services.ledger.topics.calls import open_book
from engine.storage.clock import format_instant
from engine.storage.plain import Plain, PlainDict

_PARTS = {"quotes": errand_quote, "legs": errand_leg, "proofs": errand_proof, "exceptions": errand_exception}


@topic("record_errand_dispute")
def record_errand_dispute(call: TopicCall, *, order_id: str) -> PlainDict:
    """Marks the errand as disputed and names the case: who claims against whom, and what money it is about.

    Returns: case_ref, claimant, respondent, disputed_fen.
    """
    row = states.fetch_row(call.connection, order_id)
    claimant = row["claimant_id"] if row["claim_kind"] == "dispute" else row["requester_id"]
    respondent = row["courier_id"] if claimant == row["requester_id"] else row["requester_id"]
    number = row["case_count"] + 1
    before = row["resume_state"] if row["state"] == "exception" else row["state"]
    note_state(call, order_id, "disputed", case_count=number, resume_state=before)
    return {
        "case_ref": f"{order_id}-{number}",
        "claimant": claimant,
        "respondent": respondent,
        "disputed_fen": balance_of(call.connection, accounts.escrow(order_id)),
    }


@topic("apply_errand_decision")
def apply_errand_decision(call: TopicCall, *, order_id: str, decision: PlainDict) -> PlainDict:
    """What a decided case means for the errand: it goes on where it was, or it is closed; then the courier has what he
    spent on goods back, and the requester the rest of the advance.

    Returns: stage, is_bought, late_at, very_late_at.
    """
    row = states.fetch_row(call.connection, order_id)
    late = late_at_pickup(call, max(row["pickup_due"], call.now))
    stage = "taken" if row["resume_state"] == "handed_over" else row["resume_state"]  # an answer is given anew
    goes_on: PlainDict = {"stage": stage, "is_bought": is_bought(call.connection, row), **late}
    if decision["resume"]:
        note_state(call, order_id, stage, handed_over_at=None, **NO_CLAIM)
        return goes_on
    if balance_of(call.connection, accounts.goods(order_id)):
        settling.cancel_errand(
            open_book(call, order_id),
            escrow_ref=order_id,
            payer=row["requester_id"],
            payee=row["courier_id"],
            compensation_fen=0,
            platform_fen=0,
            vat_bps=0,
            spent_fen=row["spent_fen"],
        )
    end_leg(call, order_id, FINISHED, int(str(decision["pay_fen"])))
    outcome = "disputed_paid" if not decision["refund_fen"] else "disputed_refunded"
    if decision["pay_fen"] and decision["refund_fen"]:
        outcome = "disputed_shared"
    close_tracking_and_number(call, outcome=outcome)
    note_state(call, order_id, "closed", outcome=outcome, **NO_CLAIM)
    return goes_on


@finds_subject(states.PROCESS)
def find_errand(connection: Connection, order_id: str) -> Subject | None:
    """An errand somebody took, as a case is about it."""
    row = connection.execute(states.SELECT_ERRAND, {"order_id": order_id}).mappings().one_or_none()
    if row is None or row["courier_id"] is None:
        return None
    return Subject(
        id=order_id,
        number=row["number"],
        title=title_of(row)[0],
        payer=row["requester_id"],
        payee=row["courier_id"],
        amount_fen=row["fee_fen"],
        instance_id=order_id,
        ended_at=row["closed_at"] if row["state"] in states.FINAL else None,
        claim=row["claim_reason"],
        claim_fen=row["claim_fen"],
    )


@collects(states.PROCESS)
def collect_errand(call: TopicCall, order_id: str) -> PlainDict:
    """The errand as it stands, its quotes, couriers, proofs and exceptions, and its chat room."""
    hidden = {"pickup", "dropoff", "recipient_name", "recipient_phone", "station_code"}
    row = _plain_row(states.fetch_row(call.connection, order_id))
    found: PlainDict = {"errand": {name: value for name, value in row.items() if name not in hidden}}
    for name, table in _PARTS.items():
        query = select(table).where(table.c.order_id == order_id).order_by(table.c.number)
        found[name] = [_plain_row(one) for one in call.connection.execute(query).mappings()]
    return {**found, "room": collect_room(call.connection, order_id)}


def _plain_row(row: RowMapping) -> PlainDict:
    return {str(name): _plain_value(value) for name, value in row.items() if name != "seal"}


def _plain_value(value: object) -> Plain:
    if isinstance(value, datetime):
        return format_instant(value)
    assert value is None or isinstance(value, (str, int, list, dict))
    return value
