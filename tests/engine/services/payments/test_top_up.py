"""Top-ups outside a process: credited once, whatever the provider and the network do."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from sqlalchemy import select

from engine.commands.work import settle
from engine.runtime.engine import Engine
from engine.runtime.errors import Forbidden, SubmissionConflict
from engine.services.ledger.checks import check_books, check_seals
from engine.services.ledger.posting import balance_of
from engine.services.payments.orders import provider_of
from engine.services.payments.payments import list_payments, start_top_up
from engine.services.payments.simulator import EmbeddedSimulator, SimulatorRules, change_rules
from engine.services.payments.tables import simulated_order
from engine.storage.actor import SYSTEM, Actor
from engine.storage.tables import job
from tests.support.clock import ManualClock

ANN = Actor("ann", "ann", "individual")


def balance(engine: Engine, code: str) -> int:
    with engine.database.read() as connection:
        return balance_of(connection, code)


def status(engine: Engine) -> list[str]:
    with engine.database.read() as connection:
        return [payment.status for payment in list_payments(connection, "ann")]


def requests(engine: Engine) -> list[int]:
    with engine.database.read() as connection:
        return list(connection.execute(select(simulated_order.c.requests)).scalars())


def assert_books_right(engine: Engine) -> None:
    with engine.database.read() as connection:
        assert check_books(connection) + check_seals(connection, engine.keys) == []


def test_a_top_up_reaches_the_wallet(any_engine: Engine) -> None:
    start_top_up(any_engine, ANN, 12_345, "t1")
    assert status(any_engine) == ["started"]
    settle(any_engine)
    assert status(any_engine) == ["succeeded"]
    assert balance(any_engine, "wallet:ann") == balance(any_engine, "psp:simulator") == 12_345
    assert_books_right(any_engine)


def test_the_money_arrives_at_the_bank_the_day_after(engine: Engine, clock: ManualClock) -> None:
    start_top_up(engine, ANN, 10_000, "t1")
    settle(engine)
    clock.advance(days=1)
    settle(engine)
    assert (balance(engine, "bank:custody"), balance(engine, "psp:simulator")) == (10_000, 0)
    assert (balance(engine, "exp:psp"), balance(engine, "bank:own")) == (60, -60)
    assert_books_right(engine)


def test_a_repeated_token_is_the_same_payment(engine: Engine) -> None:
    first = start_top_up(engine, ANN, 10_000, "t1")
    settle(engine)
    assert start_top_up(engine, ANN, 10_000, "t1") == first
    settle(engine)
    assert balance(engine, "wallet:ann") == 10_000


def test_a_token_used_for_another_amount_is_refused(engine: Engine) -> None:
    start_top_up(engine, ANN, 10_000, "t1")
    with pytest.raises(SubmissionConflict):
        start_top_up(engine, ANN, 10_001, "t1")


def test_the_same_token_of_another_party_is_another_payment(engine: Engine) -> None:
    first = start_top_up(engine, ANN, 10_000, "t1")
    assert start_top_up(engine, Actor("bob", "bob", "individual"), 10_000, "t1") != first


@pytest.mark.parametrize(("amount_fen", "method"), [(0, "online"), (-5, "online"), (10**9 + 1, "online"), (5, "gold")])
def test_impossible_top_ups_are_refused(engine: Engine, amount_fen: int, method: str) -> None:
    with pytest.raises(ValueError, match="Expected 1 to"):
        start_top_up(engine, ANN, amount_fen, "t1", method)
    assert status(engine) == []


def test_the_platform_has_no_wallet(engine: Engine) -> None:
    with pytest.raises(Forbidden):
        start_top_up(engine, SYSTEM, 10_000, "t1")


def test_a_declined_payment_moves_nothing(engine: Engine) -> None:
    change_rules(engine.database, SimulatorRules(failure_bps=10_000))
    start_top_up(engine, ANN, 10_000, "t1")
    settle(engine)
    with engine.database.read() as connection:
        [payment] = list_payments(connection, "ann")
    assert (payment.status, payment.failure) == ("failed", "declined")
    assert balance(engine, "wallet:ann") == 0


def test_a_slow_payment_is_asked_for_until_it_ends(engine: Engine, clock: ManualClock) -> None:
    change_rules(engine.database, SimulatorRules(delay_seconds=3600))
    start_top_up(engine, ANN, 10_000, "t1")
    for _ in range(60):
        settle(engine)
        assert status(engine) == ["started"]
        clock.advance(seconds=59)
    for _ in range(30):
        clock.advance(seconds=60)
        settle(engine)
    assert status(engine) == ["succeeded"]
    assert requests(engine) == [1]


def test_a_lost_answer_never_leads_to_a_second_order(any_engine: Engine, clock: ManualClock) -> None:
    change_rules(any_engine.database, SimulatorRules(lost_answer_bps=10_000))
    start_top_up(any_engine, ANN, 10_000, "t1")
    settle(any_engine)
    assert status(any_engine) == ["started"]
    clock.advance(minutes=1)
    settle(any_engine)
    assert status(any_engine) == ["succeeded"]
    assert requests(any_engine) == [1]
    assert balance(any_engine, "wallet:ann") == 10_000


def test_a_result_reported_twice_is_credited_once(any_engine: Engine, clock: ManualClock) -> None:
    change_rules(any_engine.database, SimulatorRules(duplicate_bps=10_000, delay_seconds=60))
    start_top_up(any_engine, ANN, 10_000, "t1")
    settle(any_engine)
    clock.advance(seconds=60)
    with ThreadPoolExecutor(2) as pool:  # the poll of ours and the report of theirs, at once
        list(pool.map(lambda _: settle(any_engine), range(2)))
    settle(any_engine)
    assert balance(any_engine, "wallet:ann") == 10_000
    assert_books_right(any_engine)


def test_concurrent_top_ups_add_up(any_engine: Engine) -> None:
    def top_up(number: int) -> str:
        return start_top_up(any_engine, ANN, 100 + number // 2, f"t{number // 2}")  # each pressed twice

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(top_up, range(32)))
        list(pool.map(lambda _: settle(any_engine), range(8)))
    settle(any_engine)
    assert balance(any_engine, "wallet:ann") == sum(100 + number for number in range(16))
    assert requests(any_engine) == [1] * 16
    assert_books_right(any_engine)


def test_the_simulator_chooses_by_seed_and_key_alone(engine: Engine) -> None:
    change_rules(engine.database, SimulatorRules(failure_bps=5_000))
    first, second = EmbeddedSimulator(engine.database, 1), EmbeddedSimulator(engine.database, 2)
    keys = [f"order{number}" for number in range(40)]
    ends = [first.start_payment(key, 100).status for key in keys]
    assert {*ends} == {"succeeded", "failed"}
    assert [EmbeddedSimulator(engine.database, 1).query_payment(key).status for key in keys] == ends  # type: ignore[union-attr]  # every order is known
    assert [second.start_payment(f"other{key}", 100).status for key in keys] != ends


def test_the_simulator_says_that_it_is_one(engine: Engine) -> None:
    assert provider_of(engine).is_simulated


def test_an_unknown_provider_is_refused(engine: Engine) -> None:
    engine.settings = replace(engine.settings, payments="moon")
    with pytest.raises(ValueError, match="moon"):
        provider_of(engine)


def test_no_job_stays_behind(engine: Engine, clock: ManualClock) -> None:
    start_top_up(engine, ANN, 10_000, "t1")
    settle(engine)
    clock.advance(days=1)
    settle(engine)
    with engine.database.read() as connection:
        assert connection.execute(select(job)).all() == []
