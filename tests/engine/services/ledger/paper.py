"""The books an honest clerk keeps on paper beside the ledger: own arithmetic, every amount computed anew."""

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import pytest

from engine.language.errors import BpmnError
from engine.services.ledger.accounts import has_floor
from engine.services.ledger.checks import check_books, check_escrow, check_seals, trial_balance
from engine.services.ledger.custody import prove_custody
from engine.services.ledger.posting import InsufficientFunds, PostingConflict, balance_of
from engine.services.ledger.rules import Book
from engine.storage.plain import Plain, PlainDict
from tests.engine.services.ledger.counter import Counter

Changes = dict[str, int]
CUSTOMERS = ("wallet", "hold", "escrow", "goods", "guarantee", "payout", "suspense")
ON_TOP = "on_top"


@dataclass(frozen=True)
class Terms:
    """Fee terms, and how a clerk reckons with them."""

    rate_bps: int
    min_fen: int
    max_fen: int | None
    vat_bps: int
    bearer: str

    def plain(self) -> PlainDict:
        terms: PlainDict = {"rate_bps": self.rate_bps, "min_fen": self.min_fen}
        return {**terms, "max_fen": self.max_fen, "vat_bps": self.vat_bps}

    def fee(self, gross: int) -> int:
        fee = max((gross * self.rate_bps * 2 + 10_000) // 20_000, self.min_fen)
        return min(fee if self.max_fen is None else min(fee, self.max_fen), gross)

    def vat(self, fee: int) -> int:
        return fee - (fee * 20_000 + 10_000 + self.vat_bps) // (2 * (10_000 + self.vat_bps))

    def charge(self, gross: int) -> int:
        return gross + (self.fee(gross) if self.bearer == ON_TOP else 0)

    def pay(self, payee: str, process: str, gross: int, before: int = 0) -> tuple[Changes, int]:
        """Who gets what of a pay after an earlier one, and what the payer's side is charged."""
        was, now = self.fee(before), self.fee(before + gross)
        fee, vat = now - was, self.vat(now) - self.vat(was)
        net = gross if self.bearer == ON_TOP else gross - fee
        return {f"wallet:{payee}": net, f"rev:fee:{process}": fee - vat, "vat:payable": vat}, net + fee


def add(*parts: Changes) -> Changes:
    """Changes of the same accounts added up."""
    codes = [code for part in parts for code in part]
    return {code: sum(part.get(code, 0) for part in parts) for code in codes}


class Clerk:
    """Does things at a counter, foretells what comes of each, repeats one now and then, and compares."""

    def __init__(self, counter: Counter, seed: int) -> None:
        self.counter = counter
        self.random = random.Random(seed)
        self.paper: Changes = {}
        self.operations = 0
        self.refused = 0
        self.repeated = 0

    def of(self, code: str) -> int:
        """What the paper says of an account."""
        return self.paper.get(code, 0)

    def sum(self, prefixes: Iterable[str]) -> int:
        """What the paper says of all accounts of some kinds."""
        wanted = set(prefixes)
        return sum(fen for code, fen in self.paper.items() if code.partition(":")[0] in wanted)

    def own_fen(self) -> int:
        """What of the money in custody is the platform's."""
        return self.of("bank:custody") + self.sum(["psp"]) - self.sum([*CUSTOMERS, "vat", "tax"])

    def topic(self, name: str, changes: Changes, **inputs: Plain) -> bool:
        """Calls a topic; gives whether the money was there."""
        key = self.counter.new_key()

        def call() -> object:
            return self.counter.call(key, name, inputs)

        def call_other() -> object:
            return self.counter.call(key, name, {**inputs, "amount_fen": int(str(inputs["amount_fen"])) + 1})

        return self._do(call, changes, call_other if name in ("freeze_funds", "allocate_funds") else None)

    def rule(self, work: Callable[[Book], str], changes: Changes, has_case: bool = False) -> bool:
        """Posts by a rule; gives whether the money was there."""
        book = self.counter.book(has_case)
        return self._do(lambda: work(book), changes, None)

    def _do(self, call: Callable[[], object], changes: Changes, call_other: Callable[[], object] | None) -> bool:
        self.operations += 1
        left = {code: self.of(code) + change for code, change in changes.items()}
        short = sorted(code for code, fen in left.items() if fen < 0 and has_floor(code))
        if short:
            self.refused += 1
            with pytest.raises((BpmnError, InsufficientFunds)) as refusal:
                call()
            assert _missing_fen(refusal.value) == -left[short[0]]
        else:
            first = call()
            self.paper |= left
            if self.random.random() < 0.1:
                self.repeated += 1
                assert call() == first
            if call_other and self.random.random() < 0.02:
                with pytest.raises((PostingConflict, BpmnError)):
                    call_other()
        self.compare(changes)
        return not short

    def compare(self, codes: Iterable[str]) -> None:
        """The ledger says of these accounts what the paper says, and no floor is broken."""
        for code in codes:
            said = balance_of(self.counter.connection, code)
            assert said == self.of(code), code
            assert said >= 0 or not has_floor(code), code

    def check_closed(self, *refs: str) -> None:
        """Closed orders left nothing behind (I4, I5)."""
        assert [finding for ref in refs for finding in check_escrow(self.counter.connection, ref)] == []

    def check_totals(self) -> None:
        """The books balance and customers' money is whole (I2, I6)."""
        assert trial_balance(self.counter.connection).difference_fen == 0
        proof = prove_custody(self.counter.connection)
        assert (proof.own_fen, proof.difference_fen) == (self.own_fen(), 0)
        assert proof.holds

    def check_everything(self) -> None:
        """Every invariant, every seal, every account."""
        assert check_books(self.counter.connection) == []
        assert check_seals(self.counter.connection, self.counter.keys) == []
        self.compare(self.paper)


def _missing_fen(refusal: Exception) -> Plain:
    if isinstance(refusal, BpmnError):
        return refusal.values["shortfall_fen"]
    assert isinstance(refusal, InsufficientFunds)
    return refusal.missing_fen
