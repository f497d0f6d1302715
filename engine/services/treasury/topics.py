"""Topics by which platform finance moves money; their diagrams see to it that two persons decide."""

from engine.definitions.registry import TopicCall, topic
from engine.services.ledger import accounts, treasury
from engine.services.ledger.custody import prove_custody
from engine.services.ledger.posting import InsufficientFunds
from engine.services.ledger.topics.calls import insufficient, open_book
from engine.services.treasury.accounts import Unusable, check_amount, find_account
from engine.storage.plain import PlainDict

SUBJECT_LENGTH = 60
PURPOSES = {
    "income": ("提取平台收入", "Platform income out of custody"),
    "vat": ("缴纳增值税", "VAT"),
    "tax": ("缴纳代扣个人所得税", "Withheld income tax"),
}


@topic("check_posting")
def check_posting(
    call: TopicCall,
    *,
    debit_kind: str,
    credit_kind: str,
    amount_fen: int,
    reason: str,
    debit_of: str = "",
    credit_of: str = "",
) -> PlainDict:
    """Finds the two accounts of a manual posting and whether it could be made now: both exist and differ, and the
    money is there. Of a wallet or a claim it says whose; "other" names an account by its code.

    Returns: debit, credit, problem (empty, or same_account, unknown_account, unknown_member, insufficient).
    """
    call.describe(reason[:SUBJECT_LENGTH], reason[:SUBJECT_LENGTH], amount_fen)
    try:
        debit = find_account(call.connection, debit_kind, debit_of)
        credit = find_account(call.connection, credit_kind, credit_of)
        check_amount(call.connection, debit, credit, amount_fen)
    except Unusable as unusable:
        return {"debit": "", "credit": "", "problem": unusable.problem}
    return {"debit": debit, "credit": credit, "problem": ""}


@topic("post_manual")
def post_manual(
    call: TopicCall, *, debit: str, credit: str, amount_fen: int, reason: str, maker: str, attachments: list[PlainDict]
) -> PlainDict:
    """Posts an amount from any account to any other (P-MANUAL). The maker proposed it; whoever completed the task
    before this step approved it, and must be somebody else.

    Returns: journal_id. Raises BpmnError INSUFFICIENT with shortfall_fen and available_fen.
    """
    kept = [{name: one[name] for name in ("file", "name", "sha256")} for one in attachments]
    lines = {debit: amount_fen, credit: -amount_fen}
    checker = call.actor.data_id
    try:
        journal_id = treasury.manual(
            open_book(call), lines=lines, reason=reason, maker=maker, checker=checker, attachments=kept
        )
    except InsufficientFunds as short:
        raise insufficient(amount_fen, short) from short
    return {"journal_id": journal_id}


@topic("check_payment")
def check_payment(call: TopicCall, *, purpose: str, amount_fen: int) -> PlainDict:
    """Finds out whether an amount could be paid out of custody now: "income" of the platform, "vat" or "tax".

    Returns: problem (empty, or insufficient).
    """
    call.describe(*PURPOSES[purpose], amount_fen)
    proof = prove_custody(call.connection)
    there_fen = {"income": proof.sweepable_fen, "vat": proof.vat_fen, "tax": proof.tax_fen}[purpose]
    return {"problem": "" if amount_fen <= there_fen else "insufficient"}


@topic("pay_from_custody")
def pay_from_custody(
    call: TopicCall, *, purpose: str, amount_fen: int, authority: str = accounts.AUTHORITY
) -> PlainDict:
    """Pays money that is not the members' out of the custody account: "income" of the platform (P-FEESWEEP), "vat"
    contained in fees (P-VATPAY), or income "tax" withheld for an authority (P-TAXPAY); at most what there is of it.

    Returns: journal_id. Raises BpmnError INSUFFICIENT with shortfall_fen and available_fen.
    """
    book = open_book(call)
    try:
        if purpose == "income":
            journal_id = treasury.sweep_fees(book, amount_fen=amount_fen)
        elif purpose == "vat":
            journal_id = treasury.pay_vat(book, amount_fen=amount_fen)
        elif purpose == "tax":
            journal_id = treasury.pay_tax(book, authority=authority, amount_fen=amount_fen)
        else:
            raise ValueError(f"Expected income, vat or tax as the purpose, but got {purpose!r}")
    except InsufficientFunds as short:
        raise insufficient(amount_fen, short) from short
    return {"journal_id": journal_id}
