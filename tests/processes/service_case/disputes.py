"""Verbs of a service case that is opened by itself, about money that was settled before."""

from collections.abc import Callable
from dataclasses import dataclass

from engine.services.ledger import accounts, rules, settling
from engine.services.ledger.checks import check_books
from engine.services.ledger.fees import NO_FEE, compute_settlement
from engine.services.ledger.posting import balance_of
from engine.services.ledger.rules import Book
from engine.storage.database import UnitOfWork
from engine.storage.ids import new_id
from engine.storage.plain import Plain, PlainDict
from tests.support.cases import accept_decision, to_arbiter
from tests.support.stage import Stage

FEE: PlainDict = {"rate_bps": 1_000, "min_fen": 0, "max_fen": None, "vat_bps": 600}
REASONS = "双方的聊天记录与照片相互印证，成果存在部分缺陷，故退回相应比例。" * 2


@dataclass
class Disputes:
    """A payer, a payee, and an arbiter."""

    stage: Stage

    def __post_init__(self) -> None:
        self.payer = self.stage.person("payer")
        self.payee = self.stage.person("payee")
        self.arbiter = self.stage.staff("arbiter", "arbiter")
        self.ref = ""

    def settle(self, order_ref: str, amount_fen: int) -> None:
        """The payee has an amount the payer paid him, without fee."""
        split = compute_settlement(amount_fen, NO_FEE)
        terms = {**FEE, "rate_bps": 0}
        self.post(
            lambda book: rules.top_up(
                book, provider="p", party_id="payer", amount_fen=amount_fen, provider_ref=order_ref
            ),
            lambda book: rules.freeze(book, payer="payer", escrow_ref=order_ref, amount_fen=amount_fen),
            lambda book: settling.settle(
                book, escrow_ref=order_ref, payee="payee", process_key="hire_order", terms=terms, split=split
            ),
        )

    def freeze(self, order_ref: str, amount_fen: int) -> None:
        """The payer's money waits in the escrow of an order."""
        self.post(
            lambda book: rules.top_up(
                book, provider="p", party_id="payer", amount_fen=amount_fen, provider_ref=order_ref
            ),
            lambda book: rules.freeze(book, payer="payer", escrow_ref=order_ref, amount_fen=amount_fen),
        )

    def post(self, *steps: Callable[[Book], object]) -> None:
        """Postings of an earlier case, each with a key of its own."""

        def work(unit: UnitOfWork) -> None:
            for step in steps:
                origin = rules.Origin(new_id(), unit.now, "system", instance_id="earlier", element="case")
                step(Book(unit.connection, self.stage.engine.keys, origin))

        self.stage.engine.database.transact(work)

    def open(self, order_ref: str, disputed_fen: int) -> str:
        """A case of the payer against the payee."""
        self.ref = f"{order_ref}-1"
        values: PlainDict = {
            "case_ref": self.ref,
            "subject_id": order_ref,
            "party_a": "payer",
            "party_b": "payee",
            "payer": "payer",
            "payee": "payee",
            "disputed_fen": disputed_fen,
            "escrow_ref": order_ref,
            "category": "hire_order_elsewhere",
            "fee": FEE,
        }
        case_id = self.stage.start(self.payer, "service_case", values)
        assert self.stage.incidents(case_id) == []
        self.stage.settle()
        return case_id

    def decide(self, case_id: str, **fields: Plain) -> None:
        """The arbiter's decision, which nobody appeals."""
        to_arbiter(self.stage, case_id, self.ref, self.payee)
        ruling: PlainDict = {"ruling": "split", "fault": "party_b", "reasons": REASONS, **fields}
        self.stage.do(self.arbiter, case_id, "arbitrate", ruling)
        accept_decision(self.stage, case_id, self.payer, self.payee)

    def balance(self, account: str) -> int:
        with self.stage.engine.database.read() as connection:
            assert check_books(connection) == []
            return balance_of(connection, account)

    def wallets(self) -> tuple[int, int]:
        """What payer and payee may spend."""
        return self.balance(accounts.wallet("payer")), self.balance(accounts.wallet("payee"))
