"""Separation of duties (B.1), line by line: whoever acted on one side of a matter is refused on the other, when the
task is listed, claimed and completed; somebody else may do it.
"""

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from sqlalchemy import insert
from werkzeug.datastructures import MultiDict

from engine.commands.tasks import claim_task, complete_task
from engine.queries.inbox import list_tasks
from engine.runtime.errors import NotFound
from engine.services.identity.people import groups_of
from engine.services.identity.tables import enterprise_policy
from engine.services.orders.commands import create_order, open_dispute
from engine.services.payments.limits import set_spend_limit
from engine.services.work_tasks.commands import create_work_task
from engine.storage.actor import PLATFORM, Actor
from engine.storage.database import UnitOfWork
from engine.storage.ids import new_id
from engine.storage.plain import PlainDict
from engine.storage.tables import membership, user
from tests.processes.hire_order.hiring import DEMAND, Hiring
from tests.processes.normal_task.hiring_out import TASK, HiringOut
from tests.processes.treasury.test_treasury import Office
from tests.support.cases import to_arbiter
from tests.support.stage import SKILLS, Stage

LONG = "请加微信联系。两间会议室投影调试，线缆全部进线槽。"  # a watched word: a person looks at it


@dataclass(frozen=True)
class Duty:
    """An open task, who may not do it because of what he did or where he belongs, and who may."""

    case: str
    element: str
    barred: tuple[Actor, ...]
    free: Actor


def as_staff(user_id: str, role: str) -> Actor:
    return Actor(user_id, PLATFORM, role, frozenset({role}), SKILLS)


def as_member(user_id: str, role: str) -> Actor:
    return Actor(user_id, "acme", role, groups_of(role))


def join(stage: Stage, user_id: str, role: str = "enterprise_operator") -> None:
    """Makes a person a member of acme."""
    account = {"id": user_id, "login": user_id, "password_hash": "", "is_disabled": 0, "created_at": stage.clock()}
    belongs = {"user_id": user_id, "party_id": "acme", "role": role, "skills": []}

    def work(unit: UnitOfWork) -> None:
        unit.connection.execute(insert(user), account)
        unit.connection.execute(insert(membership), belongs)

    stage.engine.database.transact(work)


def to_content_review(work: HiringOut) -> str:
    """A task whose content a person has to look at."""
    return work.publish(description=LONG + "提交修订稿与清稿各一份，附术语表。")


def publisher_and_reviewer(stage: Stage) -> Duty:
    """The publisher, and a reviewer who is a member of the enterprise."""
    work = HiringOut(stage)
    case = to_content_review(work)
    stage.person("kin")
    join(stage, "kin", "enterprise_finance")
    barred = (as_staff("olga", "platform_reviewer"), as_staff("kin", "platform_reviewer"))
    join(stage, "olga")
    return Duty(case, "review", barred, work.reviewer)


def person_and_reviewer(stage: Stage) -> Duty:
    """Who publishes as a person does not review it as the platform's."""
    hiring = Hiring(stage)
    case = create_order(stage.engine, hiring.publisher, new_id())
    stage.do(hiring.publisher, case, "describe_demand", {**DEMAND, "content": LONG})
    return Duty(case, "review", (as_staff("publisher", "platform_reviewer"),), hiring.reviewer)


def worker_and_reviewer(stage: Stage) -> Duty:
    """The worker does not review himself as an undertaker."""
    work = HiringOut(stage)
    task_id = work.publish()
    work.award(task_id, work.worker)
    case = work.case_of(task_id, work.worker)
    return Duty(case, "review", (as_staff("wang", "platform_reviewer"),), work.reviewer)


def to_acceptance(work: HiringOut) -> str:
    task_id = work.publish()
    work.award(task_id, work.worker)
    case = work.confirm(task_id, work.worker)
    work.deliver(case, work.worker)
    work.approve(case)
    return case


def worker_and_acceptor(stage: Stage) -> Duty:
    """The worker, should he have become an acceptor of the enterprise; an operator has another role."""
    work = HiringOut(stage)
    barred = (as_member("wang", "enterprise_acceptor"), as_member("wang", "enterprise_admin"), work.operator)
    return Duty(to_acceptance(work), "acceptance", barred, work.colleague)


def publisher_and_acceptor(stage: Stage) -> Duty:
    """The publisher, where his enterprise forbids it, even as its administrator."""
    work = HiringOut(stage)
    row = {"party_id": "acme", "may_accept_own": 0}
    stage.engine.database.transact(lambda unit: unit.connection.execute(insert(enterprise_policy), row))
    barred = (as_member("olga", "enterprise_acceptor"), as_member("olga", "enterprise_admin"))
    return Duty(to_acceptance(work), "acceptance", barred, work.colleague)


def first_and_second_reviewer(stage: Stage) -> Duty:
    """Above the four-eyes amount: not who approved first."""
    work = HiringOut(stage)
    work.fund("acme", 10_000_000)
    case = work.publish(description=LONG + "提交修订稿与清稿各一份，附术语表。", pay_fen="60000.00")
    work.approve(case)
    senior = stage.staff("senior", "platform_senior_reviewer")
    return Duty(case, "second_review", (as_staff("reviewer", "platform_senior_reviewer"),), senior)


def maker_and_checker(stage: Stage) -> Duty:
    """Treasury: not who proposed the posting."""
    office = Office(stage)
    return Duty(office.propose(office.fay), "approve_posting", (office.fay,), office.gus)


def earlier_actor_and_arbiter(stage: Stage) -> Duty:
    """Not the parties, nor who reviewed the matter before."""
    hiring = Hiring(stage)
    case = hiring.to_inspection()
    hiring.review(case, "return")
    open_dispute(stage.engine, hiring.taker, case, new_id(), "审核意见不合理")
    stage.settle()
    to_arbiter(stage, case, f"{case}-1", hiring.publisher)
    barred = tuple(as_staff(name, "arbiter") for name in ("publisher", "taker", "reviewer"))
    return Duty(case, "arbitrate", barred, hiring.arbiter)


def initiator_and_finance(stage: Stage) -> Duty:
    """Not who spends, as finance or as administrator; nor a colleague without that role."""
    work = HiringOut(stage)
    stage.engine.database.transact(lambda unit: set_spend_limit(unit.connection, "acme", "olga", 100))
    case = create_work_task(stage.engine, work.operator, new_id())
    stage.do(work.operator, case, "draft_task", TASK)
    barred = (as_member("olga", "enterprise_finance"), as_member("olga", "enterprise_admin"), work.colleague)
    return Duty(case, "approve_spend", barred, work.finance)


DUTIES: tuple[Callable[[Stage], Duty], ...] = (
    *(publisher_and_reviewer, person_and_reviewer, worker_and_reviewer, worker_and_acceptor, publisher_and_acceptor),
    *(first_and_second_reviewer, maker_and_checker, earlier_actor_and_arbiter, initiator_and_finance),
)


@pytest.mark.parametrize("prepare", DUTIES, ids=lambda prepare: prepare.__name__)
def test_one_side_of_a_matter_never_acts_on_the_other(stage: Stage, prepare: Callable[[Stage], Duty]) -> None:
    duty, engine = prepare(stage), stage.engine
    task_id = stage.task_id(duty.free, duty.case, duty.element)
    nothing: PlainDict = {}
    for actor in duty.barred:
        assert task_id not in {row.id for row in list_tasks(engine, actor, limit=200).rows}
        with pytest.raises(NotFound):
            claim_task(engine, actor, task_id)
        with pytest.raises(NotFound):
            complete_task(engine, actor, task_id, new_id(), MultiDict(nothing))
    claim_task(engine, duty.free, task_id)


def test_who_joins_a_party_after_the_claim_cannot_complete(any_stage: Stage) -> None:
    """The question is asked again at completion, of the memberships of that moment."""
    work = HiringOut(any_stage)
    case = to_content_review(work)
    task_id = any_stage.task_id(work.reviewer, case, "review")
    claim_task(any_stage.engine, work.reviewer, task_id)
    any_stage.person("reviewer")
    join(any_stage, "reviewer", "enterprise_acceptor")
    with pytest.raises(NotFound):
        complete_task(any_stage.engine, work.reviewer, task_id, new_id(), MultiDict({"decision": "approve"}))
    assert any_stage.open(case) == {"review"}


def test_an_administrator_does_what_every_member_may(stage: Stage) -> None:
    """One person alone runs a small enterprise, with the role of its administrator."""
    work = HiringOut(stage)
    work.operator = stage.member("boss-of-acme", "acme", "enterprise_admin")
    case = to_acceptance(work)
    assert stage.task_id(work.operator, case, "acceptance")
    for stranger in (work.rival, Actor("rita", "rival", "enterprise_admin", groups_of("enterprise_admin"))):
        assert list_tasks(stage.engine, stranger).rows == []
