"""Running cases go over to another version: the trial, the step, the batch, the way back; who may."""

from typing import Any

import pytest
from sqlalchemy import select
from werkzeug.datastructures import MultiDict

from engine.commands.deployments import deploy
from engine.commands.instances import start_instance
from engine.commands.migrations import (
    Draft,
    NotPossibleNow,
    PlanInvalid,
    cancel_migration,
    pause_migration,
    plan_migration,
    resume_migration,
    revert_migration,
    run_migration,
)
from engine.commands.tasks import claim_task, complete_task
from engine.commands.work import run_due_jobs, settle
from engine.queries.inbox import list_tasks
from engine.queries.inspection import Look, fetch_case, fetch_drawing
from engine.queries.migrations import fetch_migration, find_missing
from engine.records.history import read_stream
from engine.records.migrations import CLEAN, DIFFERS, Filters, count_items, find_item
from engine.records.rebuild import TOKEN_KINDS, Picture
from engine.runtime.engine import Engine
from engine.runtime.errors import Forbidden, NotFound
from engine.services.verification import verify
from engine.storage.actor import PLATFORM, Actor
from engine.storage.ids import new_id
from engine.storage.tables import definition, instance, subscription, task
from tests.support.clock import ManualClock
from tests.support.definitions import FILES, boundary, diagram, flow, message, node, note_form, timer, two_tasks, user
from tests.web.analyst.desk import TABLE

ANALYST = Actor("ana", PLATFORM, "analyst", frozenset({"analyst"}))
OWNER = Actor("olga", "olga", "individual", frozenset({"individual"}))
STRANGER = Actor("stan", "stan", "individual", frozenset({"individual"}))
REVIEWER = Actor("rea", PLATFORM, "platform_reviewer", frozenset({"platform_reviewer"}), frozenset({"content"}))
AUDITOR = Actor("aud", PLATFORM, "auditor", frozenset({"auditor"}))


class Desk:
    """Cases of the process `trial`, and an analyst who moves them."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def deploy(self, files: dict[str, bytes]) -> str:
        """Deploys; gives the newest version of the process."""
        deploy(self.engine, ANALYST, files)
        with self.engine.database.read() as connection:
            query = select(definition.c.id).where(definition.c.kind == "process", definition.c.key == "trial")
            return str(connection.execute(query.order_by(definition.c.version.desc())).scalars().first())

    def start(self, **values: str) -> str:
        return start_instance(self.engine, OWNER, "trial", {"who": "olga", "peer": "pete", **values}, new_id())

    def do(self, case: str, element: str, actor: Actor = OWNER, **fields: str) -> None:
        complete_task(self.engine, actor, self.task(case, element, actor), new_id(), MultiDict({"note": "n"} | fields))
        settle(self.engine)

    def task(self, case: str, element: str, actor: Actor = OWNER) -> str:
        rows = list_tasks(self.engine, actor, limit=200).rows
        return next(row.id for row in rows if row.instance_id == case and row.element.id == element)

    def plan(self, source: str, target: str, renamed: dict[str, str] | None = None, **filters: object) -> str:
        draft = Draft((source,), target, renamed or {}, Filters(**filters))  # type: ignore[arg-type]
        made = plan_migration(self.engine, ANALYST, new_id(), draft)
        settle(self.engine)
        return made

    def run(self, migration: str, *verdicts: str) -> int:
        count = run_migration(self.engine, ANALYST, migration, verdicts or (CLEAN,), None)
        settle(self.engine)
        return count

    def item(self, migration: str, case: str) -> Any:
        with self.engine.database.read() as connection:
            return find_item(connection, migration, case)

    def row(self, case: str) -> Any:
        with self.engine.database.read() as connection:
            return connection.execute(select(instance).where(instance.c.id == case)).one()

    def open(self, case: str) -> dict[str, str]:
        """The open tasks by element, with their definitions."""
        with self.engine.database.read() as connection:
            rows = connection.execute(select(task).where(task.c.instance_id == case)).all()
        return {row.element: row.definition_id for row in rows}

    def waits(self, case: str) -> list[tuple[str, str, str]]:
        """The messages and signals it waits for."""
        columns = (subscription.c.kind, subscription.c.name, subscription.c.correlation_key)
        with self.engine.database.read() as connection:
            rows = connection.execute(select(*columns).where(subscription.c.instance_id == case))
            return [(row.kind, row.name, row.correlation_key) for row in rows]

    def count(self, migration: str, state: str) -> int:
        with self.engine.database.read() as connection:
            return sum(n for (found, _), n in count_items(connection, migration).items() if found == state)

    def rebuilt(self, case: str) -> set[str]:
        """Where the case stands, told by its history alone."""
        picture = Picture()
        with self.engine.database.read() as connection:
            for row in read_stream(connection, case):
                for event in row.events:
                    if event["kind"] in TOKEN_KINDS:
                        picture.apply(event)
        return {token.element for token in picture.tokens()}


@pytest.fixture
def desk(any_engine: Engine) -> Desk:
    return Desk(any_engine)


def changed(files: dict[str, bytes], *pairs: tuple[str, str]) -> dict[str, bytes]:
    """The files with texts replaced in the diagram; each must be there."""
    xml = files["bpmn/trial/trial.bpmn"].decode()
    for old, new in pairs:
        assert old in xml
        xml = xml.replace(old, new)
    return {**files, "bpmn/trial/trial.bpmn": xml.encode()}


RENAMED = ('"check"', '"approve"'), ("gw_large_to_check", "gw_large_to_approve"), ("check_to_done", "approve_to_done")


def test_a_renamed_step_goes_on_under_its_new_name_and_back(desk: Desk) -> None:
    first = desk.deploy(two_tasks())
    case = desk.start()
    desk.do(case, "fill", amount_fen="5.00")
    claim_task(desk.engine, REVIEWER, desk.task(case, "check", REVIEWER))
    before = desk.row(case)
    assert desk.open(case) == {"check": first}
    second = desk.deploy(changed(two_tasks(), *RENAMED))
    assert desk.open(case) == {"check": first}, "a deployment leaves running cases where they are"

    blocked = desk.plan(first, second)
    item = desk.item(blocked, case)
    assert (item.verdict, item.reason, item.element, item.places) == ("blocked", "gone", "check", ["trial/check"])
    plan = desk.plan(first, second, {"trial/check": "approve"})
    assert desk.item(plan, case).verdict == CLEAN
    assert desk.run(plan) == 1
    assert desk.item(plan, case).state == "migrated"
    assert desk.open(case) == {"approve": second}
    assert desk.rebuilt(case) == {"approve"}
    assert desk.task(case, "approve", REVIEWER), "the reviewer keeps what he holds"
    assert [*verify(desk.engine)] == []
    view = fetch_case(desk.engine, AUDITOR, case)
    assert [token.element.id for token in view.story.tokens] == ["approve"]
    assert view.case.version == 2
    past = fetch_case(desk.engine, AUDITOR, case, Look(at=view.moment.seq - 1))
    assert ([token.element.id for token in past.story.tokens], past.case.version) == (["check"], 1)
    assert past.drawings[0].xml != view.drawings[0].xml
    old_drawing = fetch_drawing(desk.engine, AUDITOR, case, "trial", past.drawings[0].pin_set_id)
    assert old_drawing == past.drawings[0].xml

    assert revert_migration(desk.engine, ANALYST, plan) == 1
    settle(desk.engine)
    after = desk.row(case)
    assert desk.item(plan, case).state == "reverted"
    assert (after.state, after.pin_set_id, after.definition_id) == (before.state, before.pin_set_id, first)
    assert (desk.open(case), desk.rebuilt(case)) == ({"check": first}, {"check"})
    assert [*verify(desk.engine)] == []

    assert desk.run(desk.plan(first, second, {"trial/check": "approve"})) == 1
    desk.do(case, "approve", REVIEWER)
    assert desk.row(case).status == "completed"
    assert [*verify(desk.engine)] == []


def test_who_did_the_renamed_step_is_still_kept_from_checking_it(desk: Desk) -> None:
    fill, reviewer = two_tasks(), Actor("olga", PLATFORM, "platform_reviewer", REVIEWER.groups, REVIEWER.skills)
    first = desk.deploy(fill)
    case = desk.start()
    desk.do(case, "fill", amount_fen="5.00")
    names = ('"fill"', '"enter"'), ("actor:fill", "actor:enter"), ("begun_to_fill", "f1"), ("fill_to_gw_large", "f2")
    second = desk.deploy(changed(fill, *names))
    assert desk.run(desk.plan(first, second, {"trial/fill": "enter"})) == 1
    assert desk.task(case, "check", REVIEWER)
    with pytest.raises(StopIteration):
        desk.task(case, "check", reviewer)


def test_a_decision_that_would_differ_is_named_and_needs_to_be_chosen(desk: Desk) -> None:
    first = desk.deploy(two_tasks())
    large, larger, fresh = desk.start(), desk.start(), desk.start()
    desk.do(large, "fill", amount_fen="5.00")
    desk.do(larger, "fill", amount_fen="9.00")
    second = desk.deploy(changed(two_tasks(), ("&gt; 100", "&gt; 700")))
    plan = desk.plan(first, second)
    found = {case: desk.item(plan, case) for case in (large, larger, fresh)}
    assert [found[case].verdict for case in found] == [DIFFERS, CLEAN, CLEAN]
    assert (found[large].reason, found[large].element) == ("way", "gw_large")
    (told,) = found[large].facts["differences"]
    assert (told["en"], told["taken_en"], told["now_en"]) == ("Large amount?", "Yes", "No")
    assert desk.run(plan) == 2
    assert desk.item(plan, large).state == "planned"
    assert desk.run(plan, CLEAN, DIFFERS) == 1
    assert {desk.row(case).definition_id for case in found} == {second}


def test_a_step_set_into_a_way_is_no_other_way(engine: Engine) -> None:
    """The flow out of the gateway is the same; it leads to the new step now, and from there to where it led."""
    desk, more = Desk(engine), user("sort") + flow("sort check") + '<bpmn:endEvent id="done"'
    first = desk.deploy(two_tasks())
    case = desk.start()
    desk.do(case, "fill", amount_fen="5.00")
    into = ('sourceRef="gw_large" targetRef="check"', 'sourceRef="gw_large" targetRef="sort"')
    second = desk.deploy(changed(two_tasks(), into, ('<bpmn:endEvent id="done"', more), ("&gt; 100", "&gt; 300")))
    plan = desk.plan(first, second)
    assert (desk.item(plan, case).verdict, desk.item(plan, case).places) == (CLEAN, ["trial/check"])
    assert desk.run(plan) == 1
    desk.do(case, "check", REVIEWER)
    assert desk.row(case).outcome == "done"


def test_renamed_steps_of_a_called_process_are_offered_to_be_matched(engine: Engine) -> None:
    desk = Desk(engine)
    call = node("callActivity", "part", '<bpmn:extensionElements><camunda:in source="who" target="who"/>'
                "</bpmn:extensionElements>", calledElement="inner")  # fmt: skip
    outer = diagram("trial", node("startEvent", "begun") + call + node("endEvent", "done") + flow("begun part done"))

    def inner(name: str) -> dict[str, bytes]:
        body = node("startEvent", "b2") + user(name) + node("endEvent", "d2") + flow(f"b2 {name} d2")
        return diagram("inner", body, variables="who")

    first = desk.deploy({**FILES, **note_form(), **outer, **inner("look")})
    case = desk.start()
    desk.deploy(inner("see"))
    (missing,) = find_missing(engine, [first], first)
    assert (missing.key, missing.waiting, [one.id for one in missing.candidates]) == ("inner/look", 1, ["see"])
    assert desk.item(desk.plan(first, first), case).reason == "gone"
    assert desk.run(desk.plan(first, first, {missing.key: "see"})) == 1
    desk.do(case, "see")
    assert (desk.row(case).status, [*verify(engine)]) == ("completed", [])


def test_a_table_that_would_decide_otherwise_is_named(desk: Desk) -> None:
    rule = node("businessRuleTask", "rate", camunda__decisionRef="fee", camunda__resultVariable="rate",
                camunda__mapDecisionResult="singleEntry")  # fmt: skip
    body = node("startEvent", "begun") + user("fill") + rule + user("check") + node("endEvent", "done")
    files = {**FILES, **note_form(), **diagram("trial", body + flow("begun fill rate check done"))}
    first = desk.deploy({**files, "bpmn/trial/fee.dmn": TABLE.encode()})
    low, high = desk.start(), desk.start()
    desk.do(low, "fill", amount_fen="0.50")
    desk.do(high, "fill", amount_fen="2.00")
    desk.deploy({"bpmn/trial/fee.dmn": TABLE.replace("<text>500</text>", "<text>400</text>").encode()})
    plan = desk.plan(first, first)
    assert (desk.item(plan, low).verdict, desk.item(plan, high).verdict) == (DIFFERS, CLEAN)
    (told,) = desk.item(plan, low).facts["differences"]
    assert (told["table"], told["taken"], told["now"]) == ("fee", {"fee_bps": 500}, {"fee_bps": 400})


def waiting_files(minutes: int, name: str, message_name: str) -> dict[str, bytes]:
    body = (
        node("startEvent", "begun")
        + user("fill", camunda__dueDate="PT4H")
        + boundary("late", "fill", timer(f"PT{minutes}M"))
        + boundary(name, "fill", message(message_name), baton__correlationKey="${who}")
        + node("endEvent", "done")
        + node("endEvent", "gone")
        + flow("begun fill done")
        + flow("late gone")
        + flow(f"{name} gone")
    )
    return {**FILES, **note_form(), **diagram("trial", body, messages=message_name)}


def test_timers_keep_their_instant_and_messages_are_those_of_the_new_diagram(desk: Desk, clock: ManualClock) -> None:
    first = desk.deploy(waiting_files(60, "stop", "stopped"))
    case = desk.start()
    before, subscribed = desk.row(case), desk.waits(case)
    clock.advance(minutes=30)
    second = desk.deploy(waiting_files(10, "halt", "halted"))
    plan = desk.plan(first, second)
    assert desk.run(plan) == 1
    assert desk.row(case).next_due_at == before.next_due_at
    assert desk.waits(case) == [("message", "halted", "olga")]
    assert desk.rebuilt(case) == {"fill", "late", "halt"}
    view = fetch_case(desk.engine, AUDITOR, case)
    assert [(wait.name, wait.end) for wait in view.waits if wait.kind == "message"] == [
        ("stopped", "called_off"),
        ("halted", None),
    ]
    revert_migration(desk.engine, ANALYST, plan)
    settle(desk.engine)
    assert (desk.waits(case), desk.row(case).state) == (subscribed, before.state)
    assert desk.rebuilt(case) == {"fill", "late", "stop"}
    clock.advance(minutes=31)
    settle(desk.engine)
    assert desk.row(case).outcome == "gone"
    assert [*verify(desk.engine)] == []


def test_what_moved_since_the_trial_is_tried_again_and_what_went_on_is_not_put_back(desk: Desk) -> None:
    first = desk.deploy(two_tasks())
    ended, stepped, claimed, still = (desk.start() for _ in range(4))
    second = desk.deploy(changed(two_tasks(), ("&gt; 100", "&gt; 700")))
    plan = desk.plan(first, second)
    desk.do(ended, "fill", amount_fen="0.50")
    desk.do(stepped, "fill", amount_fen="5.00")
    desk.run(plan)
    assert (desk.item(plan, ended).state, desk.item(plan, ended).reason) == ("skipped", "closed")
    assert (desk.item(plan, stepped).state, desk.item(plan, stepped).verdict) == ("skipped", DIFFERS)
    claim_task(desk.engine, OWNER, desk.task(claimed, "fill"))
    assert revert_migration(desk.engine, ANALYST, plan) == 2
    settle(desk.engine)
    assert (desk.item(plan, claimed).state, desk.item(plan, claimed).reason) == ("migrated", "gone_on")
    assert (desk.row(claimed).definition_id, desk.row(still).definition_id) == (second, first)


def test_a_hundred_at_a_time_with_pause_resume_and_cancel(engine: Engine) -> None:
    desk = Desk(engine)
    first = desk.deploy(two_tasks())
    cases = [desk.start() for _ in range(103)]
    second = desk.deploy(changed(two_tasks(), ("&gt; 100", "&gt; 101")))
    plan = desk.plan(first, second)
    assert desk.count(plan, "planned") == 103
    assert run_migration(engine, ANALYST, plan, (CLEAN,), cases[:102]) == 102
    assert run_due_jobs(engine) == 1
    assert desk.count(plan, "migrated") == 100
    pause_migration(engine, ANALYST, plan)
    settle(engine)
    assert (desk.count(plan, "migrated"), desk.count(plan, "chosen")) == (100, 2)
    resume_migration(engine, ANALYST, plan)
    with pytest.raises(NotPossibleNow):
        resume_migration(engine, ANALYST, plan)
    cancel_migration(engine, ANALYST, plan)
    settle(engine)
    assert (desk.count(plan, "migrated"), desk.count(plan, "planned")) == (100, 3)
    view = fetch_migration(engine, ANALYST, plan, verdict=CLEAN)
    assert (len(view.cases), view.row.count("migrated", verdict=CLEAN)) == (50, 100)
    assert fetch_migration(engine, ANALYST, plan, after=view.after or "").cases[0].instance_id == cases[50]


def test_filters_say_which_cases_are_meant(desk: Desk, clock: ManualClock) -> None:
    first = desk.deploy(two_tasks())
    early = desk.start()
    clock.advance(days=2)
    noon, late = clock(), desk.start()
    desk.do(late, "fill", amount_fen="5.00")
    second = desk.deploy(changed(two_tasks(), ("&gt; 100", "&gt; 101")))

    def found(**filters: Any) -> set[str]:
        with desk.engine.database.read() as connection:
            plan = desk.plan(first, second, **filters)
            return {case for case in (early, late) if find_item(connection, plan, case) is not None}

    assert found() == {early, late}
    assert found(started_from=noon) == found(element="trial/check") == found(text=late) == {late}
    assert found(started_to=noon) == found(element="trial/fill") == {early}
    assert found(party="olga") == {early, late}
    assert found(party="stan") == found(least_fen=1) == set()


def test_only_analysts_plan_look_and_move(desk: Desk) -> None:
    first = desk.deploy(two_tasks())
    case = desk.start()
    second = desk.deploy(changed(two_tasks(), *RENAMED))
    draft, token = Draft((first,), second, {}, Filters()), new_id()
    assert plan_migration(desk.engine, ANALYST, token, draft) == token
    settle(desk.engine)
    assert plan_migration(desk.engine, ANALYST, token, draft) == token, "a retry makes no other plan"
    for actor in (OWNER, STRANGER, REVIEWER, AUDITOR):
        with pytest.raises(Forbidden):
            plan_migration(desk.engine, actor, new_id(), draft)
        with pytest.raises(Forbidden):
            run_migration(desk.engine, actor, token, (CLEAN,), None)
        with pytest.raises(NotFound):
            fetch_migration(desk.engine, actor, token)
    with pytest.raises(NotFound):
        run_migration(desk.engine, ANALYST, "0" * 32, (CLEAN,), None)
    with pytest.raises(PlanInvalid):
        plan_migration(desk.engine, ANALYST, new_id(), Draft((first,), second, {"trial/check": "nowhere"}, Filters()))
    with pytest.raises(PlanInvalid):
        plan_migration(desk.engine, ANALYST, new_id(), Draft((), second, {}, Filters()))
    missing = find_missing(desk.engine, [first], second)
    assert [(one.element.id, [other.id for other in one.candidates]) for one in missing] == [("check", ["approve"])]
    assert desk.row(case).definition_id == first
