"""Every broken book is found, and entries cannot be changed behind the ledger's back."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from engine.services.ledger import rules
from engine.storage.database import Database
from engine.storage.keys import KeyRing
from tests.engine.services.ledger.desk import Desk

ONE_PERSON = '{"maker": "a", "checker": "a", "reason": "r", "attachments": ["f"]}'
NEGATIVE_NET = '{"gross_fen": 9, "fee_fen": 10, "tax_fen": 0, "net_fen": -1}'


@pytest.fixture
def desk(database: Database, keys: KeyRing) -> Desk:
    desk = Desk(database, keys)
    desk.top_up("payer", 1_000)
    desk.book("f1", lambda book: rules.freeze(book, payer="payer", escrow_ref="o1", amount_fen=400))
    desk.book("f2", lambda book: rules.freeze(book, payer="payer", escrow_ref="o2", amount_fen=500))
    return desk


def run(desk: Desk, statement: str) -> None:
    desk.database.transact(lambda unit: unit.connection.execute(text(statement)))


def drop_triggers(desk: Desk) -> None:
    is_sqlite = desk.database.is_sqlite
    for table in ("journal", "posting"):
        for name in (f"{table}_no_update", f"{table}_no_delete") if is_sqlite else (f"{table}_append_only",):
            run(desk, f"DROP TRIGGER {name}" + ("" if is_sqlite else f" ON {table}"))


def found(desk: Desk) -> set[str]:
    return {finding.invariant for finding in desk.findings()}


@pytest.mark.parametrize("table", ["journal", "posting"])
@pytest.mark.parametrize("change", ["UPDATE {table} SET seq = seq", "DELETE FROM {table}"])
def test_entries_cannot_be_changed_or_deleted(desk: Desk, table: str, change: str) -> None:
    with pytest.raises(DBAPIError, match="never changed"):
        run(desk, change.format(table=table))
    assert desk.findings() == []


def test_missing_triggers_are_found(desk: Desk) -> None:
    drop_triggers(desk)
    assert found(desk) == {"I12"}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ("UPDATE account SET balance_fen = balance_fen + 1 WHERE code = 'wallet:payer'", {"I2", "I6", "I14"}),
        ("UPDATE account SET has_floor = 0 WHERE code = 'wallet:payer'", {"I3"}),
        ("UPDATE account SET kind = 'income' WHERE code = 'wallet:payer'", {"I3"}),
    ],
)
def test_changed_accounts_are_found(desk: Desk, change: str, expected: set[str]) -> None:
    run(desk, change)
    assert found(desk) == expected


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ("UPDATE posting SET amount_fen = amount_fen + 1 WHERE account = 'escrow:o1'", {"I1", "I14", "I12"}),
        ("DELETE FROM posting WHERE account = 'escrow:o1'", {"I1", "I14", "I12"}),
        ("UPDATE journal SET order_ref = 'other' WHERE key = 'f1'", {"I12"}),
        ("UPDATE journal SET actor_id = 'other' WHERE key = 'f1'", {"I12"}),
        ("UPDATE journal SET element = NULL WHERE key = 'f1'", {"I13", "I12"}),
        (f"UPDATE journal SET rule = 'P-SETTLE', facts = '{NEGATIVE_NET}' WHERE key = 'f1'", {"I9", "I12"}),
        (f"UPDATE journal SET rule = 'P-MANUAL', facts = '{ONE_PERSON}' WHERE key = 'f1'", {"I13", "I12"}),
        ("UPDATE journal SET rule = 'P-ALLOCATE' WHERE key = 'f1'; UPDATE posting SET amount_fen = -amount_fen "
         "WHERE journal_id = (SELECT id FROM journal WHERE key = 'f1')", {"I11", "I14", "I12"}),
        ("UPDATE account SET balance_fen = 1 WHERE code LIKE 'psp:%'", {"I2", "I6", "I14"}),
        ("UPDATE journal SET rule = 'P-SETTLE'; UPDATE posting SET account = 'escrow:o1', seq = 2 "
         "WHERE account = 'escrow:o2'", {"I10"}),
    ],
)  # fmt: skip
def test_changed_entries_are_found(desk: Desk, change: str, expected: set[str]) -> None:
    drop_triggers(desk)
    for statement in change.split("; "):
        run(desk, statement)
    assert expected <= found(desk)


def test_a_removed_entry_breaks_its_chain(desk: Desk) -> None:
    drop_triggers(desk)
    run(desk, "DELETE FROM posting WHERE journal_id = (SELECT id FROM journal WHERE key = 'f1')")
    run(desk, "DELETE FROM journal WHERE key = 'f1'")
    assert found(desk) == {"I12", "I14"}
