"""One case for auditors: which steps are told, and to whom."""

import pytest

from engine.commands.deployments import deploy
from engine.commands.tasks import claim_task, unclaim_task
from engine.queries.inspection import Look, fetch_case, fetch_drawing
from engine.runtime.engine import Engine
from engine.runtime.errors import NotFound
from engine.storage.actor import Actor
from tests.support.clock import ManualClock
from tests.support.definitions import two_tasks
from tests.support.stage import BOSS, Stage


@pytest.fixture
def stage(engine: Engine, clock: ManualClock) -> Stage:
    deploy(engine, BOSS, two_tasks())
    return Stage(engine, clock)


@pytest.fixture
def case(stage: Stage) -> str:
    """Started, filled in, and claimed and given back a few times: one record each."""
    ann, reviewer = stage.person("ann"), stage.staff("rev", "platform_reviewer")
    instance_id = stage.start(ann, "trial", {"who": "ann"})
    stage.do(ann, instance_id, "fill", {"note": "first", "amount_fen": "12.50", "phone": "13800001111"})
    task_id = stage.task_id(reviewer, instance_id, "check")
    for _ in range(2):
        claim_task(stage.engine, reviewer, task_id)
        unclaim_task(stage.engine, reviewer, task_id)
    return instance_id


@pytest.fixture
def auditor(stage: Stage) -> Actor:
    return stage.staff("aud", "auditor")


@pytest.mark.parametrize(
    ("look", "told"),
    [
        (Look(), [6, 5, 4, 3, 2, 1]),
        (Look(at=2), [2, 1]),
        (Look(at=4, before=3), [2, 1]),
        (Look(element="fill"), [2, 1]),
        (Look(variable="note"), [2]),
        (Look(element="check", at=3), [3, 2]),
        (Look(variable="nothing"), []),
    ],
)
def test_steps_are_told_up_to_the_record_and_only_those_asked_for(
    stage: Stage, case: str, auditor: Actor, look: Look, told: list[int]
) -> None:
    view = fetch_case(stage.engine, auditor, case, look)
    assert view.told == told
    assert {chapter.seq for chapter in view.story.chapters} == {*told, view.moment.seq}
    assert len(view.records) == 6


def test_steps_come_in_pages(stage: Stage, case: str, auditor: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.queries.inspection.PAGE_CHAPTERS", 4)
    first = fetch_case(stage.engine, auditor, case)
    assert (first.told, first.earlier) == ([6, 5, 4, 3], 2)
    second = fetch_case(stage.engine, auditor, case, Look(before=3))
    assert (second.told, second.earlier) == ([2, 1], None)


def test_forms_of_later_records_are_not_shown(stage: Stage, case: str, auditor: Actor) -> None:
    stage.clock.advance(minutes=1)
    stage.do(stage.staff("rev", "platform_reviewer"), case, "check", {"note": "second"})
    assert len(fetch_case(stage.engine, auditor, case).forms) == 2
    assert len(fetch_case(stage.engine, auditor, case, Look(at=6)).forms) == 1


def test_only_readers_see_a_case(stage: Stage, case: str) -> None:
    fetch_case(stage.engine, stage.staff("qin", "platform_operator"), case, Look(at=1))
    strangers = (stage.person("bob"), stage.staff("ana", "analyst"), stage.staff("rev", "platform_reviewer"))
    for actor in strangers:
        with pytest.raises(NotFound):
            fetch_case(stage.engine, actor, case, Look(at=1))
        with pytest.raises(NotFound):
            fetch_drawing(stage.engine, actor, case, "trial")


def test_only_diagrams_the_case_runs_on_are_given(stage: Stage, case: str, auditor: Actor) -> None:
    assert b"bpmn" in fetch_drawing(stage.engine, auditor, case, "trial")
    for instance_id, key in ((case, "other"), ("nothing", "trial")):
        with pytest.raises(NotFound):
            fetch_drawing(stage.engine, auditor, instance_id, key)
