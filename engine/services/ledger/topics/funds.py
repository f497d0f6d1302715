"""Topics that freeze money for an order, give it back, and tell what is there."""

from engine.definitions.registry import TopicCall, topic
from engine.services.ledger import accounts, rules
from engine.services.ledger.checks import check_escrow
from engine.services.ledger.posting import InsufficientFunds, balance_of
from engine.services.ledger.topics.calls import (
    ESCROW,
    account_of,
    check_owner,
    escrow_fen,
    insufficient,
    moved_before,
    open_book,
)
from engine.services.ledger.views import owner_of
from engine.storage.plain import PlainDict

_FREEZING = {
    "reward": rules.freeze,
    "increase": rules.increase,
    "goods": rules.freeze_goods,
    "guarantee": rules.guarantee,
}


class EscrowNotEmpty(Exception):
    """An order is to be closed while its escrow still holds money, or less went out than came in (I4, I5)."""


@topic("freeze_funds")
def freeze_funds(
    call: TopicCall, *, payer: str, amount_fen: int, escrow_ref: str, order_ref: str, reason: str = "reward"
) -> PlainDict:
    """Freezes money of the payer for an order. The reason says for what: "reward" (P-FREEZE), "increase" for more
    into the same escrow (P-INCREASE), "goods" for an advance to buy them (P-FREEZE-GOODS), "guarantee" for the deposit
    of an engagement that is settled on completion (P-GUARANTEE).

    Returns: journal_id, frozen_fen. Raises BpmnError INSUFFICIENT with shortfall_fen and available_fen.
    """
    if reason not in _FREEZING:
        raise ValueError(f"Expected one of {sorted(_FREEZING)} as the reason, but got {reason!r}")
    book = open_book(call, order_ref)
    try:
        journal_id = _FREEZING[reason](book, payer=payer, escrow_ref=escrow_ref, amount_fen=amount_fen)
    except InsufficientFunds as short:
        raise insufficient(amount_fen, short) from short
    return {"journal_id": journal_id, "frozen_fen": amount_fen}


@topic("release_funds")
def release_funds(
    call: TopicCall,
    *,
    escrow_ref: str,
    payer: str,
    amount_fen: int | None = None,
    order_ref: str = "",
    source: str = ESCROW,
) -> PlainDict:
    """Gives frozen money back to its payer: all that is left, or an amount (P-RELEASE). The source is "escrow",
    "goods" or "guarantee".

    Returns: released_fen, 0 when nothing was left.
    """
    account = account_of(source, escrow_ref)
    if posted_fen := moved_before(call, account):
        return {"released_fen": posted_fen}
    released_fen = balance_of(call.connection, account) if amount_fen is None else amount_fen
    if released_fen == 0:
        return {"released_fen": 0}
    check_owner(call, account, payer)
    rules.release(open_book(call, order_ref), payer=payer, source=account, amount_fen=released_fen)
    return {"released_fen": released_fen}


@topic("allocate_funds")
def allocate_funds(
    call: TopicCall, *, task_ref: str, escrow_ref: str, amount_fen: int, order_ref: str = ""
) -> PlainDict:
    """Sets the share of one engagement aside from the escrow of its task (P-ALLOCATE), so that no worker can use up
    another's money.

    Returns: journal_id, allocated_fen. Raises BpmnError INSUFFICIENT if the task's escrow holds less.
    """
    owner_id = owner_of(call.connection, accounts.escrow(task_ref))
    if owner_id is None:
        raise ValueError(f"Expected money in the escrow of {task_ref}, but nothing was ever frozen for it")
    book = open_book(call, order_ref)
    try:
        journal_id = rules.allocate(
            book, task_ref=task_ref, escrow_ref=escrow_ref, amount_fen=amount_fen, owner_id=owner_id
        )
    except InsufficientFunds as short:
        raise insufficient(amount_fen, short) from short
    return {"journal_id": journal_id, "allocated_fen": amount_fen}


@topic("return_share")
def return_share(call: TopicCall, *, task_ref: str, escrow_ref: str, order_ref: str = "") -> PlainDict:
    """Returns what an engagement did not use to the escrow of its task, for another seat (P-ALLOCATE, and back).

    Returns: returned_fen, 0 when nothing was left.
    """
    if posted_fen := moved_before(call, accounts.escrow(escrow_ref)):
        return {"returned_fen": posted_fen}
    left_fen = escrow_fen(call, escrow_ref)
    if left_fen:
        owner_id = owner_of(call.connection, accounts.escrow(task_ref))
        check_owner(call, accounts.escrow(escrow_ref), owner_id or "")
        rules.return_share(open_book(call, order_ref), task_ref=task_ref, escrow_ref=escrow_ref, amount_fen=left_fen)
    return {"returned_fen": left_fen}


@topic("read_escrow")
def read_escrow(call: TopicCall, *, escrow_ref: str) -> PlainDict:
    """Reads what the escrow of an order holds now (process data may be out of date after an interruption).

    Returns: escrow_fen.
    """
    return {"escrow_fen": escrow_fen(call, escrow_ref)}


@topic("check_escrow_empty")
def check_escrow_empty(call: TopicCall, *, escrow_ref: str) -> PlainDict:
    """Makes sure that a closed order left no money frozen: escrow, goods and guarantee. Otherwise the case stops with
    an incident.

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
