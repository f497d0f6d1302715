"""The state machine of the hire order: what F.3 has and nothing else."""

from collections.abc import Callable
from itertools import pairwise

import pytest
from sqlalchemy import Connection, insert

from engine.runtime.engine import Engine
from engine.services.ledger import rules
from engine.services.orders import states
from engine.services.orders.tables import hire_order
from engine.storage.database import UnitOfWork
from engine.storage.ids import new_id
from tests.engine.services.orders.rows import order_row

# F.3: draft → funding → in_review → open → locked → started → handed_over → auditing → paid
HAPPY = ("draft", "funding", "in_review", "open", "locked", "started", "handed_over", "auditing", "paid")


def add_order(engine: Engine, state: str) -> str:
    row = order_row(engine.clock(), state=state)
    engine.database.transact(lambda unit: unit.connection.execute(insert(hire_order), row))
    return str(row["id"])


def move(engine: Engine, order_id: str, state: str) -> None:
    engine.database.transact(lambda unit: states.move(unit.connection, order_id, state, unit.now))


def read(engine: Engine, look: Callable[[Connection], object]) -> object:
    with engine.database.read() as connection:
        return look(connection)


def test_the_happy_path_of_the_specification_is_a_path_of_the_machine() -> None:
    assert all(after in states.TRANSITIONS[before] for before, after in pairwise(HAPPY))


def test_every_state_is_reached_and_every_open_one_leads_to_an_end() -> None:
    reached = {"draft"}.union(*states.TRANSITIONS.values())
    assert reached == states.TRANSITIONS.keys()
    leads_on = set(states.FINAL)
    while more := {s for s, after in states.TRANSITIONS.items() if after & leads_on} - leads_on:
        leads_on |= more
    assert leads_on == states.TRANSITIONS.keys()


def test_no_transition_skips_the_audit_or_the_funds() -> None:
    assert {before for before, after in states.TRANSITIONS.items() if "paid" in after} == {"auditing", "disputed"}
    assert {before for before, after in states.TRANSITIONS.items() if "open" in after} == {
        "in_review",
        "expired",
        "locked",
        "started",
    }


@pytest.mark.parametrize("before", sorted(states.TRANSITIONS))
def test_every_other_transition_is_refused_and_changes_nothing(engine: Engine, before: str) -> None:
    order_id = add_order(engine, before)
    for after in sorted(states.TRANSITIONS.keys() - states.TRANSITIONS[before]):
        with pytest.raises(ValueError, match="Expected one of"):
            move(engine, order_id, after)
    assert read(engine, lambda connection: states.fetch_row(connection, order_id)["state"]) == before


def test_a_final_state_is_refused_while_money_is_in_the_escrow(engine: Engine) -> None:
    order_id = add_order(engine, "open")

    def fund(unit: UnitOfWork) -> None:
        for name in ("top_up", "freeze"):
            book = rules.Book(unit.connection, engine.keys, rules.Origin(new_id(), unit.now, "system"))
            if name == "top_up":
                rules.top_up(book, provider="p", party_id="publisher", amount_fen=100, provider_ref="1")
            else:
                rules.freeze(book, payer="publisher", escrow_ref=order_id, amount_fen=100)

    engine.database.transact(fund)
    with pytest.raises(ValueError, match="100 fen are left"):
        move(engine, order_id, "cancelled")
    assert read(engine, lambda connection: states.fetch_row(connection, order_id)["state"]) == "open"


def test_a_final_state_writes_when_the_order_was_closed(engine: Engine) -> None:
    order_id = add_order(engine, "open")
    move(engine, order_id, "cancelled")
    closed_at = read(engine, lambda connection: states.fetch_row(connection, order_id)["closed_at"])
    assert closed_at == engine.clock()


def test_an_unknown_order_is_named(engine: Engine) -> None:
    with pytest.raises(LookupError, match="nowhere"):
        move(engine, "nowhere", "funding")
