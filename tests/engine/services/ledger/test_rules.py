"""Each posting rule moves what the specification says, once, and nothing else."""

import pytest

from engine.services.ledger import rules, settling
from engine.services.ledger.accounts import kind_of
from engine.services.ledger.fees import FeeTerms, compute_settlement
from engine.services.ledger.posting import Entry, InsufficientFunds, PostingConflict, UnbalancedEntry, post
from engine.services.ledger.views import ledger_of, owner_of, statement, wallet_view
from engine.storage.database import Database
from engine.storage.keys import KeyRing
from tests.engine.services.ledger.desk import Desk

TERMS = FeeTerms(rate_bps=1000, min_fen=0, max_fen=None, vat_bps=600)


@pytest.fixture
def desk(sqlite_database: Database, keys: KeyRing) -> Desk:
    desk = Desk(sqlite_database, keys)
    desk.top_up("payer", 250_000)
    return desk


def freeze(desk: Desk, amount_fen: int, key: str = "freeze") -> str:
    return desk.book(key, lambda book: rules.freeze(book, payer="payer", escrow_ref="o1", amount_fen=amount_fen))


def settle(desk: Desk, gross_fen: int) -> str:
    split = compute_settlement(gross_fen, TERMS)
    return desk.book(
        f"settle{gross_fen}",
        lambda book: settling.settle(
            book, escrow_ref="o1", payee="taker", process_key="hire_order", terms={}, split=split
        ),
    )


def test_cancellation_splits_the_escrow(desk: Desk) -> None:
    freeze(desk, 100_000)
    desk.book(
        "cancel",
        lambda book: rules.cancel_split(
            book,
            escrow_ref="o1",
            payer="payer",
            payee="taker",
            escrow_fen=100_000,
            compensation_fen=8_000,
            platform_fen=2_000,
            vat_bps=600,
        ),
    )
    assert desk.balance("wallet:taker") == 8_000
    assert desk.balance("rev:cancellation") + desk.balance("vat:payable") == 2_000
    assert desk.balance("vat:payable") == 113
    assert desk.balance("wallet:payer") == 240_000
    assert desk.findings() == desk.escrow_findings("o1") == []


def test_cancellation_of_more_than_the_escrow_is_refused(desk: Desk) -> None:
    freeze(desk, 100)
    with pytest.raises(ValueError, match="Expected parts of 100 fen"):
        desk.book(
            "cancel",
            lambda book: rules.cancel_split(
                book,
                escrow_ref="o1",
                payer="payer",
                payee="taker",
                escrow_fen=100,
                compensation_fen=90,
                platform_fen=20,
                vat_bps=600,
            ),
        )


def test_provider_settlement_keeps_custody_whole(desk: Desk) -> None:
    desk.book("psp", lambda book: rules.provider_settlement(book, provider="test", amount_fen=250_000, cost_fen=1_500))
    assert desk.balance("bank:custody") == 250_000
    assert (desk.balance("psp:test"), desk.balance("exp:psp"), desk.balance("bank:own")) == (0, 1_500, -1_500)
    assert desk.findings() == []


def test_hold_and_unhold(desk: Desk) -> None:
    desk.book("hold", lambda book: rules.place_hold(book, party_id="payer", case_ref="d1", amount_fen=50_000))
    with desk.database.read() as connection:
        view = wallet_view(connection, "payer")
    assert (view.available_fen, view.held_fen) == (200_000, 50_000)
    desk.book("unhold", lambda book: rules.lift_hold(book, party_id="payer", case_ref="d1", amount_fen=50_000))
    assert desk.balance("wallet:payer") == 250_000
    assert desk.findings() == []


def test_goodwill_is_paid_from_own_money(desk: Desk) -> None:
    desk.book("decide", lambda book: rules.goodwill(book, party_id="taker", amount_fen=700, case_ref="d1"))
    assert desk.balance("wallet:taker") == desk.balance("exp:goodwill") == desk.balance("bank:custody") == 700
    assert desk.balance("bank:own") == -700
    assert desk.findings() == []


def test_a_payout_has_one_end(desk: Desk) -> None:
    desk.book("hold", lambda book: rules.withdraw(book, party_id="payer", amount_fen=250_000))
    with desk.database.read() as connection:
        assert wallet_view(connection, "payer").pending_payout_fen == 250_000
    desk.book("ok", lambda book: rules.payout_ok(book, party_id="payer", amount_fen=250_000, payout_id="p1"))
    with pytest.raises(PostingConflict):
        desk.book("fail", lambda book: rules.payout_fail(book, party_id="payer", amount_fen=250_000, payout_id="p1"))
    assert desk.balance("payout:payer") == desk.balance("wallet:payer") == 0
    assert desk.balance("bank:custody") == -250_000
    assert desk.findings() == []


def test_a_failed_payout_comes_back(desk: Desk) -> None:
    desk.book("hold", lambda book: rules.withdraw(book, party_id="payer", amount_fen=1_000))
    desk.book("fail", lambda book: rules.payout_fail(book, party_id="payer", amount_fen=1_000, payout_id="p1"))
    assert desk.balance("wallet:payer") == 250_000
    assert desk.findings() == []


def test_reversal_mirrors_an_entry_once(desk: Desk) -> None:
    entry_id = freeze(desk, 100_000)
    reversal = desk.book("undo", lambda book: rules.reverse(book, journal_id=entry_id, reason="wrong order"))
    again = desk.book("undo2", lambda book: rules.reverse(book, journal_id=entry_id, reason="wrong order"))
    assert reversal == again
    assert desk.balance("wallet:payer") == 250_000
    assert desk.findings() == []


def test_reversal_of_nothing_is_refused(desk: Desk) -> None:
    with pytest.raises(ValueError, match="Expected an entry"):
        desk.book("undo", lambda book: rules.reverse(book, journal_id="none", reason="?"))


def test_the_same_key_and_content_gives_the_first_entry(desk: Desk) -> None:
    assert freeze(desk, 100_000) == freeze(desk, 100_000)
    assert desk.balance("escrow:o1") == 100_000


def test_the_same_key_with_other_content_is_refused(desk: Desk) -> None:
    freeze(desk, 100_000)
    with pytest.raises(PostingConflict):
        freeze(desk, 100_001)
    assert desk.balance("escrow:o1") == 100_000


def test_an_escrow_is_settled_once(desk: Desk) -> None:
    freeze(desk, 100_000)
    settle(desk, 40_000)
    with pytest.raises(PostingConflict):
        settle(desk, 60_000)


def test_money_that_is_not_there_is_not_moved(desk: Desk) -> None:
    with pytest.raises(InsufficientFunds) as caught:
        freeze(desk, 250_001)
    assert (caught.value.account, caught.value.missing_fen) == ("wallet:payer", 1)
    assert desk.balance("escrow:o1") == 0
    assert freeze(desk, 250_000)  # the refused entry left its key free


@pytest.mark.parametrize("lines", [{}, {"wallet:a": 0}, {"wallet:a": 5}, {"wallet:a": 5, "escrow:o": -4}])
def test_an_entry_must_balance(desk: Desk, lines: dict[str, int]) -> None:
    with pytest.raises(UnbalancedEntry):
        desk.book("odd", lambda book: post(book.connection, book.keys, _entry(book, lines)))


def _entry(book: rules.Book, lines: dict[str, int]) -> Entry:
    return Entry("odd", "P-MANUAL", lines, "o1", "case1", "element", "someone", book.origin.at)


@pytest.mark.parametrize("code", ["purse:x", "wallet", "wallet:", ""])
def test_unknown_accounts_are_refused(code: str) -> None:
    with pytest.raises(ValueError, match="Expected an account code"):
        kind_of(code)


def test_the_statement_shows_movements_newest_first(desk: Desk) -> None:
    freeze(desk, 100_000)
    desk.book("back", lambda book: rules.release(book, payer="payer", source="escrow:o1", amount_fen=1_000))
    with desk.database.read() as connection:
        rows = statement(connection, "payer")
        assert [(row.rule, row.amount_fen, row.balance_fen) for row in rows] == [
            ("P-RELEASE", 1_000, 151_000),
            ("P-FREEZE", -100_000, 150_000),
            ("P-TOPUP", 250_000, 250_000),
        ]
        assert statement(connection, "payer", after=rows[0].seq, limit=1) == rows[1:2]
        view = wallet_view(connection, "payer")
    assert (view.available_fen, view.frozen_fen) == (151_000, 99_000)


def test_the_case_view_shows_its_entries(desk: Desk) -> None:
    freeze(desk, 33_330)
    settle(desk, 33_330)
    with desk.database.read() as connection:
        entries = ledger_of(connection, "case1")
        assert owner_of(connection, "escrow:o1") == "payer"
    assert [entry.rule for entry in entries] == ["P-FREEZE", "P-SETTLE"]
    assert dict(entries[1].lines) == {
        "escrow:o1": 33_330,
        "rev:fee:hire_order": -3_144,
        "vat:payable": -189,
        "wallet:taker": -29_997,
    }
    assert entries[1].facts["gross_fen"] == 33_330
    assert entries[1].element == "some_element"
