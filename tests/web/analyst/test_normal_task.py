"""An analyst changes tables, a form, a deadline and a time of the normal task in the browser: the next case follows."""

import re

import pytest
from sqlalchemy import select

from engine.commands.tasks import FormRejected
from engine.queries.drafts import fetch_draft
from engine.services.ledger.posting import balance_of
from engine.services.reviews.tables import reminder
from engine.services.work_tasks.applications import apply_for_task
from engine.services.work_tasks.commands import cancel_engagement
from engine.storage.ids import new_id
from tests.processes.normal_task.hiring_out import FIRST_COME, HiringOut
from tests.support.stage import Stage
from tests.support.web import make_app
from tests.web.analyst.desk import sit_down
from tests.web.analyst.test_drafts import begin, save
from tests.web.visitor import Visitor

CHANGES = {
    # whoever wishes an automatic award gets one by hand
    "award_method": (rb'(<outputEntry id="rule_automatic_\w+"><text>")automatic', rb"\1manual"),
    # a cancellation before the start costs a fifth instead of a tenth
    "cancel_normal": (rb'(<outputEntry id="rule_enterprise_before_start_charge_bps"><text>)1000', rb"\g<1>2000"),
    # who is awarded has two hours to confirm
    "policy": (rb'"task_confirm_deadline": "PT24H"', rb'"task_confirm_deadline": "PT2H"'),
    # nobody takes more than three days to accept
    "normal_task/draft_task": (rb'("key": "acceptance_days"[^}]+"max": )15', rb"\g<1>3"),
    # he is reminded after one hour instead of four
    "task_engagement": (rb'(id="confirm_reminder_timer">\s*<bpmn:timeDuration[^>]*>)PT4H', rb"\g<1>PT1H"),
}


def change(stage: Stage, analyst: Visitor, key: str) -> None:
    """Edits a definition, saves it and publishes it."""
    draft_id = begin(stage.engine, analyst, key)
    before = fetch_draft(stage.engine, draft_id).content
    pattern, text = CHANGES[key]
    after, count = re.subn(pattern, text, before)
    assert count == 1, key
    saved = save(analyst, draft_id, after)
    assert saved.json is not None
    assert [one for one in saved.json["findings"] if one["severity"] == "error"] == []
    fields = {"listed": draft_id, "draft": f"{draft_id}:2", "note": key}
    assert analyst.send("/drafts/deploy", fields, page=f"/drafts/deploy?draft={draft_id}").status_code == 303


def test_the_next_case_follows_what_an_analyst_published(stage: Stage) -> None:
    work, engine = HiringOut(stage), stage.engine
    old = work.publish(headcount="2", acceptance_days="10", **FIRST_COME)
    sign_up(work, old)
    analyst = sit_down(make_app(engine), engine, "analyst")
    for key in CHANGES:
        change(stage, analyst, key)
    with pytest.raises(FormRejected):
        work.publish(headcount="2", acceptance_days="10", **FIRST_COME)
    new = work.publish(headcount="2", acceptance_days="3", **FIRST_COME)
    sign_up(work, new)
    assert (stage.open(old), len(work.engagements(old))) == (set(), 2)
    assert (stage.open(new), len(work.engagements(new))) == ({"award_manually"}, 0)
    stage.do(work.operator, new, "award_manually", {"chosen": ["1", "2"]})
    for task_id in (old, new):
        work.approve(work.case_of(task_id, work.other))
        work.confirm(task_id, work.worker)
    stage.wait(hours=3)
    assert {row["worker_id"]: row["state"] for row in work.engagements(old)} == {"wang": "confirmed", "li": "offered"}
    assert {row["worker_id"]: row["state"] for row in work.engagements(new)} == {"wang": "confirmed", "li": "lapsed"}
    assert [count_reminders(work, task_id) for task_id in (old, new)] == [0, 1]
    received = [cancel(work, task_id) for task_id in (old, new)]
    assert received == [800, 1600]  # 80 % of what is charged of 100.00


def sign_up(work: HiringOut, task_id: str) -> None:
    for actor in (work.worker, work.other):
        apply_for_task(work.stage.engine, actor, task_id)
    work.stage.settle()


def count_reminders(work: HiringOut, task_id: str) -> int:
    """How often Li was reminded to confirm."""
    query = select(reminder.c.id).where(reminder.c.instance_id == work.case_of(task_id, work.other))
    with work.stage.engine.database.read() as connection:
        return len(connection.execute(query.where(reminder.c.element == "confirm_award")).all())


def cancel(work: HiringOut, task_id: str) -> int:
    """The enterprise cancels the engagement of Wang and he agrees; gives what he received, in fen."""
    engine, before_fen = work.stage.engine, read_wallet(work)
    cancel_engagement(engine, work.operator, task_id, "wang", new_id(), "计划有变")
    work.stage.settle()
    work.stage.do(work.worker, work.case_of(task_id, work.worker), "confirm_cancellation", {"cancel_answer": "agree"})
    return read_wallet(work) - before_fen


def read_wallet(work: HiringOut) -> int:
    with work.stage.engine.database.read() as connection:
        return balance_of(connection, "wallet:wang")
