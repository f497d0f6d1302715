"""Starting in the browser: by whom the diagram allows, with what its start event asks."""

import pytest
from sqlalchemy import func, select
from werkzeug.datastructures import MultiDict

from engine.commands.deployments import DefinitionInvalid, deploy
from engine.commands.starts import start_process
from engine.commands.tasks import FormRejected
from engine.queries.inbox import count_tasks
from engine.runtime.engine import Engine
from engine.runtime.errors import NotFound, SubmissionConflict
from engine.runtime.starts import fetch_start, list_starts
from engine.storage.actor import Actor
from engine.storage.ids import new_id
from engine.storage.tables import instance
from tests.support.clock import ManualClock
from tests.support.definitions import two_tasks
from tests.support.stage import BOSS, Stage

DIAGRAM = "bpmn/trial/trial.bpmn"
FIELDS = {"note": "spare parts", "amount_fen": "5.00", "phone": "13800001234"}


def startable(asks: bool = True) -> dict[str, bytes]:
    """`trial`, which individuals may start; its starter is `who`."""
    files = two_tasks()
    form = b' camunda:formKey="trial/note"' if asks else b""
    files[DIAGRAM] = (
        files[DIAGRAM]
        .replace(b'baton:startVariables="who peer"', b'camunda:candidateStarterGroups="individual, clerk"')
        .replace(b'<bpmn:startEvent id="begun"', b'<bpmn:startEvent id="begun" camunda:initiator="who"' + form)
    )
    return files


def count_cases(engine: Engine) -> int:
    with engine.database.read() as connection:
        return connection.execute(select(func.count()).select_from(instance)).scalar_one()


def begin(engine: Engine, actor: Actor, token: str, fields: dict[str, str]) -> str:
    return start_process(engine, actor, "trial", token, MultiDict(fields))


def test_who_starts_is_the_initiator_and_the_form_is_kept(any_engine: Engine, clock: ManualClock) -> None:
    stage = Stage(any_engine, clock)
    deploy(any_engine, BOSS, startable())
    ann, token = stage.person("ann"), new_id()
    assert [process.id for process in list_starts(any_engine, ann)] == ["trial"]
    instance_id = begin(any_engine, ann, token, FIELDS)
    assert begin(any_engine, ann, token, FIELDS) == instance_id
    with pytest.raises(SubmissionConflict):
        begin(any_engine, ann, token, FIELDS | {"note": "other"})
    assert stage.open(instance_id) == {"fill"}
    data = stage.form_data(ann, instance_id, "fill")
    assert (data["who"], data["note"], data["amount_fen"]) == ("ann", "spare parts", 500)
    assert "13800001234" not in str(data)  # a personal value lies in the vault
    assert count_cases(any_engine) == 1


def test_one_of_the_platforms_people_starts_for_himself(any_engine: Engine, clock: ManualClock) -> None:
    stage = Stage(any_engine, clock)
    deploy(any_engine, BOSS, startable())
    sue, tom = stage.staff("sue", "clerk"), stage.staff("tom", "clerk")
    instance_id = begin(any_engine, sue, new_id(), FIELDS)
    assert stage.task_id(sue, instance_id, "fill")
    assert count_tasks(any_engine, sue)["mine"] == 1
    for other in (tom, Actor("sue", "sue", "individual", frozenset({"individual"}))):
        with pytest.raises(LookupError):
            stage.task_id(other, instance_id, "fill")
        assert count_tasks(any_engine, other)["all"] == 0
    stage.do(sue, instance_id, "fill", {"note": "x", "amount_fen": "5.00"})
    reviewer = stage.staff("rev", "platform_reviewer")
    assert stage.open(instance_id) == {"check"}
    stage.do(reviewer, instance_id, "check", {"note": "ok"})
    assert stage.outcome(instance_id) == "done"


def test_a_stranger_neither_sees_nor_starts_it(any_engine: Engine, clock: ManualClock) -> None:
    stage = Stage(any_engine, clock)
    deploy(any_engine, BOSS, startable())
    reviewer = stage.staff("rev", "platform_reviewer")
    assert list_starts(any_engine, reviewer) == []
    for act in (lambda: fetch_start(any_engine, reviewer, "trial"), lambda: begin(any_engine, reviewer, "t", FIELDS)):
        with pytest.raises(NotFound):
            act()
    with pytest.raises(NotFound):
        fetch_start(any_engine, stage.person("ann"), "hire_order")


def test_a_start_with_errors_starts_nothing(engine: Engine, clock: ManualClock) -> None:
    stage = Stage(engine, clock)
    deploy(engine, BOSS, startable())
    with pytest.raises(FormRejected) as refused:
        begin(engine, stage.person("ann"), new_id(), FIELDS | {"note": ""})
    assert set(refused.value.bound.errors) == {"note"}
    assert count_cases(engine) == 0


def test_a_start_without_a_form_asks_nothing(engine: Engine, clock: ManualClock) -> None:
    stage = Stage(engine, clock)
    deploy(engine, BOSS, startable(asks=False))
    instance_id = begin(engine, stage.person("ann"), new_id(), {})
    assert stage.open(instance_id) == {"fill"}


def test_what_nobody_would_hand_in_is_refused_at_deployment(engine: Engine) -> None:
    files = startable()
    files[DIAGRAM] = files[DIAGRAM].replace(
        b"camunda:candidateStarterGroups", b'baton:startVariables="peer" camunda:candidateStarterGroups'
    )
    with pytest.raises(DefinitionInvalid) as refused:
        deploy(engine, BOSS, files)
    assert {finding.rule for finding in refused.value.findings} == {"start-variable-missing"}
