"""A day's file against our books: what is booked at once, which case is opened, what two persons make of it."""

from typing import Any

from sqlalchemy import select

from engine.services.ledger import rules
from engine.services.ledger.checks import check_books, check_seals
from engine.services.ledger.posting import balance_of
from engine.services.ledger.rules import Book, Origin
from engine.services.payments.payments import start_top_up
from engine.services.payments.simulator import SimulatorRules, change_rules
from engine.services.reconciliation.jobs import schedule_reconciliation
from engine.services.reconciliation.tables import difference, provider_file, provider_line
from engine.storage.actor import Actor
from engine.storage.database import UnitOfWork
from engine.storage.ids import new_id
from tests.support.stage import Stage

AMOUNT = 50_000
KINDS = {"missing_here", "missing_there", "different_amount", "duplicate"}


class Books:
    """Ann and Bob top up; Fay and Gus are platform finance."""

    def __init__(self, stage: Stage, **rules: Any) -> None:
        self.stage = stage
        self.engine = stage.engine
        self.ann, self.bob = stage.person("ann"), stage.person("bob")
        self.fay, self.gus = (stage.staff(name, "platform_finance") for name in ("fay", "gus"))
        change_rules(self.engine.database, SimulatorRules(**rules))
        schedule_reconciliation(self.engine)

    def top_up(self, actor: Actor, amount_fen: int = AMOUNT) -> str:
        payment_id = start_top_up(self.engine, actor, amount_fen, new_id())
        self.stage.settle()
        return payment_id

    def disagree(self) -> int:
        """Days on which every order is wrong in the file, until each fault has come up; how many top-ups it took."""
        for count in range(1, 200):
            for _ in range(6):
                self.top_up(self.ann)
            self.stage.wait(days=1)
            found = self.differences()
            has_arrived = any(row["state"] == "arrived" for row in found)
            if has_arrived and {row["kind"] for row in found if row["state"] == "open"} == KINDS:
                return 6 * count
        raise AssertionError(f"Expected every fault, but there are {self.differences()}")

    def balance(self, code: str) -> int:
        with self.engine.database.read() as connection:
            return balance_of(connection, code)

    def differences(self) -> list[dict[str, object]]:
        with self.engine.database.read() as connection:
            rows = connection.execute(select(difference).order_by(difference.c.id)).mappings()
            return [{str(name): value for name, value in row.items()} for row in rows]

    def files(self) -> list[tuple[str, int, int]]:
        with self.engine.database.read() as connection:
            columns = (provider_file.c.day, provider_file.c.lines, provider_file.c.matched)
            rows = connection.execute(select(*columns).order_by(provider_file.c.day))
            return [(row.day, row.lines, row.matched) for row in rows]

    def resolve(self, case: str, element: str, resolution: str, **fields: str) -> None:
        """Fay decides, Gus approves."""
        values = {"resolution": resolution, "resolution_reason": "Asked the provider", **fields}
        self.stage.do(self.fay, case, element, values)
        self.stage.do(self.gus, case, "approve_resolution", {"resolution_decision": "approve"})

    def assert_right(self) -> None:
        with self.engine.database.read() as connection:
            assert check_books(connection) + check_seals(connection, self.engine.keys) == []


def test_days_that_agree_leave_no_difference(any_stage: Stage) -> None:
    books = Books(any_stage)
    books.top_up(books.ann)
    any_stage.wait(hours=14)  # midnight in Shanghai
    assert books.files() == []
    any_stage.wait(hours=4)
    assert books.files() == [("2026-11-23", 1, 1)]
    any_stage.wait(days=1)
    assert books.files()[1:] == [("2026-11-24", 0, 0)]
    assert books.differences() == []
    schedule_reconciliation(books.engine)
    any_stage.wait(days=2)
    assert [day for day, _, _ in books.files()] == [f"2026-11-{day}" for day in (23, 24, 25, 26)]
    books.assert_right()


def test_every_fault_of_a_file_is_found_cleared_up_and_booked(any_stage: Stage) -> None:
    books = Books(any_stage, file_fault_bps=10_000)
    top_ups = books.disagree()
    found = books.differences()
    assert len(found) == top_ups
    assert books.balance("suspense") == sum(int(str(row["suspended_fen"])) for row in found) > 0
    books.assert_right()
    any_stage.wait(days=1)  # the last that came late are in the next file
    credited = sent_back = corrected = 0
    for row in books.differences():
        case, suspended_fen = str(row["instance_id"]), int(str(row["suspended_fen"]))
        if row["state"] == "arrived":
            assert any_stage.outcome(case) == "order_arrived"
        elif row["kind"] == "missing_here":
            books.resolve(case, "match_transfer", "credit", member="bob")
            credited += suspended_fen
        elif suspended_fen:
            books.resolve(case, "match_transfer", "send_back")
            sent_back += suspended_fen
        else:
            books.resolve(case, "explain_difference", "correct")
            corrected += int(str(row["our_fen"])) - int(str(row["their_fen"]))
    assert {row["state"] for row in books.differences()} <= {"arrived", "credited", "sent_back", "corrected"}
    assert books.balance("suspense") == 0
    assert books.balance("wallet:bob") == credited
    assert books.balance("wallet:ann") == top_ups * AMOUNT - corrected
    books.assert_right()


def test_what_does_not_fit_comes_back_with_the_reason(stage: Stage) -> None:
    books = Books(stage, file_fault_bps=10_000)
    books.disagree()
    found = [row for row in books.differences() if row["state"] == "open"]
    lost = next(str(row["instance_id"]) for row in found if row["kind"] == "missing_here")
    stage.do(books.fay, lost, "match_transfer", {
        "resolution": "credit", "member": "nobody", "resolution_reason": "Asked them"})  # fmt: skip
    assert stage.open(lost) == {"match_transfer"}
    shown = stage.form_data(books.fay, lost, "match_transfer")["difference"]
    assert "No such member" in str(shown) or "没有找到" in str(shown)
    short = next(row for row in found if row["kind"] == "missing_there")
    spend_everything(books)
    books.resolve(str(short["instance_id"]), "explain_difference", "correct")
    assert stage.open(str(short["instance_id"])) == {"explain_difference"}
    books.resolve(str(short["instance_id"]), "explain_difference", "explain")
    assert stage.outcome(str(short["instance_id"])) == "difference_closed"
    books.assert_right()


def spend_everything(books: Books) -> None:
    """Ann's money goes into an order."""
    amount_fen = books.balance("wallet:ann")

    def work(unit: UnitOfWork) -> None:
        book = Book(unit.connection, books.engine.keys, Origin("spent", unit.now, "ann", "o1", "case", "step"))
        rules.freeze(book, payer="ann", escrow_ref="o1", amount_fen=amount_fen)

    books.engine.database.transact(work)


def test_a_charge_back_takes_what_is_there_and_claims_the_rest(any_stage: Stage) -> None:
    books = Books(any_stage, charge_back_bps=10_000)
    books.top_up(books.ann)
    books.top_up(books.bob)
    spend_everything(books)
    any_stage.wait(days=4)
    assert books.balance("recv:ann") == AMOUNT
    assert (books.balance("recv:bob"), books.balance("wallet:bob")) == (0, 0)
    assert books.balance("bank:custody") == 0
    with books.engine.database.read() as connection:
        assert [finding.invariant for finding in check_books(connection)] == ["I6"]  # customers' money is short by it


def test_a_file_is_read_once(any_stage: Stage) -> None:
    books = Books(any_stage, file_fault_bps=10_000)
    payment_id = books.top_up(books.ann)
    any_stage.wait(hours=18)
    before = (books.differences(), books.balance("suspense"))
    any_stage.settle()
    assert (books.differences(), books.balance("suspense")) == before
    with books.engine.database.read() as connection:
        lines = connection.execute(select(provider_line.c.reference)).scalars().all()
    assert set(lines) <= {payment_id, *(str(row["reference"]) for row in before[0])}
