"""Topics that divide the money of an order that was cancelled or disputed."""

from sqlalchemy import select

from engine.definitions.registry import TopicCall, topic
from engine.services.ledger import accounts, rules
from engine.services.ledger.fees import DEDUCTED, NO_FEE, compute_settlement, read_terms, share_of
from engine.services.ledger.posting import balance_of
from engine.services.ledger.tables import journal, posting
from engine.services.ledger.topics.calls import ESCROW, HOLD, check_owner, escrow_fen, moved_before, open_book
from engine.storage.plain import PlainDict


@topic("preview_cancellation")
def preview_cancellation(call: TopicCall, *, escrow_ref: str, charge_bps: int, worker_share_bps: int) -> PlainDict:
    """Computes how a cancellation would divide what is in the escrow, without moving money.

    Returns: escrow_fen, compensation_fen, platform_fen, refund_fen.
    """
    held_fen = escrow_fen(call, escrow_ref)
    charge_fen = share_of(held_fen, charge_bps)
    compensation_fen = share_of(charge_fen, worker_share_bps)
    return {
        "escrow_fen": held_fen,
        "compensation_fen": compensation_fen,
        "platform_fen": charge_fen - compensation_fen,
        "refund_fen": held_fen - charge_fen,
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
    account = accounts.escrow(escrow_ref)
    check_owner(call, account, payer)
    held_fen = moved_before(call, account) or balance_of(call.connection, account)
    journal_id = rules.cancel_split(
        open_book(call, order_ref),
        escrow_ref=escrow_ref,
        payer=payer,
        payee=payee,
        escrow_fen=held_fen,
        compensation_fen=compensation_fen,
        platform_fen=platform_fen,
        vat_bps=vat_bps,
    )
    return {
        "compensation_fen": compensation_fen,
        "platform_fen": platform_fen,
        "refund_fen": held_fen - compensation_fen - platform_fen,
        "journal_id": journal_id,
    }


@topic("hold_disputed_funds")
def hold_disputed_funds(call: TopicCall, *, case_ref: str, escrow_ref: str, payee: str, amount_fen: int) -> PlainDict:
    """Makes sure that disputed money stays: in its escrow, or, once settled, held out of the payee's wallet (P-HOLD).

    Returns: source ("escrow" or "hold"), held_fen (less than asked for if less is left).
    """
    if posted_fen := moved_before(call, accounts.hold(payee, case_ref)):
        return {"source": HOLD, "held_fen": posted_fen}
    in_escrow_fen = escrow_fen(call, escrow_ref)
    if in_escrow_fen:
        return {"source": ESCROW, "held_fen": min(amount_fen, in_escrow_fen)}
    held_fen = min(amount_fen, balance_of(call.connection, accounts.wallet(payee)))
    if held_fen:
        rules.place_hold(open_book(call), party_id=payee, case_ref=case_ref, amount_fen=held_fen)
    return {"source": HOLD, "held_fen": held_fen}


@topic("release_hold")
def release_hold(call: TopicCall, *, case_ref: str, payee: str) -> PlainDict:
    """Frees all money held of a party for a case (P-UNHOLD).

    Returns: released_fen, 0 when nothing was held.
    """
    account = accounts.hold(payee, case_ref)
    if posted_fen := moved_before(call, account):
        return {"released_fen": posted_fen}
    held_fen = balance_of(call.connection, account)
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
    fee_bearer: str = DEDUCTED,
    order_ref: str = "",
    holder: str = "",
) -> PlainDict:
    """Carries out a decision: one part to the payee (fee on that part only), the rest back to the payer (P-DISPUTE).
    With the fee "on_top" it is taken out of the escrow as well. `holder`: of whom held money is, the payee if empty.

    Returns: paid_fen (net), refunded_fen, fee_fen, vat_fen, journal_id (empty if nothing was disputed any more).
    """
    is_held = source == HOLD
    if not is_held:
        check_owner(call, accounts.escrow(escrow_ref), payer)
    # The fee on settled money was taken at its settlement.
    terms = NO_FEE if is_held or fee_waived else read_terms(fee)
    split = compute_settlement(pay_fen, terms, fee_bearer=fee_bearer)
    book = open_book(call, order_ref)
    journal_id = ""
    if pay_fen or refund_fen:
        journal_id = rules.dispute_split(
            book,
            source=accounts.hold(holder or payee, case_ref) if is_held else accounts.escrow(escrow_ref),
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


@topic("reclaim_disputed_funds")
def reclaim_disputed_funds(call: TopicCall, *, journal_id: str, disputed_fen: int) -> PlainDict:
    """Takes a division back that was carried out and is to be decided anew (P-REVERSE): the money lies where it lay.
    Where a party has spent its part nothing can be taken back, and nothing divided again.

    `journal_id`: the entry of the division; empty where nothing was paid yet. Returns: held_fen.
    """
    if not journal_id:
        return {"held_fen": disputed_fen}
    query = select(posting.c.account, posting.c.amount_fen).where(posting.c.journal_id == journal_id)
    paid = {row.account: -row.amount_fen for row in call.connection.execute(query) if row.amount_fen < 0}
    reversed_before = select(journal.c.id).where(journal.c.reverses_id == journal_id)
    if call.connection.execute(reversed_before).first() is not None:
        return {"held_fen": disputed_fen}
    wallets = {account: fen for account, fen in paid.items() if account.startswith("wallet:")}
    if any(balance_of(call.connection, account) < fen for account, fen in wallets.items()):
        return {"held_fen": 0}
    rules.reverse(open_book(call), journal_id=journal_id, reason="appeal")
    return {"held_fen": disputed_fen}
