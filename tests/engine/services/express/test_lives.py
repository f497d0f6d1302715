"""The list and the money of an express task from import to end, on both databases."""

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import insert, select, update

from engine.definitions.registry import TOPICS
from engine.runtime.engine import Engine
from engine.runtime.errors import NotFound
from engine.services.express.errors import LineChanged, ListClosed
from engine.services.express.importing import correct_line, count_imported, import_list, open_line
from engine.services.express.links import open_link, prove_line
from engine.services.express.reading import read_list
from engine.services.express.tables import express_line, express_task
from engine.services.ledger import accounts, rules
from engine.services.ledger.checks import check_books
from engine.services.ledger.fees import ON_TOP, FeeTerms
from engine.services.ledger.posting import balance_of
from engine.services.ledger.rules import Book, Origin
from engine.services.onboarding.person_tables import person_certification
from engine.storage.actor import Actor
from engine.storage.plain import Plain, PlainDict
from engine.storage.tables import party
from engine.storage.vault import blind_index
from tests.engine.services.express.lists import as_csv, id_number, person
from tests.engine.services.ledger.counter import Call
from tests.support.clock import START

OPERATOR = Actor("olga", "acme", "enterprise_operator")
STRANGER = Actor("stan", "other", "enterprise_operator")
FEE = FeeTerms(rate_bps=300, min_fen=0, max_fen=None, vat_bps=600).as_plain()


@dataclass
class Step(Call):
    """A call of a task whose days are those of Shanghai."""

    calendar: Any = field(default_factory=lambda: SimpleNamespace(zone=ZoneInfo("Asia/Shanghai")))


class Enterprise:
    """Acme and its express task."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.task_id = "T"
        self.open()

    def open(self) -> None:
        """Opens the express task, its fee on top."""
        self.do("open_express_task", enterprise="acme")
        change = update(express_task).where(express_task.c.id == self.task_id)
        self.engine.database.transact(lambda unit: unit.connection.execute(change.values(fee_bearer=ON_TOP)))

    def fund(self, amount_fen: int) -> None:
        """Fixes the fee, and freezes what the list costs."""
        assert self.do("plan_express_funds", task_id=self.task_id, fee=FEE) == {"amount_fen": amount_fen}
        self.freeze(amount_fen)
        self.do("award_express_lines", task_id=self.task_id)

    def do(self, topic: str, /, key: str = "key", **inputs: Plain) -> Any:
        """Calls a topic, and of a batch all its chunks."""

        def work(unit: Any) -> Any:
            call = Step(unit.connection, self.engine.keys, key, instance_id=self.task_id)
            found: Any = TOPICS[topic]
            found.check_inputs(inputs)
            answer = found.function(call, **inputs)
            if isinstance(answer, list):
                found.chunk(call, answer)
                found.chunk(call, answer[:100])  # a second attempt changes nothing
            return call.messages if call.messages else answer

        return self.engine.database.transact(work)

    def import_lines(self, *lines: list[str], token: str = "one") -> int:
        """Imports a list."""
        return import_list(self.engine, OPERATOR, self.task_id, token, as_csv(*lines))

    def import_other(self, task_id: str, *lines: list[str]) -> None:
        """Opens another express task with a list; it is the one acted on from now on."""
        self.task_id = task_id
        self.open()
        self.import_lines(*lines)

    def check(self, month_limit_fen: int = 10**9) -> PlainDict:
        """Checks the list; gives its sums."""
        self.do("check_express_lines", task_id=self.task_id, day_limit_fen=10**9, month_limit_fen=month_limit_fen)
        sums: PlainDict = self.do("sum_express_list", task_id=self.task_id)
        return sums

    def rows(self) -> list[Any]:
        """The lines of every import, in the order of their numbers."""
        with self.engine.database.read() as connection:
            return list(connection.execute(select(express_line).order_by(express_line.c.number)).mappings())

    def freeze(self, amount_fen: int) -> None:
        """Tops up and freezes what the list costs."""

        def work(unit: Any) -> None:
            book = Book(unit.connection, self.engine.keys, Origin("freeze", START, "olga", "T", "T", "freeze"))
            rules.top_up(book, provider="test", party_id="acme", amount_fen=amount_fen, provider_ref="1")
            rules.freeze(book, payer="acme", escrow_ref="T", amount_fen=amount_fen)

        self.engine.database.transact(work)

    def balances(self, *codes: str) -> list[int]:
        """Balances in fen, after every check of the ledger found nothing."""
        with self.engine.database.read() as connection:
            assert check_books(connection) == []
            return [balance_of(connection, code) for code in codes]


@pytest.fixture
def acme(any_engine: Engine) -> Enterprise:
    return Enterprise(any_engine)


def confirm(acme: Enterprise, line_id: str) -> None:
    for state in ("confirmed", "committed", "rechecked", "requested"):
        acme.do("mark_express_line", line_id=line_id, state=state)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # on PostgreSQL: tests/acceptance
def test_26_of_a_thousand_lines_three_are_bad_one_is_mended_and_the_rest_goes_on(acme: Enterprise) -> None:
    lines = [person(seed) for seed in range(1, 1001)]
    lines[9][3], lines[99][2], lines[499][2] = "555", "1", lines[500][2]
    assert acme.import_lines(*lines) == 1000
    sums = acme.check()
    assert (sums["line_count"], sums["fault_count"]) == (1000, 4)  # of two with the same number, both
    faulty = {row["number"]: row["faults"] for row in acme.rows() if row["faults"]}
    assert faulty == {10: ["phone"], 100: ["id_no"], 500: ["repeated_id"], 501: ["repeated_id"]}
    line_id = acme.rows()[9]["id"]
    (mended,) = read_list(as_csv(person(10)))
    with pytest.raises(ListClosed):
        correct_line(acme.engine, OPERATOR, line_id, 1, mended)
    acme.do("reopen_express_list", task_id="T")
    with pytest.raises(NotFound):
        correct_line(acme.engine, STRANGER, line_id, 1, mended)
    assert correct_line(acme.engine, OPERATOR, line_id, 1, mended) == []
    assert correct_line(acme.engine, OPERATOR, line_id, 1, mended) == []  # asked twice
    with pytest.raises(LineChanged):
        correct_line(acme.engine, OPERATOR, line_id, 1, read_list(as_csv(person(11)))[0])
    assert acme.check() == {"line_count": 1000, "good_count": 997, "fault_count": 3, "pay_fen": 997 * 10_000}
    acme.fund(997 * 10_300)
    assert len(acme.do("send_express_confirmations", task_id="T")) == 997
    assert acme.balances("escrow:T") == [0]


def test_27_and_29_a_denied_and_an_expired_line_are_refunded_the_paid_one_is_not(acme: Enterprise) -> None:
    """Worked example 6: 100, 200 and 300 yuan, the fee of 3 % on top."""
    acme.import_lines(person(1, "100"), person(2, "200"), person(3, "300"))
    assert acme.check() == {"line_count": 3, "good_count": 3, "fault_count": 0, "pay_fen": 60_000}
    acme.fund(61_800)
    acme.do("send_express_confirmations", task_id="T")
    first, second, third = (row["id"] for row in acme.rows())
    assert acme.balances(*map(accounts.escrow, (first, second, third))) == [10_300, 20_600, 30_900]
    denied = acme.do("refund_express_line", line_id=second, state="denied")
    assert denied == {"refunded_fen": 20_600, "line_state": "denied"}
    denied = acme.do("refund_express_line", line_id=second, state="denied")
    assert denied == {"refunded_fen": 0, "line_state": "denied"}
    pay(acme, first, 10_000)
    acme.do("mark_express_line", line_id=first, state="paid")
    acme.do("expire_express_lines", task_id="T")
    assert [row["state"] for row in acme.rows()] == ["paid", "denied", "expired"]
    assert acme.balances("wallet:acme", "wallet:bob", "escrow:T") == [51_500, 10_000, 0]


def test_28_whoever_asks_twice_is_paid_once(acme: Enterprise) -> None:
    acme.import_lines(person(1, "100"))
    acme.check()
    acme.fund(10_300)
    acme.do("send_express_confirmations", task_id="T")
    line_id = acme.rows()[0]["id"]
    pay(acme, line_id, 10_000, "one phone")
    pay(acme, line_id, 10_000, "another phone")
    assert acme.balances("wallet:bob", accounts.escrow(line_id)) == [10_000, 0]


def pay(acme: Enterprise, line_id: str, gross_fen: int, key: str = "pay") -> None:
    if acme.rows()[0]["state"] != "requested":
        confirm(acme, line_id)
    acme.do(
        "settle_reward",
        key=key,
        escrow_ref=line_id,
        process="express_task",
        payee="bob",
        gross_fen=gross_fen,
        fee=FEE,
        fee_bearer=ON_TOP,
    )


def test_a_suspended_person_and_a_phone_of_two_people_are_told(acme: Enterprise) -> None:
    bob = {"id": "bob", "kind": "person", "name_zh": "鲍勃", "name_en": "Bob", "created_at": START}
    standing = {"is_certified": 1, "has_agreement": 1, "is_suspended": 1}
    index = blind_index(acme.engine.keys, id_number(1))
    held = {"id": "cert", "party_id": "bob", "state": "active", "claimed_index": index, "opened_at": START}

    def work(unit: Any) -> None:
        unit.connection.execute(insert(party).values(**bob, **standing))
        unit.connection.execute(insert(person_certification).values(**held))

    acme.engine.database.transact(work)
    acme.import_lines(person(1), person(2), person(3, phone="13800000002"))
    acme.check()
    assert [row["faults"] for row in acme.rows()] == [["black_list"], ["repeated_phone"], ["repeated_phone"]]


def test_a_limit_counts_what_other_lists_pay_the_same_person(acme: Enterprise) -> None:
    acme.import_lines(person(1, "100"), person(2, "100"))
    acme.check()
    acme.fund(20_600)
    acme.import_other("U", person(1, "101"), person(2, "100"))
    assert acme.check(month_limit_fen=20_000)["fault_count"] == 1
    assert [row["faults"] for row in acme.rows() if row["task_id"] == "U"] == [["month_limit"], []]


def test_a_new_list_replaces_the_former_and_what_that_said_is_erased(acme: Enterprise) -> None:
    acme.import_lines(person(1))
    former = acme.rows()[0]
    assert acme.import_lines(person(1), token="two") == acme.import_lines(person(1), token="two") == 1
    newest = next(row for row in acme.rows() if row["id"] != former["id"])
    with acme.engine.database.read() as connection:
        assert open_line(connection, acme.engine.keys, former) is None
        assert count_imported(connection, newest["list_id"]) == 1
    with pytest.raises(NotFound):
        import_list(acme.engine, STRANGER, "T", "three", as_csv(person(2)))


def test_a_link_opens_only_with_its_proof_and_only_the_present_version(acme: Enterprise) -> None:
    acme.import_lines(person(1))
    line_id, keys = acme.rows()[0]["id"], acme.engine.keys
    with acme.engine.database.read() as connection:
        assert open_link(connection, keys, line_id, prove_line(keys, line_id, 1))["id"] == line_id
        for wrong_id, proof in ((line_id, prove_line(keys, line_id, 2)), ("nobody", prove_line(keys, "nobody", 1))):
            with pytest.raises(NotFound):
                open_link(connection, keys, wrong_id, proof)
