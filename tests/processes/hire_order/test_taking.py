"""The lock: exactly one winner, who may take at all, giving back and losing it."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import insert, update

from engine.language.errors import EngineError
from engine.records.submissions import SubmissionKey, find_answer
from engine.services.orders.claims import count_releases
from engine.services.orders.commands import release_order, take_order
from engine.services.orders.errors import AlreadyTaken, NotEligible, RequestNotPossible
from engine.services.orders.queries import fetch_order
from engine.storage.actor import Actor
from engine.storage.database import UnitOfWork
from engine.storage.ids import new_id
from engine.storage.tables import membership, party, user
from tests.processes.hire_order.hiring import DEMAND, Hiring


def add_membership(hiring: Hiring, user_id: str, party_id: str) -> None:
    account = {
        "id": user_id,
        "login": user_id,
        "password_hash": "",
        "is_disabled": 0,
        "created_at": hiring.stage.clock(),
    }

    def work(unit: UnitOfWork) -> None:
        unit.connection.execute(insert(user), account)
        for of, role in ((user_id, "individual"), (party_id, "enterprise_operator")):
            row = {"user_id": user_id, "party_id": of, "role": role, "skills": []}
            unit.connection.execute(insert(membership), row)

    hiring.stage.engine.database.transact(work)


def refusal(hiring: Hiring, actor: Actor, order_id: str) -> str:
    """The code of the refusal, the same on the order's page."""
    with pytest.raises(NotEligible) as refused:
        hiring.take(order_id, actor)
    assert fetch_order(hiring.stage.engine, actor, order_id).obstacle == refused.value.reason
    assert hiring.state(order_id) == "open"
    return refused.value.code


def test_sixteen_simultaneous_takers_make_one_lock_and_fifteen_clear_refusals(any_hiring: Hiring) -> None:
    """Scenario 21."""
    order_id = any_hiring.publish()
    takers = [any_hiring.stage.person(f"taker{number}") for number in range(16)]
    together = threading.Barrier(len(takers))

    def run(actor: Actor) -> str:
        together.wait(30)
        try:
            take_order(any_hiring.stage.engine, actor, order_id, new_id())
        except AlreadyTaken as refused:
            return refused.code
        return actor.party_id

    with ThreadPoolExecutor(len(takers)) as pool:
        results = list(pool.map(run, takers))
    row = any_hiring.row(order_id)
    assert results.count("already_taken") == 15
    assert [result for result in results if result != "already_taken"] == [row["taker_id"]]
    assert (row["state"], row["lock_version"]) == ("locked", 1)
    assert any_hiring.stage.open(order_id) == {"start_work"}


def test_a_repeated_take_is_answered_again_and_locks_once(hiring: Hiring) -> None:
    order_id, token = hiring.publish(), new_id()
    answers = [take_order(hiring.stage.engine, hiring.taker, order_id, token) for _ in range(2)]
    assert answers == [1, 1]
    assert hiring.row(order_id)["lock_version"] == 1


def test_the_publisher_does_not_take_his_own_order(any_hiring: Hiring) -> None:
    """Scenario 24."""
    order_id = any_hiring.publish()
    assert refusal(any_hiring, any_hiring.publisher, order_id) == "not_eligible.own_order"


def test_a_member_of_the_publishing_organisation_does_not_take_its_order(hiring: Hiring) -> None:
    company = hiring.stage.organisation("company")
    hiring.fund(company, 100_000)
    operator = hiring.stage.member("operator", company, "enterprise_operator")
    add_membership(hiring, "operator", company)
    order_id = hiring.draft(operator)
    hiring.stage.do(operator, order_id, "describe_demand", {**DEMAND})
    himself = Actor("operator", "operator", "individual", frozenset({"individual"}))
    assert refusal(hiring, himself, order_id) == "not_eligible.related_party"


def test_an_organisation_takes_and_its_members_do_the_work(hiring: Hiring) -> None:
    company = hiring.stage.organisation("company")
    operator = hiring.stage.member("operator", company, "enterprise_operator")
    order_id = hiring.publish(taker_kinds="organisation")
    assert refusal(hiring, hiring.taker, order_id) == "not_eligible.kind_not_wanted"
    hiring.take(order_id, operator)
    assert hiring.tasks_of(operator, order_id) == {"start_work"}
    assert hiring.tasks_of(hiring.taker, order_id) == set()


@pytest.mark.parametrize(
    ("column", "value", "code"),
    [
        ("is_certified", 0, "not_eligible.not_certified"),
        ("has_agreement", 0, "not_eligible.no_agreement"),
        ("is_suspended", 1, "not_eligible.suspended"),
    ],
)
def test_only_certified_parties_with_an_agreement_take(hiring: Hiring, column: str, value: int, code: str) -> None:
    order_id = hiring.publish()
    change = update(party).where(party.c.id == "taker").values({column: value})
    hiring.stage.engine.database.transact(lambda unit: unit.connection.execute(change))
    assert refusal(hiring, hiring.taker, order_id) == code


def test_staff_of_the_platform_do_not_take(hiring: Hiring) -> None:
    assert refusal(hiring, hiring.reviewer, hiring.publish()) == "not_eligible.not_a_party"


def test_nobody_holds_more_orders_than_the_limit(hiring: Hiring) -> None:
    hiring.fund("publisher", 200_000)
    for _ in range(5):
        hiring.take(hiring.publish())
    order_id = hiring.publish()
    assert refusal(hiring, hiring.taker, order_id) == "not_eligible.too_many_orders"
    hiring.take(order_id, hiring.other)


def test_the_loser_of_a_race_leaves_no_trace(hiring: Hiring) -> None:
    order_id, token = hiring.publish(), new_id()
    hiring.take(order_id)
    with pytest.raises(AlreadyTaken):
        take_order(hiring.stage.engine, hiring.other, order_id, token)
    with hiring.stage.engine.database.read() as connection:
        key = SubmissionKey.of(f"take:{order_id}", token, {})
        assert find_answer(connection, key, hiring.other) is None


def test_an_order_given_back_is_listed_again_but_not_for_the_same_taker(any_hiring: Hiring) -> None:
    """Scenario 22."""
    order_id = any_hiring.publish()
    any_hiring.take(order_id)
    any_hiring.stage.wait(hours=2)
    release_order(any_hiring.stage.engine, any_hiring.taker, order_id, new_id(), "临时有事")
    row = any_hiring.row(order_id)
    assert (row["state"], row["taker_id"], row["release_count"]) == ("open", None, 1)
    assert refusal(any_hiring, any_hiring.taker, order_id) == "not_eligible.excluded"
    with any_hiring.stage.engine.database.read() as connection:
        assert count_releases(connection, "taker") == 1
    assert any_hiring.take(order_id, any_hiring.other) == 2
    assert any_hiring.tasks_of(any_hiring.other, order_id) == {"start_work"}


def test_giving_back_within_the_time_of_grace_does_not_count(hiring: Hiring) -> None:
    order_id = hiring.publish()
    hiring.take(order_id)
    hiring.stage.wait(minutes=59)
    release_order(hiring.stage.engine, hiring.taker, order_id, new_id())
    with hiring.stage.engine.database.read() as connection:
        assert count_releases(connection, "taker") == 0
    assert refusal(hiring, hiring.taker, order_id) == "not_eligible.excluded"


def test_an_order_given_back_late_is_listed_for_at_least_a_day(hiring: Hiring) -> None:
    order_id = hiring.publish()
    hiring.stage.wait(days=6, hours=23)
    hiring.take(order_id)
    hiring.start(order_id)
    hiring.stage.wait(hours=2)
    release_order(hiring.stage.engine, hiring.taker, order_id, new_id())
    assert (hiring.row(order_id)["expires_at"] - hiring.stage.clock()).total_seconds() == 24 * 3600
    hiring.stage.wait(hours=25)
    assert (hiring.state(order_id), hiring.stage.open(order_id)) == ("expired", {"decide_expiry"})


def test_only_the_taker_gives_back_and_only_before_the_handover(hiring: Hiring) -> None:
    order_id = hiring.to_inspection()
    for actor in (hiring.publisher, hiring.taker):
        with pytest.raises(RequestNotPossible):
            release_order(hiring.stage.engine, actor, order_id, new_id())
    with pytest.raises(EngineError) as unknown:
        release_order(hiring.stage.engine, hiring.other, order_id, new_id())
    assert unknown.value.code == "not_found"
