"""Random lives of orders: whatever happens, with retries and empty wallets, every invariant holds after every step."""

from collections.abc import Callable
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from engine.services.ledger import rules
from engine.services.ledger.checks import check_books, check_escrow, check_seals
from engine.services.ledger.fees import NO_FEE, FeeTerms, allocate, compute_settlement, share_of
from engine.services.ledger.posting import InsufficientFunds, PostingConflict, balance_of
from engine.services.ledger.rules import Book, Origin
from engine.services.ledger.views import wallet_view
from engine.storage.database import Database
from engine.storage.keys import make_keys
from tests.support.clock import START

PARTIES = st.sampled_from(["ann", "bob", "cai"])
AMOUNTS = st.integers(1, 10**7)
BASIS_POINTS = st.integers(0, 10_000)
TERMS = st.builds(
    FeeTerms, rate_bps=BASIS_POINTS, min_fen=st.integers(0, 500), max_fen=st.none(), vat_bps=st.integers(0, 2_000)
)


class OrderLives(RuleBasedStateMachine):
    """Three parties, any number of orders; `known` is what an honest book-keeper would have on paper."""

    database: ClassVar[Database]

    def __init__(self) -> None:
        super().__init__()
        self.connection = self.database.writer.connect()  # one transaction for the whole life, never committed
        self.keys = make_keys()
        self.number = 0
        self.known: dict[str, int] = {}
        self.payer_of: dict[str, str] = {}
        self.last: Callable[[], str] | None = None

    def teardown(self) -> None:
        self.connection.close()

    def book(self, work: Callable[[Book], str], changes: dict[str, int]) -> bool:
        """Posts; repeats now and then; gives whether the money was there, and keeps the paper in step."""
        self.number += 1
        origin = Origin(f"case:step:{self.number}", START, "someone", "order", "case", "step")

        def attempt() -> str:
            return work(Book(self.connection, self.keys, origin))

        short = {code: self.known.get(code, 0) + change for code, change in changes.items()}
        if min(short.values()) < 0:
            with pytest.raises(InsufficientFunds) as refusal:
                attempt()
            assert short[refusal.value.account] == -refusal.value.missing_fen
            return False
        attempt()
        for code, change in changes.items():
            self.known[code] = self.known.get(code, 0) + change
        self.last = attempt
        return True

    @rule(party=PARTIES, amount=AMOUNTS)
    def top_up(self, party: str, amount: int) -> None:
        reference = str(self.number)
        self.book(
            lambda book: rules.top_up(book, provider="test", party_id=party, amount_fen=amount, provider_ref=reference),
            {f"wallet:{party}": amount},
        )

    @rule(payer=PARTIES, amount=AMOUNTS)
    def freeze(self, payer: str, amount: int) -> None:
        order = f"o{len(self.payer_of)}"
        if self.book(
            lambda book: rules.freeze(book, payer=payer, escrow_ref=order, amount_fen=amount),
            {f"wallet:{payer}": -amount, f"escrow:{order}": amount},
        ):
            self.payer_of[order] = payer

    def open_orders(self) -> list[str]:
        return [order for order in self.payer_of if self.known[f"escrow:{order}"] > 0]

    def pick(self, data: st.DataObject) -> tuple[str, str, int]:
        order = data.draw(st.sampled_from(self.open_orders()))
        return order, self.payer_of[order], self.known[f"escrow:{order}"]

    @precondition(lambda self: bool(self.open_orders()))
    @rule(data=st.data(), amount=AMOUNTS)
    def increase(self, data: st.DataObject, amount: int) -> None:
        order, payer, _ = self.pick(data)
        self.book(
            lambda book: rules.increase(book, payer=payer, escrow_ref=order, amount_fen=amount),
            {f"wallet:{payer}": -amount, f"escrow:{order}": amount},
        )

    @precondition(lambda self: bool(self.open_orders()))
    @rule(data=st.data(), payee=PARTIES, terms=TERMS, shares=st.lists(BASIS_POINTS, min_size=1, max_size=4))
    def settle_milestones(self, data: st.DataObject, payee: str, terms: FeeTerms, shares: list[int]) -> None:
        order, _, held = self.pick(data)
        self.number += 1
        for index, gross in enumerate(allocate(held, shares) if any(shares) else [held]):
            split = compute_settlement(gross, terms)
            if gross:
                changes = {f"escrow:{order}": -gross}
                self.pay(changes, payee, split.net_fen, split.fee_fen)
                milestone = self.number * 10 + index
                self.book(
                    lambda book, milestone=milestone, split=split: rules.settle_milestone(  # type: ignore[misc]
                        book, escrow_ref=order, milestone=milestone, payee=payee, process_key="p", terms={}, split=split
                    ),
                    changes,
                )
        self.assert_closed(order)

    @precondition(lambda self: bool(self.open_orders()))
    @rule(data=st.data(), payee=PARTIES, charge_bps=BASIS_POINTS, worker_bps=BASIS_POINTS)
    def cancel(self, data: st.DataObject, payee: str, charge_bps: int, worker_bps: int) -> None:
        order, payer, held = self.pick(data)
        charge = share_of(held, charge_bps)
        compensation = share_of(charge, worker_bps)
        changes = {f"escrow:{order}": -held, f"wallet:{payer}": held - charge}
        if payee == payer:  # never the same party in one order
            return
        self.pay(changes, payee, compensation, charge - compensation)
        self.book(
            lambda book: rules.cancel_split(
                book,
                escrow_ref=order,
                payer=payer,
                payee=payee,
                escrow_fen=held,
                compensation_fen=compensation,
                platform_fen=charge - compensation,
                vat_bps=600,
            ),
            changes,
        )
        self.assert_closed(order)

    @precondition(lambda self: bool(self.open_orders()))
    @rule(data=st.data(), payee=PARTIES, terms=TERMS, pay_bps=BASIS_POINTS)
    def decide_dispute(self, data: st.DataObject, payee: str, terms: FeeTerms, pay_bps: int) -> None:
        order, payer, held = self.pick(data)
        split = compute_settlement(share_of(held, pay_bps), terms)
        refund = held - split.gross_fen
        changes = {f"escrow:{order}": -held, f"wallet:{payer}": refund}
        self.pay(changes, payee, split.net_fen, split.fee_fen)
        self.book(
            lambda book: rules.dispute_split(
                book,
                source=f"escrow:{order}",
                payer=payer,
                payee=payee,
                process_key="p",
                terms={},
                split=split,
                refund_fen=refund,
                case_ref="d",
            ),
            changes,
        )
        self.assert_closed(order)

    @rule(payee=PARTIES, payer=PARTIES, amount=AMOUNTS, pay_bps=BASIS_POINTS)
    def dispute_settled_money(self, payee: str, payer: str, amount: int, pay_bps: int) -> None:
        source = f"hold:{payee}:d"
        if not self.book(
            lambda book: rules.place_hold(book, party_id=payee, case_ref="d", amount_fen=amount),
            {f"wallet:{payee}": -amount, source: amount},
        ):
            return
        split = compute_settlement(share_of(amount, pay_bps), NO_FEE)
        refund = amount - split.gross_fen
        changes = {source: -amount, f"wallet:{payer}": refund}
        self.pay(changes, payee, split.net_fen, 0)
        self.book(
            lambda book: rules.dispute_split(
                book,
                source=source,
                payer=payer,
                payee=payee,
                process_key="p",
                terms={},
                split=split,
                refund_fen=refund,
                case_ref="d",
            ),
            changes,
        )

    @rule(party=PARTIES, amount=AMOUNTS, succeeds=st.booleans())
    def pay_out(self, party: str, amount: int, succeeds: bool) -> None:
        payout_id = f"p{self.number}"
        if not self.book(
            lambda book: rules.withdraw(book, party_id=party, amount_fen=amount),
            {f"wallet:{party}": -amount, f"payout:{party}": amount},
        ):
            return
        end = rules.payout_ok if succeeds else rules.payout_fail
        self.book(
            lambda book: end(book, party_id=party, amount_fen=amount, payout_id=payout_id),
            {f"payout:{party}": -amount, f"wallet:{party}": 0 if succeeds else amount},
        )

    @precondition(lambda self: self.last is not None)
    @rule()
    def repeat_the_last_command(self) -> None:
        assert self.last is not None
        assert self.last() == self.last()

    @rule(amount=AMOUNTS)
    def reuse_a_key_for_something_else(self, amount: int) -> None:
        self.top_up("ann", amount)
        origin = Origin("unused", START, "someone")
        with pytest.raises(PostingConflict):
            rules.top_up(
                Book(self.connection, self.keys, origin),
                provider="test",
                party_id="bob",
                amount_fen=amount,
                provider_ref=str(self.number - 1),
            )

    @invariant()
    def books_are_right(self) -> None:
        assert check_books(self.connection) == []
        assert check_seals(self.connection, self.keys) == []
        for code, expected_fen in self.known.items():
            assert balance_of(self.connection, code) == expected_fen, code

    @invariant()
    def wallets_show_it(self) -> None:
        for party in ("ann", "bob", "cai"):
            frozen = sum(self.known[f"escrow:{order}"] for order, payer in self.payer_of.items() if payer == party)
            view = wallet_view(self.connection, party)
            assert (view.available_fen, view.frozen_fen) == (self.known.get(f"wallet:{party}", 0), frozen)

    def pay(self, changes: dict[str, int], payee: str, net_fen: int, platform_fen: int) -> None:
        """Adds what a payee and the platform get to the expected changes."""
        changes[f"wallet:{payee}"] = changes.get(f"wallet:{payee}", 0) + net_fen
        note(f"{payee} gets {net_fen}, the platform {platform_fen}")

    def assert_closed(self, order: str) -> None:
        assert self.known[f"escrow:{order}"] == 0
        assert check_escrow(self.connection, order) == []


@pytest.mark.parametrize("examples", [60, pytest.param(1_000, marks=pytest.mark.long)])
def test_every_order_life_keeps_the_invariants(sqlite_database: Database, examples: int) -> None:
    class LivesHere(OrderLives):
        database = sqlite_database

    run_state_machine_as_test(
        LivesHere,
        settings=settings(
            max_examples=examples,
            stateful_step_count=15,
            deadline=None,
            print_blob=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
