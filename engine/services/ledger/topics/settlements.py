"""Topics that pay accepted work: one for each way its money was secured (C.4)."""

from engine.definitions.registry import TopicCall, topic
from engine.services.ledger import accounts, settling
from engine.services.ledger.fees import DEDUCTED, Settlement, compute_settlement, read_settlement, read_terms
from engine.services.ledger.posting import InsufficientFunds, balance_of
from engine.services.ledger.settling import piecework_before
from engine.services.ledger.topics.calls import check_owner, escrow_fen, insufficient, open_book
from engine.storage.plain import PlainDict


@topic("preview_settlement")
def preview_settlement(
    call: TopicCall, *, escrow_ref: str, gross_fen: int, fee: PlainDict, fee_bearer: str = DEDUCTED, batch: int = 0
) -> PlainDict:
    """Computes what a settlement would pay to whom, without moving money, for the form component of the same name.
    A batch counts from 1; its fee is that of the whole so far less what was taken.

    Returns: preview (gross_fen, platform_fee_bps, platform_fee_fen, vat_fen, tax_fen, net_fen, charge_fen and
    secured_fen).
    """
    terms = read_terms(fee)
    before_fen = piecework_before(open_book(call), escrow_ref, batch)
    split = compute_settlement(gross_fen, terms, fee_bearer=fee_bearer, before_fen=before_fen)
    preview: PlainDict = {
        "gross_fen": split.gross_fen,
        "platform_fee_bps": terms.rate_bps,
        "platform_fee_fen": split.fee_fen,
        "vat_fen": split.vat_fen,
        "tax_fen": split.tax_fen,
        "net_fen": split.net_fen,
        "charge_fen": split.charge_fen,
        "secured_fen": max(0, escrow_fen(call, escrow_ref) - split.charge_fen),
    }
    return {"preview": preview}


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
    fee_bearer: str = DEDUCTED,
    order_ref: str = "",
) -> PlainDict:
    """Pays the accepted work out of the escrow, less the platform fee (P-SETTLE, or P-MILESTONE from milestone 1 on).
    With the fee "on_top" the payee gets the whole pay and the escrow bears the fee as well (P-SETTLE-ONTOP).

    The fee follows from the terms, unless it was `fixed` before (fee_fen, vat_fen): a milestone bears its part of the
    fee on the whole reward. Returns: gross_fen, fee_fen, vat_fen, tax_fen, net_fen, journal_id.
    """
    if fixed:
        split = read_settlement(gross_fen, fixed)
    else:
        split = compute_settlement(gross_fen, read_terms(fee), fee_bearer=fee_bearer)
    book = open_book(call, order_ref)
    if milestone:
        journal_id = settling.settle_milestone(
            book,
            escrow_ref=escrow_ref,
            milestone=milestone,
            payee=payee,
            process_key=process,
            terms=fee,
            split=split,
        )
    else:
        journal_id = settling.settle(
            book, escrow_ref=escrow_ref, payee=payee, process_key=process, terms=fee, split=split
        )
    return _settled(split, journal_id)


@topic("settle_batch")
def settle_batch(
    call: TopicCall,
    *,
    escrow_ref: str,
    batch: int,
    quantity: int,
    payee: str,
    fee: PlainDict,
    process: str,
    unit_price_fen: int = 0,
    gross_fen: int = 0,
    fee_bearer: str = DEDUCTED,
    order_ref: str = "",
) -> PlainDict:
    """Pays the accepted pieces of batch 1, 2 ... of an engagement, one after the other (P-SETTLE-PIECE): quantity times
    unit price, or the gross pay where the price depends on the quantity. The fee is that of all pieces so far less what
    was taken, so that many small batches cost what one would.

    Returns: gross_fen, fee_fen, vat_fen, tax_fen, net_fen, journal_id.
    """
    book = open_book(call, order_ref)
    before_fen = piecework_before(book, escrow_ref, batch)
    due_fen = quantity * unit_price_fen if unit_price_fen else gross_fen
    split = compute_settlement(due_fen, read_terms(fee), fee_bearer=fee_bearer, before_fen=before_fen)
    journal_id = settling.settle_piece(
        book,
        escrow_ref=escrow_ref,
        batch=batch,
        quantity=quantity,
        unit_price_fen=unit_price_fen,
        payee=payee,
        process_key=process,
        terms=fee,
        split=split,
    )
    return _settled(split, journal_id)


@topic("settle_completion")
def settle_completion(
    call: TopicCall,
    *,
    escrow_ref: str,
    payer: str,
    payee: str,
    gross_fen: int,
    fee: PlainDict,
    process: str,
    fee_bearer: str = DEDUCTED,
    order_ref: str = "",
) -> PlainDict:
    """Pays accepted work that was not frozen before: out of the guarantee first, the rest out of the payer's wallet
    (P-SETTLE-COMPLETION). What is left of the guarantee stays until it is released.

    Returns: gross_fen, fee_fen, vat_fen, tax_fen, net_fen, journal_id. Raises BpmnError INSUFFICIENT with
    shortfall_fen and available_fen.
    """
    split = compute_settlement(gross_fen, read_terms(fee), fee_bearer=fee_bearer)
    account = accounts.guarantee(escrow_ref)
    if guarantee_fen := balance_of(call.connection, account):
        check_owner(call, account, payer)
    try:
        journal_id = settling.settle_completion(
            open_book(call, order_ref),
            escrow_ref=escrow_ref,
            payer=payer,
            payee=payee,
            process_key=process,
            terms=fee,
            split=split,
        )
    except InsufficientFunds as short:
        raise insufficient(max(0, split.charge_fen - guarantee_fen), short) from short
    return _settled(split, journal_id)


@topic("settle_errand")
def settle_errand(
    call: TopicCall,
    *,
    escrow_ref: str,
    payer: str,
    payee: str,
    gross_fen: int,
    fee: PlainDict,
    process: str,
    tip_fen: int = 0,
    spent_fen: int = 0,
    order_ref: str = "",
) -> PlainDict:
    """Pays a delivered errand: the courier gets the pay less the platform fee, the tip, and what the goods cost; what
    is left of the advance for goods goes back to the payer (P-SETTLE-ERRAND).

    Returns: gross_fen, fee_fen, vat_fen, tax_fen, net_fen, journal_id.
    """
    check_owner(call, accounts.escrow(escrow_ref), payer)
    split = compute_settlement(gross_fen, read_terms(fee))
    journal_id = settling.settle_errand(
        open_book(call, order_ref),
        escrow_ref=escrow_ref,
        payer=payer,
        payee=payee,
        tip_fen=tip_fen,
        spent_fen=spent_fen,
        process_key=process,
        terms=fee,
        split=split,
    )
    return _settled(split, journal_id)


def _settled(split: Settlement, journal_id: str) -> PlainDict:
    return {**split.as_plain(), "journal_id": journal_id}
