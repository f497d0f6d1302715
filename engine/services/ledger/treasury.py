"""The posting rules that move money of the platform, take in what nobody knows, and correct the books (C.4).

See `rules` for what every rule has in common. The table of C.4 names no rule for money that could not be matched and
for its matching; here they are P-SUSPENSE and P-MATCH.
"""

from collections.abc import Callable, Mapping

from sqlalchemy import select

from engine.services.ledger import accounts
from engine.services.ledger.custody import prove_custody
from engine.services.ledger.posting import InsufficientFunds, balance_of
from engine.services.ledger.rules import Book
from engine.services.ledger.tables import journal, posting
from engine.storage.plain import PlainDict


def refund_original(book: Book, *, payer: str, amount_fen: int, refund_id: str) -> str:
    """P-REFUND-ORIG, first part: money leaves the wallet for the method it once came by."""
    lines = {accounts.wallet(payer): amount_fen, accounts.payout(payer): -amount_fen}
    return book.write("P-REFUND-ORIG", lines, {"refund_id": refund_id})


def refund_ok(book: Book, *, payer: str, provider: str, amount_fen: int, refund_id: str) -> str:
    """P-REFUND-ORIG, second part: the provider paid it back. A refund that failed is a `rules.payout_fail`."""
    lines = {accounts.payout(payer): amount_fen, accounts.provider(provider): -amount_fen}
    return book.write("P-REFUND-ORIG", lines, {"refund_id": refund_id}, key=f"payout:{refund_id}")


def charge_back(book: Book, *, provider: str, payer: str, amount_fen: int, reference: str) -> str:
    """P-CHARGEBACK: the payer's bank took money back. What the wallet lacks becomes a claim against the payer."""
    key = f"chargeback:{provider}:{reference}"
    facts: PlainDict = {"payer": payer, "amount_fen": amount_fen, "provider_ref": reference}
    if first := book.find(key, facts):
        return first
    wallet = accounts.wallet(payer)
    available_fen = min(balance_of(book.connection, wallet), amount_fen)
    lines = {
        wallet: available_fen,
        accounts.claim(payer): amount_fen - available_fen,
        accounts.CUSTODY: -amount_fen,
    }
    return book.write("P-CHARGEBACK", lines, facts, key=key)


def suspend(book: Book, *, provider: str, amount_fen: int, reference: str, difference_id: str) -> str:
    """P-SUSPENSE: money that arrived and could not be matched waits until somebody knows whose it is."""
    lines = {accounts.provider(provider): amount_fen, accounts.SUSPENSE: -amount_fen}
    facts: PlainDict = {"provider_ref": reference, "difference_id": difference_id}
    return book.write("P-SUSPENSE", lines, facts, key=f"suspense:{difference_id}")


def match(book: Book, *, party_id: str, suspended_id: str) -> str:
    """P-MATCH: suspended money goes to the wallet of whom it belongs to.

    It has the key of the reversal of its P-SUSPENSE: suspended money has one end only. Raises ValueError if
    `suspended_id` is no such entry.
    """
    amount_fen = book.connection.execute(
        select(-posting.c.amount_fen)
        .join(journal, journal.c.id == posting.c.journal_id)
        .where(journal.c.id == suspended_id, journal.c.rule == "P-SUSPENSE", posting.c.account == accounts.SUSPENSE)
    ).scalar_one_or_none()
    if amount_fen is None:
        raise ValueError(f"Expected an entry of P-SUSPENSE, but {suspended_id} is none")
    lines = {accounts.SUSPENSE: amount_fen, accounts.wallet(party_id): -amount_fen}
    return book.write("P-MATCH", lines, {"suspended_id": suspended_id}, key=f"reverse:{suspended_id}")


def pay_tax(book: Book, *, authority: str, amount_fen: int) -> str:
    """P-TAXPAY: withheld income tax is remitted. Raises InsufficientFunds for more than was withheld."""
    debt = accounts.withheld_tax(authority)
    return _take_out(book, "P-TAXPAY", debt, amount_fen, lambda: balance_of(book.connection, debt))


def pay_vat(book: Book, *, amount_fen: int) -> str:
    """P-VATPAY: the VAT contained in fees is remitted. Raises InsufficientFunds for more than is owed."""
    return _take_out(book, "P-VATPAY", accounts.VAT, amount_fen, lambda: balance_of(book.connection, accounts.VAT))


def sweep_fees(book: Book, *, amount_fen: int) -> str:
    """P-FEESWEEP: the platform takes its income out. Raises InsufficientFunds for more than is its own."""
    return _take_out(
        book, "P-FEESWEEP", accounts.OWN_BANK, amount_fen, lambda: prove_custody(book.connection).sweepable_fen
    )


def manual(
    book: Book, *, lines: Mapping[str, int], reason: str, maker: str, checker: str, attachments: list[PlainDict]
) -> str:
    """P-MANUAL: anything, by two persons, with a reason and attachments.

    Raises ValueError unless both persons, the reason and an attachment are there, the persons differ, and every
    account is one of C.2.
    """
    unknown = [code for code in lines if not accounts.is_known(code)]
    if unknown:
        raise ValueError(f"Expected account codes of C.2, but got {unknown}")
    if not (maker and checker and reason and attachments) or maker == checker:
        raise ValueError("Expected two persons, a reason and an attachment for a manual posting")
    facts: PlainDict = {"maker": maker, "checker": checker, "reason": reason, "attachments": [*attachments]}
    return book.write("P-MANUAL", lines, facts)


def _take_out(book: Book, rule: str, debited: str, amount_fen: int, limit: Callable[[], int]) -> str:
    """Money leaves the custody bank, up to a limit that no two entries may use up at the same time."""
    if first := book.find(book.origin.key, {"amount_fen": amount_fen}):
        return first
    if book.connection.dialect.name == "postgresql":  # SQLite has one writer anyway
        book.connection.exec_driver_sql("SELECT pg_advisory_xact_lock(hashtext('ledger:custody'))")
    missing_fen = amount_fen - limit()
    if missing_fen > 0:
        raise InsufficientFunds(accounts.CUSTODY, missing_fen)
    return book.write(rule, {debited: amount_fen, accounts.CUSTODY: -amount_fen}, {"amount_fen": amount_fen})
