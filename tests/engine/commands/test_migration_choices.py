"""Which cases of a migration are meant, what became of them in words, and when it stops."""

from collections.abc import Iterable
from threading import Thread
from typing import Any

import pytest

from engine.commands.migrations import (
    Draft,
    cancel_migration,
    pause_migration,
    plan_migration,
    resume_migration,
    revert_migration,
    run_migration,
)
from engine.commands.tasks import claim_task
from engine.commands.work import run_due_jobs, settle
from engine.queries.migrations import fetch_migration, find_missing, list_places
from engine.records.migrations import CLEAN, Filters, find_item
from engine.runtime.engine import Engine
from engine.services.verification import verify
from engine.storage.changes import Changes, Listener, case_topic
from engine.storage.ids import new_id
from tests.engine.commands.test_migrations import ANALYST, OWNER, RENAMED, Desk, changed
from tests.support.definitions import FILES, diagram, flow, node, note_form, two_tasks, user


@pytest.fixture
def desk(any_engine: Engine) -> Desk:
    return Desk(any_engine)


class Pausing(Changes):
    """Somebody pauses a migration as soon as he hears that a case was moved."""

    def __init__(self, engine: Engine, migration: str, case: str) -> None:
        super().__init__()
        self.engine, self.migration, self.topic = engine, migration, case_topic(case)

    def publish(self, topics: Iterable[str], sender: Listener | None = None) -> None:
        told = tuple(topics)
        super().publish(told, sender)
        if self.topic in told:
            pausing = Thread(target=pause_migration, args=(self.engine, ANALYST, self.migration))
            pausing.start()
            pausing.join()


def test_a_pause_holds_from_the_next_case_on(desk: Desk) -> None:
    first = desk.deploy(two_tasks())
    cases = sorted(desk.start() for _ in range(5))
    plan = desk.plan(first, desk.deploy(changed(two_tasks(), ("&gt; 100", "&gt; 101"))))
    run_migration(desk.engine, ANALYST, plan, (CLEAN,), None)
    before, desk.engine.changes = desk.engine.changes, Pausing(desk.engine, plan, cases[1])
    assert run_due_jobs(desk.engine) == 1
    desk.engine.changes = before
    assert [desk.item(plan, case).state for case in cases] == ["migrated"] * 2 + ["chosen"] * 3
    resume_migration(desk.engine, ANALYST, plan)
    settle(desk.engine)
    assert (desk.count(plan, "migrated"), [*verify(desk.engine)]) == (5, [])


def test_a_trial_that_was_cancelled_meanwhile_leaves_the_plan_as_it_is(desk: Desk) -> None:
    first = desk.deploy(two_tasks())
    case = desk.start()
    second = desk.deploy(changed(two_tasks(), ("&gt; 100", "&gt; 101")))
    plan = plan_migration(desk.engine, ANALYST, new_id(), Draft((first,), second, {}, Filters()))
    clock = desk.engine.clock

    def cancel_and_tell() -> Any:
        desk.engine.clock = clock
        cancel_migration(desk.engine, ANALYST, plan)
        return clock()

    desk.engine.clock = cancel_and_tell  # which a trial asks when it has read which cases it is about
    run_due_jobs(desk.engine)
    assert desk.engine.clock is clock
    assert (desk.item(plan, case).state, desk.item(plan, case).verdict) == ("skipped", None)


def test_what_was_renamed_is_offered_to_every_version_that_lacks_it(engine: Engine) -> None:
    desk = Desk(engine)
    first = desk.deploy(two_tasks())
    old = desk.start()
    desk.do(old, "fill", amount_fen="5.00")
    renamed = changed(two_tasks(), *RENAMED)
    second = desk.deploy(renamed)
    young = desk.start()
    desk.do(young, "fill", amount_fen="5.00")
    third = desk.deploy(changed(renamed, ("&gt; 100", "&gt; 101")))
    (missing,) = find_missing(engine, [first, second], third)
    assert (missing.key, [one.id for one in missing.candidates]) == ("trial/check", ["approve"])
    plan = plan_migration(engine, ANALYST, new_id(), Draft((first, second), third, {missing.key: "approve"}, Filters()))
    settle(engine)
    assert desk.run(plan) == 2
    assert (desk.open(old), desk.open(young)) == ({"approve": third}, {"approve": third})

    fourth = desk.deploy(changed(two_tasks(), (flow("check done"), user("check2") + flow("check check2 done"))))
    fifth = desk.deploy(changed(two_tasks(), ('"check"', '"check2"')))
    (missing,) = find_missing(engine, [first, fourth], fifth)
    assert (missing.key, missing.candidates) == ("trial/check", []), "the fourth has both: they would become one"


def test_cases_are_found_by_the_phase_or_the_called_process_they_wait_in(desk: Desk) -> None:
    inside = node("startEvent", "b1") + user("look") + node("endEvent", "d1") + flow("b1 look d1")
    given = '<bpmn:extensionElements><camunda:in source="who" target="who"/></bpmn:extensionElements>'
    body = (
        node("startEvent", "begun")
        + node("subProcess", "phase", inside)
        + node("callActivity", "part", given, calledElement="inner")
        + node("endEvent", "done")
        + flow("begun phase part done")
    )
    called = node("startEvent", "b2") + user("see") + node("endEvent", "d2") + flow("b2 see d2")
    files = {**FILES, **note_form(), **diagram("trial", body), **diagram("inner", called, variables="who")}
    first = desk.deploy(files)
    early, late = desk.start(), desk.start()
    desk.do(late, "look")
    offered = list_places(desk.engine, "trial", [first])
    assert [(one.id, [place.id for place in places]) for one, places in offered] == [
        ("trial", ["phase", "look", "part"]),
        ("inner", ["see"]),
    ]
    second = desk.deploy(changed(files, ("d1 中", "d1 改")))

    def found(element: str) -> set[str]:
        plan = desk.plan(first, second, element=element)
        with desk.engine.database.read() as connection:
            return {case for case in (early, late) if find_item(connection, plan, case) is not None}

    assert found("trial/phase") == found("trial/look") == {early}
    assert found("trial/part") == found("inner/see") == {late}


def test_cases_are_listed_by_their_reason_and_only_those_untouched_can_go_back(desk: Desk) -> None:
    first = desk.deploy(two_tasks())
    ended, claimed, still = (desk.start() for _ in range(3))
    plan = desk.plan(first, desk.deploy(changed(two_tasks(), ("&gt; 100", "&gt; 700"))))
    desk.do(ended, "fill", amount_fen="0.50")
    desk.run(plan)
    view = fetch_migration(desk.engine, ANALYST, plan)
    assert [(one.verdict, one.reason, one.state, one.count) for one in view.findings] == [
        (CLEAN, "closed", "skipped", 1)
    ]
    assert [case.instance_id for case in fetch_migration(desk.engine, ANALYST, plan, CLEAN, reason="closed").cases] == [
        ended
    ]
    assert view.revertible == 2
    claim_task(desk.engine, OWNER, desk.task(claimed, "fill"))
    assert fetch_migration(desk.engine, ANALYST, plan).revertible == 1
    revert_migration(desk.engine, ANALYST, plan)
    settle(desk.engine)
    after = fetch_migration(desk.engine, ANALYST, plan)
    assert (after.revertible, after.row.count("migrated"), desk.row(still).definition_id) == (0, 1, first)


def test_an_element_to_blame_is_one_of_its_process(desk: Desk) -> None:
    first = desk.deploy(two_tasks())
    case = desk.start()
    desk.do(case, "fill", amount_fen="5.00")
    plan = desk.plan(first, desk.deploy(changed(two_tasks(), *RENAMED)))
    (finding,) = fetch_migration(desk.engine, ANALYST, plan).findings
    assert finding.place == "trial/check"
    listed = {place: len(fetch_migration(desk.engine, ANALYST, plan, element=place).cases) for place in
              (finding.place, "other/check", "trial/fill")}  # fmt: skip
    assert listed == {"trial/check": 1, "other/check": 0, "trial/fill": 0}
