"""What the topics of the ledger have in common."""

from sqlalchemy import select

from engine.definitions.registry import TopicCall
from engine.language.errors import BpmnError
from engine.services.ledger import accounts
from engine.services.ledger.posting import InsufficientFunds, balance_of
from engine.services.ledger.rules import Book, Origin
from engine.services.ledger.tables import journal, posting
from engine.services.ledger.views import owner_of
from engine.storage.plain import PlainDict

INSUFFICIENT = "INSUFFICIENT"
ESCROW, GOODS, GUARANTEE, HOLD = "escrow", "goods", "guarantee", "hold"
_FROZEN = {ESCROW: accounts.escrow, GOODS: accounts.goods, GUARANTEE: accounts.guarantee}


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


def insufficient(amount_fen: int, short: InsufficientFunds) -> BpmnError:
    """The business error a diagram catches, with what is missing and what is there."""
    values: PlainDict = {"shortfall_fen": short.missing_fen, "available_fen": amount_fen - short.missing_fen}
    return BpmnError(INSUFFICIENT, str(short), values)


def account_of(source: str, escrow_ref: str) -> str:
    """The account of frozen money named by what it is frozen for. Raises ValueError for an unknown one."""
    if source not in _FROZEN:
        raise ValueError(f"Expected one of {sorted(_FROZEN)} as the source, but got {source!r}")
    return _FROZEN[source](escrow_ref)


def escrow_fen(call: TopicCall, escrow_ref: str) -> int:
    """What an escrow holds now."""
    return balance_of(call.connection, accounts.escrow(escrow_ref))


def moved_before(call: TopicCall, account: str) -> int | None:
    """What the entry of this very execution moved on an account, in fen; None if it was not posted yet.

    For topics that move all there is: a repeated call finds nothing there any more.
    """
    query = select(posting.c.amount_fen).join(journal, journal.c.id == posting.c.journal_id)
    found = call.connection.execute(query.where(journal.c.key == call.key, posting.c.account == account))
    amount_fen = found.scalar_one_or_none()
    return None if amount_fen is None else abs(amount_fen)


def check_owner(call: TopicCall, account: str, payer: str) -> None:
    """Raises ForeignEscrow unless the frozen money is the payer's."""
    owner_id = owner_of(call.connection, account)
    if owner_id != payer:
        raise ForeignEscrow(f"Expected money of {account} to go back to {owner_id}, but not to {payer}")
