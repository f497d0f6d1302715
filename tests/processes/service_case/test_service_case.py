"""Every path of the service case: money in the escrow, money held, money gone, and a decision that comes late."""

from itertools import pairwise

import pytest

from engine.services.cases import states
from engine.services.cases.states import fetch_case_row
from engine.services.ledger import accounts
from tests.processes.service_case.disputes import Disputes


def state(disputes: Disputes, case_ref: str) -> str:
    with disputes.stage.engine.database.read() as connection:
        return str(fetch_case_row(connection, case_ref)["state"])


def test_settled_money_is_held_and_divided_without_a_second_fee(disputes: Disputes) -> None:
    disputes.settle("order", 10_000)
    case_id = disputes.open("order", 10_000)
    assert disputes.stage.incidents(case_id) == []
    assert disputes.wallets() == (0, 0)
    assert disputes.balance(accounts.hold("payee", "order-1")) == 10_000
    disputes.decide(case_id, **{"split-pay_fen": "70", "split-refund_fen": "30"})
    assert disputes.stage.outcome(case_id) == "end_decided"
    assert disputes.wallets() == (3_000, 7_000)
    assert disputes.balance(accounts.hold("payee", "order-1")) == 0
    assert state(disputes, "order-1") == "closed"


def test_only_what_is_still_there_can_be_divided(disputes: Disputes) -> None:
    disputes.settle("order", 4_000)
    case_id = disputes.open("order", 10_000)
    with disputes.stage.engine.database.read() as connection:
        assert fetch_case_row(connection, "order-1")["disputed_fen"] == 4_000
    disputes.decide(case_id, **{"split-refund_fen": "40"})
    assert disputes.wallets() == (4_000, 0)


def test_held_money_is_freed_when_the_work_goes_on(disputes: Disputes) -> None:
    disputes.settle("order", 10_000)
    case_id = disputes.open("order", 10_000)
    disputes.decide(case_id, ruling="resume", fault="none")
    assert disputes.stage.outcome(case_id) == "end_decided"
    assert disputes.wallets() == (0, 10_000)
    assert "lift_hold" in disputes.stage.path(case_id)
    assert "execute_decision" not in disputes.stage.path(case_id)


def test_money_in_the_escrow_stays_there_and_pays_the_fee_on_what_is_awarded(disputes: Disputes) -> None:
    disputes.freeze("order", 10_000)
    case_id = disputes.open("order", 10_000)
    assert disputes.balance(accounts.escrow("order")) == 10_000
    disputes.decide(case_id, **{"split-pay_fen": "70", "split-refund_fen": "30"})
    assert disputes.wallets() == (3_000, 6_300)
    assert disputes.balance(accounts.escrow("order")) == 0


def test_the_split_must_add_up(disputes: Disputes) -> None:
    disputes.freeze("order", 10_000)
    case_id = disputes.open("order", 10_000)
    with pytest.raises(Exception, match="fields are wrong"):
        disputes.decide(case_id, **{"split-pay_fen": "70", "split-refund_fen": "29.99"})
    assert disputes.stage.open(case_id) == {"arbitrate"}
    assert disputes.balance(accounts.escrow("order")) == 10_000


def test_five_working_days_without_a_decision_are_escalated_once(disputes: Disputes) -> None:
    disputes.freeze("order", 10_000)
    case_id = disputes.open("order", 10_000)
    disputes.stage.wait(days=6, hours=23)  # five working days and a weekend
    assert "end_late" not in disputes.stage.path(case_id)
    disputes.stage.wait(days=20)
    assert disputes.stage.path(case_id).count("end_late") == 1
    assert disputes.stage.open(case_id) == {"arbitrate"}


def test_the_states_of_a_case_are_those_of_the_specification() -> None:
    path = ("open", "arbitrating", "decided", "appealed", "arbitrating", "decided", "closed")
    assert all(after in states.TRANSITIONS[before] for before, after in pairwise(path))
    leads_on = {"closed"}
    while more := {s for s, after in states.TRANSITIONS.items() if after & leads_on} - leads_on:
        leads_on |= more
    assert leads_on == states.TRANSITIONS.keys()
