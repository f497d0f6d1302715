"""Instances that wait for people sleep as they were saved; nobody can tell but by what a step costs."""

import random
from collections.abc import Callable
from typing import Any

import orjson
import pytest

from engine.language import crowds
from engine.language.crowds import Tasks
from engine.language.errors import BpmnError
from engine.language.migration import move_case
from engine.language.script_engine import SandboxEngine
from engine.language.specs.task import awake
from engine.language.state import compact, freeze, read_task_data, thaw
from engine.language.workflow import Case
from engine.records.rebuild import TOKEN_KINDS
from engine.records.recorder import Recorder
from engine.storage.plain import Plain
from tests.engine.diagrams import boundary, bpmn, end, flow, multi, parallel, process, start, timer, user
from tests.engine.language.trial import SANDBOX, Trial, TrialHost, describe_live, describe_tokens

COUNT = 70
ITEMS: list[Plain] = [f"item {number}" for number in range(COUNT)]


def voting(until: str | None = None) -> bytes:
    return bpmn(
        process(
            "p",
            start(),
            parallel("f"),
            user("u", multi("${items}", "item", False, ("votes", "vote"), until)),
            boundary("late", "u", timer(), True),
            user("beside"),
            user("after"),
            end(),
            end("e2"),
            end("e3"),
            flow("s f u after e"),
            flow("f beside e2"),
            flow("late e3"),
        )
    )


class Hall:
    """A case whose steps ask for no more tasks than they need, as those of the product do."""

    def __init__(self, until: str | None = None) -> None:
        self.trial = Trial(voting(until), data={"items": ITEMS, "held": [0]})
        case = self.load()
        self.ids = [task.id for task in sorted(case.user_tasks(), key=lambda task: task.count("index"))]
        self.voters = [one for one in self.ids if case.get_task_from_id(one).task_spec.bpmn_id == "u"]

    def load(self, recorder: Recorder | None = None) -> Case:
        return thaw(self.trial.state, self.trial.specs, SandboxEngine(SANDBOX), self.trial.host, recorder)

    def step(self, act: Callable[[Case], object]) -> int:
        """Gives how many tasks were awake at the end of it."""
        recorder = Recorder()
        case = self.load(recorder)
        act(case)
        for event in orjson.loads(orjson.dumps(recorder.finish())):
            if event["kind"] in TOKEN_KINDS:
                self.trial.picture.apply(event)
        compact(case)
        self.trial.state = freeze(case)
        count = sum(len(awake(scope.tasks)) for scope in case.scopes)
        self.check()
        assert describe_live(case) == describe_live(self.load())
        return count

    def check(self) -> None:
        """What is saved is what history tells, and is saved again as it is, whether its tasks have woken or not."""
        case = self.load()
        assert freeze(case) == self.trial.state
        live = describe_live(case)
        assert live == describe_tokens(self.trial.picture.tokens())
        assert freeze(case) == self.trial.state
        for task_id in live:
            assert read_task_data(self.trial.state, task_id) == live[task_id][2]

    def vote(self, number: int) -> int:
        return self.step(lambda case: case.complete(case.get_task_from_id(self.voters[number]), {"vote": number}))


def test_a_step_wakes_whom_it_needs_and_all_goes_on_as_if_nobody_had_slept() -> None:
    hall = Hall()
    order = [*range(COUNT)]
    random.Random(3).shuffle(order)
    for number in order[:-1]:
        assert hall.vote(number) <= 8
    hall.vote(order[-1])
    after = hall.load().find("after")
    assert after.data == {"items": ITEMS, "held": [0], "votes": [*range(COUNT)]}
    assert "crowds" not in _read(hall)


def test_frames_nobody_opened_are_kept_as_they_are() -> None:
    hall = Hall()
    sizes = _read(hall)["crowds"][0]["frames"]
    assert len(sizes) == 3
    frames = hall.trial.state[-sum(size for _, size in sizes) :]
    hall.vote(1)
    assert hall.trial.state.endswith(frames[sizes[0][1] :])
    assert not hall.trial.state.endswith(frames)


@pytest.mark.parametrize("act", ["condition", "boundary", "cancel", "move"])
def test_whoever_sleeps_is_there_when_all_are_meant(act: str) -> None:
    hall = Hall("len(votes) == 3" if act == "condition" else None)
    for number in (9, 40):
        hall.vote(number)
    if act == "condition":
        hall.vote(50)
        assert hall.load().find("after").data["votes"] == [9, 40, 50]
    elif act == "boundary":
        hall.step(lambda case: case.fire_timer(case.find("late")))
        assert hall.trial.open_elements() == ["beside"]
    elif act == "cancel":
        hall.step(lambda case: case.cancel())
        assert hall.trial.open_elements() == []
    else:
        case = hall.load()
        moved = move_case(case, hall.trial.specs, {}, SandboxEngine(SANDBOX), TrialHost())
        assert describe_live(moved) == describe_live(hall.load())


def test_one_that_fails_comes_out_of_its_crowd_and_does_not_wait_there() -> None:
    hall = Hall()

    def fail(case: Case) -> None:
        case.get_task_from_id(hall.voters[5]).stall("run", BpmnError("lost"))

    hall.step(fail)
    assert [task.id for task in hall.load().stalled_tasks()] == [hall.voters[5]]
    assert {task.id for task in hall.load().user_tasks()} == {*hall.ids} - {hall.voters[5]}


def test_tasks_of_a_scope_are_a_mapping_of_all_of_them() -> None:
    hall = Hall()

    def fresh() -> Tasks:
        tasks = hall.load().tasks
        assert isinstance(tasks, Tasks)
        assert len(awake(tasks)) < 10
        return tasks

    voter, whole = hall.voters[33], {*hall.voters}
    assert voter in fresh()
    assert fresh()[voter].id == fresh().get(voter).id == voter
    assert "0" * 32 not in fresh()
    assert fresh().get("f" * 32) is None
    with pytest.raises(KeyError):
        fresh()["g"]
    for found in (fresh(), fresh().keys(), dict(fresh().items()), [task.id for task in fresh().values()]):
        assert whole <= {*found}
    assert len(fresh()) == len([*fresh()])


def test_few_stay_awake(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crowds, "SMALLEST", COUNT + 1)
    assert "crowds" not in _read(Hall())


def _read(hall: Hall) -> Any:
    return orjson.loads(crowds._CODEC.decompress(hall.trial.state))
