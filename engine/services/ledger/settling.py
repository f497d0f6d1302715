"""The posting rules by which accepted work is paid (C.4): one for each way the money was secured.

All keys are `settle:<engagement>:<unit>`, so that a unit (the whole, a milestone, a batch) is paid at most once (I10),
by whichever rule. See `rules` for what every rule has in common.
"""

from sqlalchemy import select

from engine.services.ledger import accounts
from engine.services.ledger.fees import ON_TOP, Settlement, contained_vat
from engine.services.ledger.posting import balance_of
from engine.services.ledger.rules import Book, pay_lines
from engine.services.ledger.tables import journal
from engine.storage.plain import PlainDict

RULES = (
    *("P-SETTLE", "P-SETTLE-ONTOP", "P-MILESTONE", "P-SETTLE-PIECE"),
    *("P-SETTLE-COMPLETION", "P-SETTLE-ERRAND"),
)
WHOLE = 0


def settle(book: Book, *, escrow_ref: str, payee: str, process_key: str, terms: PlainDict, split: Settlement) -> str:
    """P-SETTLE, or P-SETTLE-ONTOP where the payer bears the fee: the accepted pay leaves the escrow."""
    rule = "P-SETTLE-ONTOP" if split.fee_bearer == ON_TOP else "P-SETTLE"
    lines = {accounts.escrow(escrow_ref): split.charge_fen, **pay_lines(payee, process_key, split)}
    return book.write(rule, lines, {"terms": terms, **split.as_plain()}, key=_key(escrow_ref, WHOLE))


def settle_milestone(
    book: Book, *, escrow_ref: str, milestone: int, payee: str, process_key: str, terms: PlainDict, split: Settlement
) -> str:
    """P-MILESTONE: the share of milestone 1, 2 ... leaves the escrow."""
    lines = {accounts.escrow(escrow_ref): split.charge_fen, **pay_lines(payee, process_key, split)}
    facts: PlainDict = {"terms": terms, "milestone": milestone, **split.as_plain()}
    return book.write("P-MILESTONE", lines, facts, key=_key(escrow_ref, milestone))


def settle_piece(
    book: Book,
    *,
    escrow_ref: str,
    batch: int,
    quantity: int,
    unit_price_fen: int,
    payee: str,
    process_key: str,
    terms: PlainDict,
    split: Settlement,
) -> str:
    """P-SETTLE-PIECE: the accepted pieces of batch 1, 2 ... are paid.

    A unit price of 0 means that it depends on the quantity. Raises ValueError unless the gross pay is quantity times
    unit price.
    """
    if unit_price_fen and split.gross_fen != quantity * unit_price_fen:
        raise ValueError(f"Expected {quantity} x {unit_price_fen} fen, but got {split.gross_fen}")
    lines = {accounts.escrow(escrow_ref): split.charge_fen, **pay_lines(payee, process_key, split)}
    pieces: PlainDict = {"batch": batch, "quantity": quantity, "unit_price_fen": unit_price_fen}
    return book.write(
        "P-SETTLE-PIECE", lines, {"terms": terms, **pieces, **split.as_plain()}, key=_key(escrow_ref, batch)
    )


def piecework_before(book: Book, escrow_ref: str, batch: int) -> int:
    """Gross pay in fen of the batches of an engagement that were settled before this one."""
    entries = book.connection.execute(
        select(journal.c.facts).where(
            journal.c.rule == "P-SETTLE-PIECE", journal.c.key.in_([_key(escrow_ref, n) for n in range(1, batch)])
        )
    ).scalars()
    return sum(int(facts["gross_fen"]) for facts in entries)


def settle_completion(
    book: Book, *, escrow_ref: str, payer: str, payee: str, process_key: str, terms: PlainDict, split: Settlement
) -> str:
    """P-SETTLE-COMPLETION: the guarantee pays first, the payer's wallet the rest."""
    key = _key(escrow_ref, WHOLE)
    facts: PlainDict = {"engagement": escrow_ref, "payer": payer, "payee": payee, **split.as_plain()}
    if first := book.find(key, facts):
        return first
    guarantee = accounts.guarantee(escrow_ref)
    guarantee_fen = min(balance_of(book.connection, guarantee), split.charge_fen)
    lines = {guarantee: guarantee_fen, **pay_lines(payee, process_key, split)}
    wallet = accounts.wallet(payer)
    lines[wallet] = lines.get(wallet, 0) + split.charge_fen - guarantee_fen
    return book.write("P-SETTLE-COMPLETION", lines, {"terms": terms, "guarantee_fen": guarantee_fen, **facts}, key=key)


def settle_errand(
    book: Book,
    *,
    escrow_ref: str,
    payer: str,
    payee: str,
    tip_fen: int,
    spent_fen: int,
    process_key: str,
    terms: PlainDict,
    split: Settlement,
    leg: int = WHOLE,
    is_last: bool = True,
) -> str:
    """P-SETTLE-ERRAND: the courier gets pay, tip and what the goods cost; the rest of their advance goes back. Where
    couriers relieve one another each has a leg, 1, 2 ...: what is left stays until the last one is paid.

    Tip and goods bear no fee. Raises ValueError if more was spent than was advanced.
    """
    key = _key(escrow_ref, leg)
    spent: PlainDict = {"payee": payee, "tip_fen": tip_fen, "spent_fen": spent_fen}
    if first := book.find(key, {**spent, **split.as_plain()}):
        return first
    goods = accounts.goods(escrow_ref)
    advance_fen = balance_of(book.connection, goods)
    if spent_fen > advance_fen:
        raise ValueError(f"Expected at most {advance_fen} fen to be spent on goods, but got {spent_fen}")
    if not is_last:
        advance_fen = spent_fen
    lines = {
        accounts.escrow(escrow_ref): split.charge_fen + tip_fen,
        goods: advance_fen,
        **pay_lines(payee, process_key, split),
    }
    lines[accounts.wallet(payee)] -= tip_fen + spent_fen
    lines[accounts.wallet(payer)] = lines.get(accounts.wallet(payer), 0) - (advance_fen - spent_fen)
    facts: PlainDict = {"terms": terms, "advance_fen": advance_fen, **spent, **split.as_plain()}
    if leg:
        facts["leg"] = leg
    return book.write("P-SETTLE-ERRAND", lines, facts, key=key)


def cancel_errand(
    book: Book,
    *,
    escrow_ref: str,
    payer: str,
    payee: str,
    compensation_fen: int,
    platform_fen: int,
    vat_bps: int,
    spent_fen: int,
) -> str:
    """P-CANCEL-ERRAND: of what is frozen the courier gets a compensation without fee and what the goods cost, the
    platform its part, the payer the rest. An errand is settled or cancelled, not both: the key is that of the whole.

    Raises ValueError if the parts exceed what is frozen.
    """
    key = _key(escrow_ref, WHOLE)
    parts: PlainDict = {"compensation_fen": compensation_fen, "platform_fen": platform_fen, "spent_fen": spent_fen}
    if first := book.find(key, parts):
        return first
    escrow, goods = accounts.escrow(escrow_ref), accounts.goods(escrow_ref)
    held_fen, advance_fen = balance_of(book.connection, escrow), balance_of(book.connection, goods)
    refund_fen = held_fen - compensation_fen - platform_fen + advance_fen - spent_fen
    if compensation_fen + platform_fen > held_fen or spent_fen > advance_fen:
        raise ValueError(f"Expected parts of {held_fen} and {advance_fen} fen, but got {parts}")
    vat_fen = contained_vat(platform_fen, vat_bps)
    lines = {
        escrow: held_fen,
        goods: advance_fen,
        accounts.wallet(payee): -(compensation_fen + spent_fen),
        accounts.CANCELLATION_REVENUE: -(platform_fen - vat_fen),
        accounts.VAT: -vat_fen,
        accounts.wallet(payer): -refund_fen,
    }
    facts: PlainDict = {**parts, "refund_fen": refund_fen, "vat_bps": vat_bps, "vat_fen": vat_fen}
    return book.write("P-CANCEL-ERRAND", lines, facts, key=key)


def _key(escrow_ref: str, unit: int) -> str:
    return f"settle:{escrow_ref}:{unit}"
