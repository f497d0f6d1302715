"""Topics that move money of an order. What a diagram hands in and gets back is listed in bpmn/shared/README.md."""

from engine.definitions.registry import TopicCall, topic
from engine.language.errors import BpmnError
from engine.services.ledger import accounts, rules
from engine.services.ledger.checks import check_escrow
from engine.services.ledger.fees import (
    NO_FEE,
    compute_settlement,
    read_settlement,
    read_terms,
    share_of,
)
from engine.services.ledger.posting import InsufficientFunds, balance_of
from engine.services.ledger.rules import Book, Origin
from engine.services.ledger.views import escrow_owner
from engine.storage.plain import PlainDict

INSUFFICIENT = "INSUFFICIENT"
INCREASE = "increase"
ESCROW, HOLD = "escrow", "hold"


class EscrowNotEmpty(Exception):
    """An order is to be closed while its escrow still holds money, or less went out than came in (I4, I5)."""


class ForeignEscrow(Exception):
    """Money of an escrow was to go back to somebody who did not put it there."""


def open_book(call: TopicCall, order_ref: str = "") -> Book:
    """The ledger as this service task writes it: every entry names instance, element and actor."""
    origin = Origin(
        key=call.key,
        at=call.now,
        actor_id=call.actor.user_id,
        order_ref=order_ref,
        instance_id=call.instance_id,
        element=call.element,
    )
    return Book(call.connection, call.keys, origin)


@topic("freeze_funds")
def freeze_funds(
    call: TopicCall, *, payer: str, amount_fen: int, escrow_ref: str, order_ref: str, reason: str = "reward"
) -> PlainDict:
    """Moves money of the payer into the escrow of an order: P-FREEZE, or P-INCREASE for the reason "increase".

    Returns: journal_id, frozen_fen. Raises BpmnError INSUFFICIENT with shortfall_fen and available_fen.
    """
    post_rule = rules.increase if reason == INCREASE else rules.freeze
    try:
        journal_id = post_rule(open_book(call, order_ref), payer=payer, escrow_ref=escrow_ref, amount_fen=amount_fen)
    except InsufficientFunds as short:
        raise insufficient(amount_fen, short) from short
    return {"journal_id": journal_id, "frozen_fen": amount_fen}


def insufficient(amount_fen: int, short: InsufficientFunds) -> BpmnError:
    """The business error a diagram catches, with what is missing and what is there."""
    values: PlainDict = {"shortfall_fen": short.missing_fen, "available_fen": amount_fen - short.missing_fen}
    return BpmnError(INSUFFICIENT, str(short), values)


@topic("release_funds")
def release_funds(
    call: TopicCall, *, escrow_ref: str, payer: str, amount_fen: int | None = None, order_ref: str = ""
) -> PlainDict:
    """Gives money of an escrow back to its payer: all that is left, or an amount (P-RELEASE).

    Returns: released_fen, 0 when nothing was left.
    """
    released_fen = _escrow_fen(call, escrow_ref) if amount_fen is None else amount_fen
    if released_fen == 0:
        return {"released_fen": 0}
    _check_owner(call, escrow_ref, payer)
    rules.release(open_book(call, order_ref), payer=payer, escrow_ref=escrow_ref, amount_fen=released_fen)
    return {"released_fen": released_fen}


@topic("settle_reward")
def settle_reward(
    call: TopicCall,
    *,
    escrow_ref: str,
    payee: str,
    gross_fen: int,
    fee: PlainDict,
    process: str = "hire_order",
    milestone: int = 0,
    fixed: PlainDict | None = None,
    order_ref: str = "",
) -> PlainDict:
    """Pays the accepted work out of the escrow, less the platform fee (P-SETTLE, or P-MILESTONE from milestone 1 on).

    The fee follows from the terms, unless it was `fixed` before (fee_fen, vat_fen): a milestone bears its part of the
    fee on the whole reward. Returns: gross_fen, fee_fen, vat_fen, tax_fen, net_fen, journal_id.
    """
    split = read_settlement(gross_fen, fixed) if fixed else compute_settlement(gross_fen, read_terms(fee))
    book = open_book(call, order_ref)
    if milestone:
        journal_id = rules.settle_milestone(
            book,
            escrow_ref=escrow_ref,
            milestone=milestone,
            payee=payee,
            process_key=process,
            terms=fee,
            split=split,
        )
    else:
        journal_id = rules.settle(book, escrow_ref=escrow_ref, payee=payee, process_key=process, terms=fee, split=split)
    return {**split.as_plain(), "journal_id": journal_id}


@topic("preview_cancellation")
def preview_cancellation(call: TopicCall, *, escrow_ref: str, charge_bps: int, worker_share_bps: int) -> PlainDict:
    """Computes how a cancellation would divide what is in the escrow, without moving money.

    Returns: escrow_fen, compensation_fen, platform_fen, refund_fen.
    """
    escrow_fen = _escrow_fen(call, escrow_ref)
    charge_fen = share_of(escrow_fen, charge_bps)
    compensation_fen = share_of(charge_fen, worker_share_bps)
    return {
        "escrow_fen": escrow_fen,
        "compensation_fen": compensation_fen,
        "platform_fen": charge_fen - compensation_fen,
        "refund_fen": escrow_fen - charge_fen,
    }


@topic("split_cancellation")
def split_cancellation(
    call: TopicCall,
    *,
    escrow_ref: str,
    payer: str,
    payee: str,
    compensation_fen: int,
    platform_fen: int,
    vat_bps: int = 600,
    order_ref: str = "",
) -> PlainDict:
    """Divides the whole escrow of a cancelled order between worker, platform and payer (P-CANCEL).

    Returns: compensation_fen, platform_fen, refund_fen, journal_id.
    """
    _check_owner(call, escrow_ref, payer)
    escrow_fen = _escrow_fen(call, escrow_ref)
    journal_id = rules.cancel_split(
        open_book(call, order_ref),
        escrow_ref=escrow_ref,
        payer=payer,
        payee=payee,
        escrow_fen=escrow_fen,
        compensation_fen=compensation_fen,
        platform_fen=platform_fen,
        vat_bps=vat_bps,
    )
    return {
        "compensation_fen": compensation_fen,
        "platform_fen": platform_fen,
        "refund_fen": escrow_fen - compensation_fen - platform_fen,
        "journal_id": journal_id,
    }


@topic("hold_disputed_funds")
def hold_disputed_funds(call: TopicCall, *, case_ref: str, escrow_ref: str, payee: str, amount_fen: int) -> PlainDict:
    """Makes sure that disputed money stays: in its escrow, or, once settled, held out of the payee's wallet (P-HOLD).

    Returns: source ("escrow" or "hold"), held_fen (less than asked for if less is left).
    """
    escrow_fen = _escrow_fen(call, escrow_ref)
    if escrow_fen:
        return {"source": ESCROW, "held_fen": min(amount_fen, escrow_fen)}
    held_fen = min(amount_fen, balance_of(call.connection, accounts.wallet(payee)))
    if held_fen:
        rules.place_hold(open_book(call), party_id=payee, case_ref=case_ref, amount_fen=held_fen)
    return {"source": HOLD, "held_fen": held_fen}


@topic("release_hold")
def release_hold(call: TopicCall, *, case_ref: str, payee: str) -> PlainDict:
    """Frees all money held of a party for a case (P-UNHOLD).

    Returns: released_fen, 0 when nothing was held.
    """
    held_fen = balance_of(call.connection, accounts.hold(payee, case_ref))
    if held_fen:
        rules.lift_hold(open_book(call), party_id=payee, case_ref=case_ref, amount_fen=held_fen)
    return {"released_fen": held_fen}


@topic("split_dispute")
def split_dispute(
    call: TopicCall,
    *,
    case_ref: str,
    escrow_ref: str,
    payer: str,
    payee: str,
    pay_fen: int,
    refund_fen: int,
    fee: PlainDict,
    source: str = ESCROW,
    fee_waived: bool = False,
    goodwill_fen: int = 0,
    goodwill_to: str = "",
    process: str = "hire_order",
    order_ref: str = "",
) -> PlainDict:
    """Carries out a decision: one part to the payee (fee on that part only), the rest back to the payer (P-DISPUTE).

    Returns: paid_fen (net), refunded_fen, fee_fen, vat_fen, journal_id (empty if nothing was disputed any more).
    """
    is_held = source == HOLD
    if not is_held:
        _check_owner(call, escrow_ref, payer)
    # The fee on settled money was taken at its settlement.
    terms = NO_FEE if is_held or fee_waived else read_terms(fee)
    split = compute_settlement(pay_fen, terms)
    book = open_book(call, order_ref)
    journal_id = ""
    if pay_fen or refund_fen:
        journal_id = rules.dispute_split(
            book,
            source=accounts.hold(payee, case_ref) if is_held else accounts.escrow(escrow_ref),
            payer=payer,
            payee=payee,
            process_key=process,
            terms=terms.as_plain(),
            split=split,
            refund_fen=refund_fen,
            case_ref=case_ref,
        )
    if goodwill_fen:
        rules.goodwill(book, party_id=goodwill_to, amount_fen=goodwill_fen, case_ref=case_ref)
    paid: PlainDict = {"paid_fen": split.net_fen, "fee_fen": split.fee_fen, "vat_fen": split.vat_fen}
    return {**paid, "refunded_fen": refund_fen, "journal_id": journal_id}


@topic("read_escrow")
def read_escrow(call: TopicCall, *, escrow_ref: str) -> PlainDict:
    """Reads what the escrow of an order holds now (process data may be out of date after an interruption).

    Returns: escrow_fen.
    """
    return {"escrow_fen": _escrow_fen(call, escrow_ref)}


@topic("check_escrow_empty")
def check_escrow_empty(call: TopicCall, *, escrow_ref: str) -> PlainDict:
    """Makes sure that a closed order left no money in its escrow; otherwise the case stops with an incident.

    Returns: nothing.
    """
    findings = check_escrow(call.connection, escrow_ref)
    if findings:
        raise EscrowNotEmpty("; ".join(finding.message for finding in findings))
    return {}


@topic("reverse_entry")
def reverse_entry(call: TopicCall, *, journal_id: str, reason: str) -> PlainDict:
    """Takes an entry back by its mirror image (P-REVERSE).

    Returns: journal_id of the reversal.
    """
    return {"journal_id": rules.reverse(open_book(call), journal_id=journal_id, reason=reason)}


def _escrow_fen(call: TopicCall, escrow_ref: str) -> int:
    return balance_of(call.connection, accounts.escrow(escrow_ref))


def _check_owner(call: TopicCall, escrow_ref: str, payer: str) -> None:
    owner_id = escrow_owner(call.connection, escrow_ref)
    if owner_id != payer:
        raise ForeignEscrow(f"Expected money of escrow {escrow_ref} to go back to {owner_id}, but not to {payer}")
