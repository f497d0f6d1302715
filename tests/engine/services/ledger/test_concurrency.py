"""Many at once: nothing is lost, nothing is booked twice, no floor is passed."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from engine.services.ledger import rules
from engine.services.ledger.posting import InsufficientFunds
from engine.storage.database import Database
from engine.storage.keys import KeyRing
from tests.engine.services.ledger.desk import Desk

WORKERS = 8


def test_concurrent_top_ups_add_up(database: Database, keys: KeyRing) -> None:
    desk = Desk(database, keys)

    def top_up(number: int) -> str:
        return desk.top_up(f"party{number % 3}", 100 + number, f"ref{number}")

    with ThreadPoolExecutor(WORKERS) as pool:
        ids = list(pool.map(top_up, range(48)))
    assert len(set(ids)) == 48
    assert sum(desk.balance(f"wallet:party{i}") for i in range(3)) == sum(100 + number for number in range(48))
    assert desk.findings() == []


def test_concurrent_repetitions_are_one_entry(database: Database, keys: KeyRing) -> None:
    desk = Desk(database, keys)
    with ThreadPoolExecutor(WORKERS) as pool:
        ids = set(pool.map(lambda number: desk.top_up("party", 100, f"ref{number % 4}"), range(32)))
    assert len(ids) == 4
    assert desk.balance("wallet:party") == 400
    assert desk.findings() == []


def test_concurrent_freezes_never_overdraw(database: Database, keys: KeyRing) -> None:
    desks = [Desk(database, keys, f"case{number}") for number in range(24)]
    desks[0].top_up("payer", 1_000)

    def freeze(number: int) -> bool:
        try:
            desks[number].book(
                f"freeze{number}",
                lambda book: rules.freeze(book, payer="payer", escrow_ref=f"o{number}", amount_fen=100),
            )
        except InsufficientFunds:
            return False
        return True

    with ThreadPoolExecutor(WORKERS) as pool:
        frozen = list(pool.map(freeze, range(24)))
    assert sum(frozen) == 10
    assert desks[0].balance("wallet:payer") == 0
    assert desks[0].findings() == []


def test_a_refused_entry_leaves_the_transaction_usable(database: Database, keys: KeyRing) -> None:
    desk = Desk(database, keys)
    desk.top_up("payer", 5)

    def overdraw_then_freeze(book: rules.Book) -> str:
        with pytest.raises(InsufficientFunds):
            rules.release(book, payer="another", source="escrow:empty", amount_fen=5)
        return rules.freeze(book, payer="payer", escrow_ref="o1", amount_fen=5)

    desk.book("freeze", overdraw_then_freeze)
    assert desk.balance("wallet:another") == 0
    assert desk.balance("escrow:o1") == 5
    assert desk.findings() == []
