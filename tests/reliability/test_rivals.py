"""Two people want the same task at the same moment: one gets it, the other is told so in words."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from time import perf_counter

import pytest
from werkzeug.datastructures import MultiDict

from engine.commands.deployments import deploy
from engine.commands.tasks import claim_task, complete_task
from engine.language.errors import EngineError
from engine.runtime.engine import Engine
from engine.storage.actor import Actor
from engine.storage.ids import new_id
from tests.reliability.conftest import report
from tests.support.clock import ManualClock
from tests.support.definitions import FILES, diagram, flow, node, note_form, user
from tests.support.stage import BOSS, Stage

LOST = {"task_already_claimed", "task_already_completed"}


def pool() -> dict[str, bytes]:
    """A task any reviewer may do."""
    body = (
        node("startEvent", "begun")
        + user("fill", camunda__candidateGroups="platform_reviewer")
        + node("endEvent", "done")
        + flow("begun fill done")
    )
    return {**FILES, **note_form(), **diagram("trial", body)}


@pytest.mark.parametrize("rounds", [15, pytest.param(1_000, marks=pytest.mark.long)])
def test_one_of_two_claims_a_task_and_one_of_two_completes_it(
    any_engine: Engine, clock: ManualClock, rounds: int
) -> None:
    deploy(any_engine, BOSS, pool())
    stage = Stage(any_engine, clock)
    ann, bob = (stage.staff(name, "platform_reviewer") for name in ("ann", "bob"))
    publisher, waits = stage.person("li"), list[float]()
    for number in range(rounds):
        instance_id = stage.start(publisher, "trial", {"who": "li"})
        task_id = stage.task_id(ann, instance_id, "fill")
        rivals = (ann, bob)
        if number % 3:
            fared = at_once([partial(claim_task, any_engine, one, task_id) for one in rivals])
            assert sorted(fared) == ["", "task_already_claimed"]
            rivals = (rivals[fared.index("")],) * 2  # who has it presses in two windows
        begun = perf_counter()
        fared = at_once([partial(complete, any_engine, one, task_id) for one in rivals])
        waits.append(perf_counter() - begun)
        assert fared.count("") == 1
        assert LOST.issuperset(one for one in fared if one)
        assert (stage.outcome(instance_id), stage.path(instance_id).count("fill")) == ("done", 1)
    waits.sort()
    report(f"{rounds} rounds: one winner each, p99 {1000 * waits[len(waits) * 99 // 100]:.0f} ms")


def complete(engine: Engine, actor: Actor, task_id: str) -> None:
    """Sends the form of the task."""
    complete_task(engine, actor, task_id, new_id(), MultiDict({"note": "x"}))


def at_once(acts: Sequence[Callable[[], object]]) -> list[str]:
    """The code of the refusal of each, empty for who was not refused. Anything else is raised."""
    together = threading.Barrier(len(acts))

    def run(act: Callable[[], object]) -> str:
        together.wait(30)
        try:
            act()
        except EngineError as refused:
            return refused.code
        return ""

    with ThreadPoolExecutor(len(acts)) as people:
        return list(people.map(run, acts))
