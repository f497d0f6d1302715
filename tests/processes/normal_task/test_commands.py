"""What each command allows: the enterprise, a colleague with another role, the worker, a stranger."""

from collections.abc import Callable
from functools import partial

import pytest
from sqlalchemy import Update, select, update

from engine.language.errors import EngineError
from engine.records.jobs import enqueue
from engine.runtime.errors import NotFound
from engine.services.identity.staff import SUSPENDED
from engine.services.work_tasks.applications import apply_for_task, withdraw_application
from engine.services.work_tasks.commands import cancel_engagement, cancel_task, create_work_task, dispute_engagement
from engine.services.work_tasks.errors import MayNotApply, NotPossible, SignupClosed
from engine.services.work_tasks.negotiating import revise_offer
from engine.services.work_tasks.tables import application, engagement
from engine.storage.database import UnitOfWork
from engine.storage.ids import new_id
from engine.storage.tables import party
from tests.processes.normal_task.hiring_out import HiringOut


def refused(command: Callable[[], object]) -> str:
    with pytest.raises(EngineError) as error:
        command()
    return error.value.code


def test_operators_of_an_enterprise_in_good_standing_publish(work: HiringOut) -> None:
    engine = work.stage.engine
    assert create_work_task(engine, work.operator, "token") == create_work_task(engine, work.operator, "token")
    for actor, code in (
        (work.finance, "may_not_publish.wrong_role"),
        (work.colleague, "may_not_publish.wrong_role"),
        (work.worker, "may_not_publish.not_an_enterprise"),
        (work.reviewer, "may_not_publish.not_an_enterprise"),
    ):
        assert refused(partial(create_work_task, engine, actor, new_id())) == code


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [("is_certified", 0, "not_certified"), ("has_agreement", 0, "no_agreement"), ("is_suspended", 1, "suspended")],
)
def test_standing_decides_who_publishes_and_who_signs_up(work: HiringOut, column: str, value: int, reason: str) -> None:
    engine, task_id = work.stage.engine, work.publish()
    engine.database.transact(lambda unit: unit.connection.execute(update(party).values({column: value})))
    assert refused(lambda: create_work_task(engine, work.operator, new_id())) == f"may_not_publish.{reason}"
    assert refused(lambda: apply_for_task(engine, work.worker, task_id)) == f"may_not_apply.{reason}"


def test_an_enterprise_that_owes_pay_publishes_nothing(work: HiringOut) -> None:
    task_id = work.publish()
    work.award(task_id, work.worker)
    blocked = update(engagement).values(payment_blocked_at=work.stage.clock())
    work.stage.engine.database.transact(lambda unit: unit.connection.execute(blocked))
    code = refused(lambda: create_work_task(work.stage.engine, work.operator, new_id()))
    assert code == "may_not_publish.unpaid"


def test_individuals_sign_up_once_and_for_themselves(any_work: HiringOut) -> None:
    work, engine = any_work, any_work.stage.engine
    task_id = work.publish()
    first = apply_for_task(engine, work.worker, task_id)
    assert apply_for_task(engine, work.worker, task_id) == first
    for actor in (work.operator, work.rival, work.reviewer):
        with pytest.raises(MayNotApply) as error:
            apply_for_task(engine, actor, task_id)
        assert error.value.reason == "not_a_person"
    with pytest.raises(MayNotApply) as error:
        apply_for_task(engine, work.other, task_id, terms_version=2)
    assert error.value.reason == "terms_changed"
    with pytest.raises(NotFound):
        apply_for_task(engine, work.other, new_id())


def test_a_suspension_lets_open_sign_ups_lapse_and_work_go_on(any_work: HiringOut) -> None:
    """FE-25: what he was awarded goes on; reinstated before the job ran, nothing lapses."""
    work, engine = any_work, any_work.stage.engine
    running, waiting = work.publish(), work.publish()
    work.award(running, work.worker)
    for actor in (work.worker, work.other):
        apply_for_task(engine, actor, waiting)
    for actor, is_suspended in ((work.worker, 1), (work.other, 0)):
        standing = update(party).where(party.c.id == actor.party_id).values(is_suspended=is_suspended)

        def suspend(unit: UnitOfWork, standing: Update = standing, party_id: str = actor.party_id) -> None:
            unit.connection.execute(standing)
            enqueue(unit.connection, unit.now, SUSPENDED, {"party": party_id})

        engine.database.transact(suspend)
    work.stage.settle()
    with engine.database.read() as connection:
        rows = connection.execute(select(application.c.task_id, application.c.worker_id, application.c.state)).all()
    assert {(row.task_id, row.worker_id): row.state for row in rows} == {
        (running, "wang"): "awarded",
        (waiting, "wang"): "withdrawn",
        (waiting, "li"): "applied",
    }
    work.confirm(running, work.worker)


def test_nobody_undertakes_work_of_his_own_firm(work: HiringOut) -> None:
    work.join(work.worker, "acme")
    task_id = work.publish()
    with pytest.raises(MayNotApply) as error:
        apply_for_task(work.stage.engine, work.worker, task_id)
    assert error.value.reason == "related_party"


def test_sign_up_ends_at_its_deadline_and_withdrawal_at_the_award(work: HiringOut) -> None:
    engine, task_id = work.stage.engine, work.publish()
    apply_for_task(engine, work.worker, task_id)
    withdraw_application(engine, work.worker, task_id)
    withdraw_application(engine, work.worker, task_id)
    with pytest.raises(MayNotApply) as error:
        apply_for_task(engine, work.worker, task_id)
    assert error.value.reason == "signed_up_before"
    with pytest.raises(NotFound):
        withdraw_application(engine, work.other, task_id)
    apply_for_task(engine, work.other, task_id)
    work.stage.do(work.operator, task_id, "award_manually", {"chosen": "2"})
    with pytest.raises(NotPossible):
        withdraw_application(engine, work.other, task_id)
    late = work.publish()
    work.stage.wait(days=4)
    with pytest.raises(SignupClosed):
        apply_for_task(engine, work.worker, late)


def test_only_its_operators_cancel_a_work_task(work: HiringOut) -> None:
    engine, task_id = work.stage.engine, work.publish()
    for actor in (work.colleague, work.finance, work.worker, work.rival, work.reviewer):
        assert refused(partial(cancel_task, engine, actor, task_id, new_id(), "")) == "not_found"
    token = new_id()
    cancel_task(engine, work.operator, task_id, token, "项目取消")
    cancel_task(engine, work.operator, task_id, token, "项目取消")
    assert work.task(task_id)["state"] == "cancelled"
    assert refused(lambda: cancel_task(engine, work.operator, task_id, new_id(), "")) == "not_possible"


def test_the_two_sides_of_an_engagement_cancel_and_dispute(work: HiringOut) -> None:
    engine, task_id = work.stage.engine, work.publish()
    work.award(task_id, work.worker)
    case = work.confirm(task_id, work.worker)
    for command in (cancel_engagement, dispute_engagement):
        for actor in (work.finance, work.other, work.rival, work.reviewer):
            code = refused(partial(command, engine, actor, task_id, "wang", new_id(), ""))
            assert code == "not_found"
    work.deliver(case, work.worker)
    code = refused(lambda: cancel_engagement(engine, work.worker, task_id, "wang", new_id(), ""))
    assert code == "not_possible"
    dispute_engagement(engine, work.colleague, task_id, "wang", new_id(), "成果与约定不符")
    assert [row["state"] for row in work.engagements(task_id)] == ["disputed"]
    code = refused(lambda: dispute_engagement(engine, work.worker, task_id, "wang", new_id(), ""))
    assert code == "not_possible"


def test_acceptance_is_for_the_enterprise_alone(work: HiringOut) -> None:
    task_id = work.publish()
    work.award(task_id, work.worker)
    case = work.confirm(task_id, work.worker)
    work.deliver(case, work.worker)
    work.approve(case)
    for actor in (work.worker, work.rival, work.reviewer):
        with pytest.raises(LookupError):
            work.stage.task_id(actor, case, "acceptance")
    work.stage.do(work.colleague, case, "acceptance", {"acceptance_result": "accept"})
    assert [row["state"] for row in work.engagements(task_id)] == ["settled"]


def test_only_the_applicant_replaces_his_offer_and_only_the_latest(work: HiringOut) -> None:
    engine = work.stage.engine
    task_id = work.publish(mode="negotiable", price_min_fen="800.00", price_max_fen="1200.00")
    apply_for_task(engine, work.worker, task_id, offer_fen=120_000)
    work.stage.settle()
    for actor in (work.other, work.operator):
        code = refused(partial(revise_offer, engine, actor, task_id, new_id(), 1, 110_000))
        assert code == "not_found"
    assert refused(lambda: revise_offer(engine, work.worker, task_id, new_id(), 2, 110_000)) == "version_conflict"
    out = refused(lambda: revise_offer(engine, work.worker, task_id, new_id(), 1, 130_000))
    assert out == "may_not_apply.offer_out_of_range"
    token = new_id()
    assert [revise_offer(engine, work.worker, task_id, token, 1, 110_000) for _ in range(2)] == [2, 2]
