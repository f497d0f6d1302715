"""`service_case` beside its scenarios: money in the escrow, money gone, and its states."""

from itertools import pairwise

import pytest

from engine.services.cases import states
from engine.services.cases.states import fetch_case_row
from engine.services.ledger import accounts
from tests.processes.service_case.disputes import Disputes


def state(disputes: Disputes, case_ref: str) -> str:
    with disputes.stage.engine.database.read() as connection:
        return str(fetch_case_row(connection, case_ref)["state"])


def test_only_what_is_still_there_can_be_divided(disputes: Disputes) -> None:
    disputes.settle("order", 4_000)
    case_id = disputes.open("order", 10_000)
    with disputes.stage.engine.database.read() as connection:
        assert fetch_case_row(connection, "order-1")["disputed_fen"] == 4_000
    disputes.decide(case_id, **{"split-refund_fen": "40"})
    assert disputes.wallets() == (4_000, 0)


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


def test_the_states_of_a_case_are_those_of_the_specification() -> None:
    path = ("open", "triaged", "responding", "negotiating", "mediating", "arbitrating", "decided", "appealed", "closed")
    assert all(after in states.TRANSITIONS[before] for before, after in pairwise(path))
    leads_on = {"closed"}
    while more := {s for s, after in states.TRANSITIONS.items() if after & leads_on} - leads_on:
        leads_on |= more
    assert leads_on == states.TRANSITIONS.keys()
