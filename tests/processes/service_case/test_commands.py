"""What parties do to a case beside their tasks, as each of those who might try it, on both databases."""

import pytest
from sqlalchemy import select

from engine.language.errors import EngineError
from engine.queries.inbox import list_tasks
from engine.runtime.errors import NotFound, SubmissionConflict
from engine.services.cases.commands import add_evidence, open_case, withdraw_case
from engine.services.cases.errors import CaseClosed, CaseNotPossible
from engine.services.cases.queries import fetch_case, list_own_cases
from engine.services.cases.tables import case_entry
from engine.services.verification import verify
from engine.storage.actor import Actor
from engine.storage.ids import new_id
from tests.processes.hire_order.hiring import Hiring
from tests.support.stage import Stage

TEXT = "一间会议室的画面仍然倾斜，要求退回一部分。"


def paid(hiring: Hiring) -> str:
    """An order that was accepted and paid."""
    order_id = hiring.to_inspection()
    hiring.review(order_id, "approve")
    hiring.answer(order_id, "confirm")
    return order_id


def open_one(hiring: Hiring, actor: Actor, order_id: str, token: str = "") -> str:
    engine = hiring.stage.engine
    case_ref = open_case(engine, actor, "hire_order", order_id, token or new_id(), "dispute", TEXT, 10_000)
    hiring.stage.settle()
    return case_ref


def tasks_of(stage: Stage, actor: Actor) -> set[str]:
    return {row.element.id for row in list_tasks(stage.engine, actor).rows}


def test_a_case_is_opened_shown_and_withdrawn_by_its_parties_alone(any_stage: Stage) -> None:
    hiring = Hiring(any_stage)
    engine, order_id = any_stage.engine, paid(hiring)
    clerk = any_stage.member("clerk", any_stage.organisation("acme"), "enterprise_operator")
    before_fen = hiring.wallet("taker")
    for stranger in (hiring.other, clerk):
        with pytest.raises(NotFound):
            open_one(hiring, stranger, order_id)
    token = new_id()
    case_ref = open_one(hiring, hiring.publisher, order_id, token)
    assert open_one(hiring, hiring.publisher, order_id, token) == case_ref  # a retry is answered
    with pytest.raises(SubmissionConflict):
        open_case(engine, hiring.publisher, "hire_order", order_id, token, "question", TEXT)
    with pytest.raises(CaseNotPossible, match="open_already"):
        open_one(hiring, hiring.taker, order_id)
    assert hiring.wallet("taker") == before_fen - 10_000

    add_evidence(engine, hiring.taker, case_ref, "e1", "照片显示画面是平的。")
    add_evidence(engine, hiring.taker, case_ref, "e1", "照片显示画面是平的。")
    for stranger in (hiring.other, clerk):
        with pytest.raises(NotFound):
            add_evidence(engine, stranger, case_ref, new_id(), "看热闹。")
        with pytest.raises(NotFound):
            fetch_case(engine, stranger, case_ref)
        assert list_own_cases(engine, stranger) == []
    view = fetch_case(engine, hiring.taker, case_ref)
    assert view == fetch_case(engine, hiring.publisher, case_ref)
    assert list(verify(engine)) == [], "history names what was sent before there was a case"
    assert [(one.kind, one.party_id) for one in view.entries] == [("opened", "publisher"), ("evidence", "taker")]
    with engine.database.read() as connection:
        assert all("$vault" in text for text in connection.execute(select(case_entry.c.text)).scalars())

    for other in (hiring.taker, hiring.other, clerk):
        with pytest.raises(NotFound):
            withdraw_case(engine, other, case_ref, new_id())
    withdraw_case(engine, hiring.publisher, case_ref, "w1")
    withdraw_case(engine, hiring.publisher, case_ref, "w1")
    any_stage.settle()
    summary = fetch_case(engine, hiring.publisher, case_ref).summary
    assert (summary.state, summary.outcome, hiring.wallet("taker")) == ("closed", "withdrawn", before_fen)
    with pytest.raises(CaseClosed):
        add_evidence(engine, hiring.taker, case_ref, new_id(), "还有一张照片。")
    with pytest.raises(CaseClosed):
        withdraw_case(engine, hiring.publisher, case_ref, new_id())


def test_a_case_is_possible_for_seven_days_after_the_end(any_stage: Stage) -> None:
    hiring = Hiring(any_stage)
    running = hiring.to_inspection()
    with pytest.raises(CaseNotPossible, match="running"):
        open_one(hiring, hiring.publisher, running)
    hiring.review(running, "approve")
    hiring.answer(running, "confirm")
    any_stage.clock.advance(days=7)
    in_time = open_one(hiring, hiring.taker, running)
    assert fetch_case(any_stage.engine, hiring.taker, in_time).summary.party_b == "publisher"
    withdraw_case(any_stage.engine, hiring.taker, in_time, new_id())
    any_stage.settle()
    any_stage.clock.advance(seconds=1)
    with pytest.raises(CaseNotPossible, match="too_late"):
        open_one(hiring, hiring.taker, running)


def test_the_turn_belongs_to_who_is_asked(any_stage: Stage) -> None:
    hiring = Hiring(any_stage)
    order_id = paid(hiring)
    case_ref = open_one(hiring, hiring.publisher, order_id)
    service, arbiter = any_stage.staff("service", "customer_service"), any_stage.staff("arbiter", "arbiter")
    instance_id = fetch_case(any_stage.engine, hiring.taker, case_ref).summary.instance_id
    assert "triage" in tasks_of(any_stage, service)
    assert not {"triage"} & (tasks_of(any_stage, hiring.publisher) | tasks_of(any_stage, arbiter))
    any_stage.do(service, instance_id, "triage", {"matter": "dispute"})
    assert "respond" in tasks_of(any_stage, hiring.taker)
    for other in (hiring.publisher, hiring.other, service, arbiter):
        assert "respond" not in tasks_of(any_stage, other)
        with pytest.raises((EngineError, LookupError)):
            any_stage.do(other, instance_id, "respond", {"response": "accept"})
    any_stage.do(hiring.taker, instance_id, "respond", {"response": "accept"})
    summary = fetch_case(any_stage.engine, hiring.taker, case_ref).summary
    assert (summary.outcome, summary.refund_fen) == ("settled_by_agreement", 10_000)
    with any_stage.engine.database.read() as connection:
        assert connection.execute(select(case_entry.c.kind)).scalars().all()[-1] == "respond.accept"
