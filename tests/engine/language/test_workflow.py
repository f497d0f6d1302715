"""The case as a whole: random orders, the step limit, long loops, shared specs, cancellation."""

import random
import time
from collections.abc import Callable
from functools import partial

import pytest
import zstandard

from engine.language.errors import StepLimitExceeded, TaskNotWaiting
from engine.language.parser import parse_process, spec_fingerprint
from engine.language.workflow import Case
from tests.engine.diagrams import (
    boundary,
    bpmn,
    call,
    end,
    exclusive,
    flow,
    mapping,
    multi,
    node,
    parallel,
    process,
    script,
    start,
    sub,
    timer,
    user,
)
from tests.engine.language.trial import Trial, check_every_event

CALLED = process(
    "called",
    start("cs"),
    user("check"),
    script("calc", "result = amount * 2\nscratch = 1"),
    end("ce"),
    flow("cs check calc ce"),
)
ROUND = (
    parallel("fork"),
    user("review", multi("items", "item", outputs=("votes", "vote"))),
    boundary("late", "review", timer()),
    user("escalate"),
    exclusive("merge"),
    parallel("join"),
    call("call", "called", mapping({"amount": "n"}, {"total": "result"})),
    flow("fork review merge join"),
    flow("late escalate merge"),
    flow("fork call join"),
)


def big(wrapped: bool) -> bytes:
    """A loop around (multi-instance with an interrupting timer || call activity), bare or in a sub-process."""
    if wrapped:
        body = (
            sub("round", start("rs"), *ROUND, end("re"), flow("rs fork"), flow("join re")),
            flow("top round mutate"),
        )
    else:
        body = ("".join(ROUND), flow("top fork") + flow("join mutate"))
    return bpmn(
        process(
            "p",
            start(),
            script("init", "items = ['a', 'b', 'c']\nn = 0\norder = {'lines': [1]}"),
            exclusive("top"),
            *body,
            script("mutate", "n = n + 1\norder['lines'].append(n)"),
            exclusive("again", "out"),
            end(),
            flow("s init top"),
            flow("mutate again"),
            flow("again top", "n < 6"),
            flow("again e", element="out"),
        ),
        CALLED,
    )


@pytest.mark.parametrize("compacting", [False, True])
@pytest.mark.parametrize("wrapped", [False, True])
def test_loop_around_parallel_multi_instance_call_and_timer(compacting: bool, wrapped: bool) -> None:
    trial = Trial(big(wrapped), compacting=compacting, fresh_specs=compacting, called=("called",))
    counts = []
    for turn in range(6):
        counts.append(trial.task_count)
        trial.complete("review", {"vote": 1}, 2)
        if turn % 3 == 1:
            trial.fire("late").complete("check").complete("escalate")
        else:
            trial.complete("review", {"vote": 2}, 0).complete("check").complete("review", {"vote": 3}, 1)
    assert trial.is_done
    assert trial.data["total"] == 10
    assert trial.data["order"] == {"lines": [1, 1, 2, 3, 4, 5, 6]}
    assert trial.data["votes"] == [2, 3, 1]
    assert not compacting or len(set(counts[1:])) == 1
    check_every_event(trial)


@pytest.mark.parametrize("seed", range(6))
def test_random_orders(seed: int) -> None:
    rnd = random.Random(seed)
    trial = Trial(big(wrapped=seed % 2 == 0), fresh_specs=seed == 5, called=("called",))
    steps = 0
    while not trial.is_done:
        steps += 1
        assert steps < 100
        case, _ = trial.open()
        tasks = case.user_tasks() + [case.get_task_from_id(task_id) for task_id, _ in case.timers()]
        chosen = rnd.choice(tasks).id

        def act(case: Case, task_id: str = chosen) -> None:
            task = case.get_task_from_id(task_id)
            if "due" in task.internal_data:
                if rnd.random() < 0.3:
                    case.fire_timer(task)
            else:
                key = "vote" if task.task_spec.bpmn_id == "review" else f"k_{task.task_spec.bpmn_id}"
                case.complete(task, {key: rnd.randrange(9)})

        trial.step(act)
    assert trial.data["order"] == {"lines": [1, 1, 2, 3, 4, 5, 6]}
    check_every_event(trial)


def test_two_cases_share_specs_that_stay_as_they_were() -> None:
    xml = big(wrapped=True)
    specs = parse_process({"p": xml, "called": xml}, "p")
    before = spec_fingerprint(specs)
    trials = [Trial(xml, specs=specs, called=("called",)) for _ in range(2)]
    for turn in range(6):
        for trial in trials:
            trial.complete("review", {"vote": turn}, 0).complete("check")
        for trial in reversed(trials):
            trial.complete("review", {"vote": turn}, 1).complete("review", {"vote": turn}, 2)
    assert all(trial.is_done for trial in trials)
    assert trials[0].data == trials[1].data
    assert spec_fingerprint(specs) == before
    assert spec_fingerprint(parse_process({"p": xml, "called": xml}, "p")) == before


def test_fingerprint_sees_a_change() -> None:
    specs = parse_process({"p": big(wrapped=False), "called": big(wrapped=False)}, "p")
    before = spec_fingerprint(specs)
    specs.spec.task_specs["again"].cond_task_specs.pop()
    assert spec_fingerprint(specs) != before


TURNS = [500, pytest.param(5_000, marks=pytest.mark.long)]


@pytest.mark.parametrize("turns", TURNS)
@pytest.mark.parametrize("kind", ["user", "async"])
def test_a_loop_of_thousands_costs_the_same_in_every_turn(turns: int, kind: str) -> None:
    """By a person, or by `asyncBefore`, which makes a step of every turn of a loop that would be too long for one."""
    body = user("u") if kind == "user" else node("task", "u", camunda__asyncBefore="true")
    xml = bpmn(
        process(
            "p",
            start(),
            body,
            script("inc", "n = n + 1"),
            exclusive("again", "out"),
            end(),
            flow("s u inc again"),
            flow("again u", f"n < {turns}"),
            flow("again e", element="out"),
        )
    )
    trial = Trial(xml, data={"n": 0}, is_thorough=False)
    sizes, counts, costs = [], set(), []
    for turn in range(turns):
        assert not trial.is_done
        before = time.process_time()
        if kind == "user":
            trial.complete("u")
        else:
            trial.release("u")
        costs.append(time.process_time() - before)
        if 5 < turn < turns - 1:
            sizes.append(len(zstandard.decompress(trial.state)))
            counts.add(trial.task_count)
    assert trial.is_done
    assert trial.data == {"n": turns}
    assert max(sizes) - min(sizes) <= 5  # as many digits as `n` has
    assert max(sizes) < 400
    assert len(counts) == 1
    early, late = min(costs[10:60]), min(costs[-50:])
    assert late < 3 * early, "the cheapest of fifty, so that nothing else that runs counts"


def test_a_long_loop_without_compaction_is_not_cut_off() -> None:
    """Stock stops looking at a depth of 1,000 and calls the case completed."""
    xml = bpmn(
        process(
            "p",
            start(),
            script("inc", "n = n + 1"),
            exclusive("again", "out"),
            user("u"),
            end(),
            flow("s inc again"),
            flow("again inc", "n < 700"),
            flow("again u", element="out"),
            flow("u e"),
        )
    )
    trial = Trial(xml, data={"n": 0}, compacting=False)
    assert trial.task_count > 1000
    assert not trial.is_done
    assert trial.data_of("u") == {"n": 700}
    trial.complete("u")
    assert trial.is_done


def test_step_limit() -> None:
    xml = bpmn(
        process(
            "p",
            start(),
            user("u"),
            script("inc", "n = n + 1"),
            exclusive("again", "out"),
            end(),
            flow("s u inc again"),
            flow("again inc", "n < 30"),
            flow("again e", element="out"),
        )
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("engine.language.workflow.STEP_LIMIT", 50)
        trial = Trial(xml, data={"n": 0}).complete("u", {"typed": 1})
    [(element, error)] = trial.host.incidents
    assert isinstance(error, StepLimitExceeded)
    assert trial.open_elements() == [element]
    assert trial.data_of(element)["typed"] == 1
    trial.retry(element)
    assert trial.is_done
    assert trial.data == {"n": 30, "typed": 1}


def test_a_loop_without_end_is_an_incident() -> None:
    ways = flow("s x again") + flow("again x", "yes") + flow("again e", element="out")
    trial = Trial(
        bpmn(process("p", start(), node("task", "x"), exclusive("again", "out"), end(), ways)), data={"yes": 1}
    )
    assert [type(error) for _, error in trial.host.incidents] == [StepLimitExceeded]
    trial.step(lambda case: case.retry(case.stalled_tasks()[0]))
    assert len(trial.host.incidents) == 2


def test_only_what_is_open_can_be_completed() -> None:
    trial = Trial(bpmn(process("p", start(), user("u"), user("v"), end(), flow("s u v e"))))

    def twice(case: Case) -> None:
        task = case.find("u")
        case.complete(task, {"k": 1})
        acts: list[Callable[[], None]] = [
            partial(case.complete, task, {}),
            partial(case.deliver, task, {}),
            partial(case.complete_service, task, {}),
            partial(case.fire_timer, task),
            partial(case.release, task),
            partial(case.retry, task),
        ]
        for act in acts:
            with pytest.raises(TaskNotWaiting, match="Expected u to be"):
                act()

    trial.step(twice)
    assert trial.data_of("v") == {"k": 1}


def test_cancel() -> None:
    trial = Trial(big(wrapped=True), called=("called",))
    trial.step(lambda case: case.cancel())
    assert trial.is_done
    assert trial.open_elements() == []
    assert trial.outcome is None
    assert trial.look(lambda case: (case.user_tasks(), case.timers(), case.success)) == ([], [], False)
