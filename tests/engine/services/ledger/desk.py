"""A counter at which tests move money: every call is one transaction with an origin of its own."""

from collections.abc import Callable
from typing import TypeVar

from engine.services.ledger import rules
from engine.services.ledger.checks import LedgerFinding, check_books, check_escrow, check_seals
from engine.services.ledger.posting import balance_of
from engine.services.ledger.rules import Book, Origin
from engine.storage.database import Database
from engine.storage.keys import KeyRing

T = TypeVar("T")


class Desk:
    """Books entries of one process instance on a database."""

    def __init__(self, database: Database, keys: KeyRing, instance_id: str = "case1") -> None:
        self.database = database
        self.keys = keys
        self.instance_id = instance_id

    def book(self, key: str, work: Callable[[Book], T], has_case: bool = True) -> T:
        """Runs `work` with a book whose idempotency key is `key`, in one transaction."""
        case = ("order1", self.instance_id, "some_element") if has_case else ("", None, None)
        return self.database.transact(
            lambda unit: work(Book(unit.connection, self.keys, Origin(key, unit.now, "someone", *case)))
        )

    def top_up(self, party_id: str, amount_fen: int, reference: str = "") -> str:
        """Money from outside into a wallet."""
        provider_ref = reference or f"{party_id}-{amount_fen}"
        return self.book(
            "unused",
            lambda book: rules.top_up(
                book, provider="test", party_id=party_id, amount_fen=amount_fen, provider_ref=provider_ref
            ),
            has_case=False,
        )

    def balance(self, code: str) -> int:
        """The balance of an account in fen."""
        with self.database.read() as connection:
            return balance_of(connection, code)

    def findings(self) -> list[LedgerFinding]:
        """What every check finds."""
        with self.database.read() as connection:
            return check_books(connection) + check_seals(connection, self.keys)

    def escrow_findings(self, escrow_ref: str) -> list[LedgerFinding]:
        """What the check of a closed order finds."""
        with self.database.read() as connection:
            return check_escrow(connection, escrow_ref)
