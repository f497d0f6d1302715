"""Manual postings and platform payments: two persons, every way out."""

from io import BytesIO

import pytest
from sqlalchemy import select
from werkzeug.datastructures import MultiDict

from engine.commands.starts import start_process
from engine.commands.tasks import FormRejected
from engine.runtime.errors import NotFound
from engine.runtime.tasks import bind_task, fetch_task
from engine.services.ledger import rules, settling
from engine.services.ledger.checks import check_books, check_seals
from engine.services.ledger.fees import FeeTerms, compute_settlement
from engine.services.ledger.posting import balance_of
from engine.services.ledger.rules import Book, Origin
from engine.services.ledger.tables import journal
from engine.storage.actor import Actor
from engine.storage.database import UnitOfWork
from engine.storage.files import store_file
from engine.storage.ids import new_id
from engine.storage.plain import PlainDict
from tests.support.stage import Stage


class Office:
    """Fay proposes, Gus approves; Ann earned 846.00, of which the platform kept 54.00."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.engine = stage.engine
        self.ann = stage.person("ann")
        self.fay, self.gus = (stage.staff(name, "platform_finance") for name in ("fay", "gus"))
        self.engine.database.transact(self._earn)

    def _earn(self, unit: UnitOfWork) -> None:
        book = Book(unit.connection, self.engine.keys, Origin("frozen", unit.now, "bob", "o1", "case", "step"))
        rules.top_up(book, provider="test", party_id="bob", amount_fen=90_000, provider_ref="1")
        settled = Book(unit.connection, self.engine.keys, Origin("arrived", unit.now, "system"))
        rules.provider_settlement(settled, provider="test", amount_fen=90_000, cost_fen=0)
        rules.freeze(book, payer="bob", escrow_ref="o1", amount_fen=90_000)
        split = compute_settlement(90_000, FeeTerms(600, 0, None, 600))
        settling.settle(book, escrow_ref="o1", payee="ann", process_key="p", terms={}, split=split)

    def propose(self, actor: Actor, **changed: str) -> str:
        content = BytesIO(b"\x89PNG\r\n\x1a\n" + new_id().encode())
        slip = self.engine.database.transact(
            lambda unit: store_file(unit, self.engine.keys, self.engine.files, "slip.png", content, actor.party_id)
        )
        fields = {
            "debit_kind": "wallet",
            "debit_of": "ann",
            "credit_kind": "bank:own",
            "amount_fen": "12.34",
            "reason": "Paid twice, see the slip",
            "attachments": slip.id,
            **changed,
        }
        case = start_process(self.engine, actor, "manual_posting", new_id(), MultiDict(fields), "en")
        self.stage.settle()
        return case

    def data(self, case: str) -> PlainDict:
        """What the form that corrects a proposal shows, in English."""
        view = fetch_task(self.engine, self.fay, self.stage.task_id(self.fay, case, "correct_posting"))
        return dict(bind_task(self.engine, self.fay, view, "en").binding.data)

    def propose_payment(self, purpose: str, amount: str) -> str:
        fields = MultiDict({"purpose": purpose, "amount_fen": amount})
        return start_process(self.engine, self.fay, "platform_payment", new_id(), fields, "en")

    def approve_payment(self, case: str) -> None:
        self.stage.do(self.gus, case, "approve_payment", {"payment_decision": "approve"})

    def balances(self, *codes: str) -> list[int]:
        with self.engine.database.read() as connection:
            return [balance_of(connection, code) for code in codes]

    def facts(self, rule: str) -> list[PlainDict]:
        with self.engine.database.read() as connection:
            return list(connection.execute(select(journal.c.facts).where(journal.c.rule == rule)).scalars())

    def assert_right(self) -> None:
        with self.engine.database.read() as connection:
            assert check_books(connection) + check_seals(connection, self.engine.keys) == []


@pytest.fixture
def office(any_stage: Stage) -> Office:
    return Office(any_stage)


def test_a_second_person_posts_what_the_first_proposed(office: Office) -> None:
    case = office.propose(office.fay)
    with pytest.raises(LookupError):
        office.stage.task_id(office.fay, case, "approve_posting")
    shown = office.stage.form_data(office.gus, case, "approve_posting")["manual_posting"]
    assert "wallet:ann" in str(shown)
    assert "slip.png" in str(shown)
    office.stage.do(office.gus, case, "approve_posting", {"posting_decision": "approve"})
    assert office.stage.outcome(case) == "posting_made"
    assert office.balances("wallet:ann", "bank:own") == [84_600 - 1_234, -1_234]
    [facts] = office.facts("P-MANUAL")
    assert (facts["maker"], facts["checker"], facts["reason"]) == ("staff:fay", "staff:gus", "Paid twice, see the slip")
    assert "slip.png" in str(facts["attachments"])
    office.assert_right()


def test_who_proposes_in_one_role_cannot_approve_in_another(office: Office) -> None:
    both = Actor("fay", "platform", "platform_finance", frozenset({"platform_finance", "platform_operator"}))
    case = office.propose(office.fay)
    with pytest.raises(LookupError):
        office.stage.task_id(both, case, "approve_posting")
    assert office.stage.open(case) == {"approve_posting"}


def test_nobody_else_may_propose(office: Office) -> None:
    for stranger in (office.ann, office.stage.staff("rob", "platform_reviewer"), office.stage.staff("au", "auditor")):
        with pytest.raises(NotFound):
            office.propose(stranger)


@pytest.mark.parametrize("missing", ["reason", "attachments", "amount_fen", "debit_of"])
def test_a_proposal_lacks_nothing(stage: Stage, missing: str) -> None:
    with pytest.raises(FormRejected):
        Office(stage).propose(stage.staff("fay", "platform_finance"), **{missing: ""})


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"debit_of": "nobody"}, "No such member"),
        ({"credit_kind": "other", "credit_of": "petty:cash"}, "no such account"),
        ({"credit_kind": "other", "credit_of": "escrow:o9"}, "no such account"),
        ({"credit_kind": "wallet", "credit_of": "ann"}, "same account"),
        ({"amount_fen": "900"}, "holds too little"),
    ],
)
def test_what_cannot_be_posted_goes_back_with_the_reason(stage: Stage, changed: dict[str, str], why: str) -> None:
    office = Office(stage)
    case = office.propose(office.fay, **changed)
    assert stage.open(case) == {"correct_posting"}
    assert why in str(office.data(case))
    stage.do(office.fay, case, "correct_posting", {"correction": "withdraw"})
    assert stage.outcome(case) == "posting_withdrawn"
    assert office.facts("P-MANUAL") == []


def test_refused_returned_and_lapsed(stage: Stage) -> None:
    office = Office(stage)
    refused = office.propose(office.fay)
    no = {"posting_note": "Not our mistake"}
    stage.do(office.gus, refused, "approve_posting", {"posting_decision": "refuse", **no})
    assert stage.outcome(refused) == "posting_refused"
    returned = office.propose(office.fay)
    stage.do(office.gus, returned, "approve_posting", {"posting_decision": "return", **no})
    stage.wait(days=7)
    assert stage.outcome(returned) == "posting_lapsed"
    assert office.facts("P-MANUAL") == []


def test_what_was_corrected_is_checked_and_approved_anew(stage: Stage) -> None:
    office = Office(stage)
    case = office.propose(office.fay, debit_of="nobody")
    files = office.data(case)["attachments"]
    assert isinstance(files, list)
    again = {"debit_kind": "wallet", "debit_of": "ann", "credit_kind": "bank:own", "amount_fen": "1"}
    kept = [str(one["file"]) for one in files if isinstance(one, dict)]
    again |= {"reason": "Paid twice, see the slip", "correction": "resubmit"}
    stage.do(office.fay, case, "correct_posting", {**again, "attachments": [*kept]})
    stage.do(office.gus, case, "approve_posting", {"posting_decision": "approve"})
    assert stage.outcome(case) == "posting_made"
    assert office.balances("wallet:ann") == [84_500]


def test_money_that_is_gone_by_then(stage: Stage) -> None:
    office = Office(stage)
    first, second = (office.propose(office.fay, amount_fen="500") for _ in range(2))
    for case in (first, second):
        stage.do(office.gus, case, "approve_posting", {"posting_decision": "approve"})
    assert (stage.outcome(first), stage.open(second)) == ("posting_made", {"correct_posting"})
    office.assert_right()


def test_income_and_vat_are_paid_up_to_what_there_is(office: Office) -> None:
    for purpose, amount in (("vat", "3.07"), ("tax", "0.01"), ("income", "50.95")):
        assert office.stage.outcome(office.propose_payment(purpose, amount)) == "payment_impossible"
    proposed = [office.propose_payment(*what) for what in (("vat", "3.06"), ("income", "50.94"), ("income", "50.94"))]
    for case in proposed:
        office.approve_payment(case)
    ends = [office.stage.outcome(case) for case in proposed]
    assert ends == ["payment_made", "payment_made", "payment_impossible"]  # the last found the money gone
    assert office.balances("vat:payable", "bank:own", "bank:custody", "wallet:ann") == [0, 5_094, 84_600, 84_600]
    office.assert_right()


def test_a_payment_that_is_refused_moves_nothing(stage: Stage) -> None:
    office = Office(stage)
    case = office.propose_payment("income", "1")
    with pytest.raises(LookupError):
        stage.task_id(office.fay, case, "approve_payment")
    stage.do(office.gus, case, "approve_payment", {"payment_decision": "refuse"})
    assert stage.outcome(case) == "payment_refused"
    assert office.balances("bank:own") == [0]
