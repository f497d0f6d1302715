"""Topics by which platform finance moves money; their diagrams see to it that two persons decide."""

from collections.abc import Callable

from engine.definitions.registry import TopicCall, topic
from engine.language.errors import BpmnError
from engine.services.ledger import accounts, rules, treasury
from engine.services.ledger.posting import InsufficientFunds, PostingConflict
from engine.services.ledger.topics.calls import insufficient, open_book
from engine.services.treasury.accounts import describe_problem
from engine.storage.plain import PlainDict

UNFIT = "UNFIT"


@topic("check_posting")
def check_posting(call: TopicCall, *, debit: str, credit: str, amount_fen: int) -> PlainDict:
    """Finds out whether a manual posting could be made: both accounts exist and differ, and the money is there.

    Returns: problem (empty, or same_account, unknown_account, unknown_party, insufficient), account (which one).
    """
    problem, account = describe_problem(call.connection, debit, credit, amount_fen)
    return {"problem": problem, "account": account}


@topic("post_manual")
def post_manual(
    call: TopicCall, *, debit: str, credit: str, amount_fen: int, reason: str, maker: str, attachments: list[PlainDict]
) -> PlainDict:
    """Posts an amount from any account to any other (P-MANUAL). The maker proposed it; whoever completed the task
    before this step approved it, and must be somebody else.

    Returns: journal_id. Raises BpmnError INSUFFICIENT with shortfall_fen and available_fen, and UNFIT where an account
    is not one of ours.
    """
    problem, account = describe_problem(call.connection, debit, credit, 0)
    if problem:
        raise BpmnError(UNFIT, f"Expected accounts a posting can be made on, but {account} is {problem}")
    try:
        journal_id = treasury.manual(
            open_book(call),
            lines={debit: amount_fen, credit: -amount_fen},
            reason=reason,
            maker=maker,
            checker=call.actor.data_id,
            attachments=[
                {name: one[name] for name in ("file", "name", "sha256") if name in one} for one in attachments
            ],
        )
    except InsufficientFunds as short:
        raise insufficient(amount_fen, short) from short
    return {"journal_id": journal_id}


@topic("match_suspended")
def match_suspended(call: TopicCall, *, journal_id: str, payee: str) -> PlainDict:
    """Gives money that could not be matched to whom it belongs (P-MATCH). The entry is the one that suspended it.

    Returns: journal_id. Raises BpmnError UNFIT if that money has found its end already.
    """
    try:
        return {"journal_id": treasury.match(open_book(call), party_id=payee, suspended_id=journal_id)}
    except PostingConflict as ended:
        raise BpmnError(UNFIT, str(ended)) from ended


@topic("take_income")
def take_income(call: TopicCall, *, amount_fen: int) -> PlainDict:
    """Takes income of the platform out of the custody account, at most what is its own there (P-FEESWEEP).

    Returns: journal_id. Raises BpmnError INSUFFICIENT with shortfall_fen and available_fen.
    """
    return _take_out(call, amount_fen, lambda book: treasury.sweep_fees(book, amount_fen=amount_fen))


@topic("pay_vat")
def pay_vat(call: TopicCall, *, amount_fen: int) -> PlainDict:
    """Remits VAT that was contained in fees, at most what is owed (P-VATPAY).

    Returns: journal_id. Raises BpmnError INSUFFICIENT with shortfall_fen and available_fen.
    """
    return _take_out(call, amount_fen, lambda book: treasury.pay_vat(book, amount_fen=amount_fen))


@topic("pay_tax")
def pay_tax(call: TopicCall, *, amount_fen: int, authority: str = accounts.AUTHORITY) -> PlainDict:
    """Remits income tax that was withheld for an authority, at most what was withheld (P-TAXPAY).

    Returns: journal_id. Raises BpmnError INSUFFICIENT with shortfall_fen and available_fen.
    """
    return _take_out(call, amount_fen, lambda book: treasury.pay_tax(book, authority=authority, amount_fen=amount_fen))


def _take_out(call: TopicCall, amount_fen: int, post_rule: Callable[[rules.Book], str]) -> PlainDict:
    try:
        return {"journal_id": post_rule(open_book(call))}
    except InsufficientFunds as short:
        raise insufficient(amount_fen, short) from short
