"""Gateways: joins on a cycle, the inclusive join, what branches that meet make of their data."""

import random
from itertools import permutations, product

import pytest

from engine.language.errors import MergeConflict
from engine.language.workflow import Case
from engine.storage.plain import PlainDict
from tests.engine.diagrams import (
    boundary,
    bpmn,
    end,
    exclusive,
    flow,
    inclusive,
    node,
    parallel,
    process,
    script,
    start,
    sub,
    timer,
    user,
)
from tests.engine.language.trial import Trial

LOOPED = bpmn(
    process(
        "p",
        start(),
        exclusive("top"),
        parallel("f"),
        user("x"),
        user("y"),
        parallel("j"),
        script("inc", "n = n + 1"),
        exclusive("again", "out"),
        end(),
        flow("s top f x j inc again"),
        flow("f y j"),
        flow("again top", "n < 3"),
        flow("again e", element="out"),
    )
)


@pytest.mark.parametrize("orders", list(product(("xy", "yx"), repeat=3)))
def test_parallel_join_on_a_cycle(orders: tuple[str, ...]) -> None:
    trial = Trial(LOOPED, data={"n": 0})
    for turn, order in enumerate(orders):
        assert trial.open_elements() == ["x", "y"]
        for name in order:
            trial.complete(name, {name: turn})
    assert trial.is_done
    assert trial.data == {"n": 3, "x": 2, "y": 2}


FORKED = bpmn(
    process(
        "p",
        start(),
        parallel("f"),
        user("x"),
        user("y"),
        user("z"),
        parallel("j"),
        user("after"),
        end(),
        flow("s f x j after e"),
        flow("f y j"),
        flow("f z j"),
    )
)


@pytest.mark.parametrize("order", list(permutations("xyz")))
def test_join_merges_against_the_fork(order: tuple[str, ...]) -> None:
    trial = Trial(FORKED, data={"status": "old", "lines": [1, 2], "kept": 1})
    forms: dict[str, PlainDict] = {"x": {"status": "new", "lines": [1, 2, 3]}, "y": {"other": 1}, "z": {"last": True}}
    for name in order:
        trial.complete(name, forms[name])
    assert trial.data_of("after") == {"status": "new", "lines": [1, 2, 3], "kept": 1, "other": 1, "last": True}
    assert [kind for kind, element in trial.log("joined", "completed") if element == "j"] == [
        "joined",
        "joined",
        "completed",
    ]


def test_undeclared_clash_is_an_incident_that_can_be_retried() -> None:
    trial = Trial(FORKED, data={"status": "old"})
    trial.complete("x", {"status": "a"}).complete("y", {"status": "b"}).complete("z")
    [(element, error)] = trial.host.incidents
    assert element == "j"
    assert isinstance(error, MergeConflict)
    assert error.variable == "status"
    assert error.code == "merge_conflict"
    assert trial.open_elements() == ["j"] * 3
    trial.step(lambda case: case.retry(case.stalled_tasks()[0]))
    assert len(trial.host.incidents) == 2
    assert trial.open_elements() == ["j"] * 3


def test_equal_values_are_no_clash() -> None:
    trial = Trial(FORKED, data={"status": "old"})
    trial.complete("x", {"status": "a"}).complete("y", {"status": "a"}).complete("z")
    assert trial.data_of("after") == {"status": "a"}


def test_declared_clash_goes_to_the_branch_that_came_last() -> None:
    xml = FORKED.replace(b'<bpmn:parallelGateway id="j"', b'<bpmn:parallelGateway id="j" baton:lastWins="status, note"')
    trial = Trial(xml, data={"status": "old"})
    trial.complete("x", {"status": "a"}).complete("z", {"status": "c"}).complete("y", {"status": "b"})
    assert trial.data_of("after") == {"status": "b"}


NESTED = bpmn(
    process(
        "p",
        start(),
        parallel("f"),
        script("early", "stage = 1"),
        parallel("g"),
        user("x"),
        user("y"),
        user("z"),
        parallel("j", baton__lastWins="note"),
        user("after"),
        end(),
        flow("s f early g x j after e"),
        flow("g y j"),
        flow("f z j"),
    )
)


def test_value_inherited_from_an_inner_fork_is_no_clash() -> None:
    trial = Trial(NESTED, data={"stage": 0}).complete("y").complete("x", {"stage": 2}).complete("z")
    assert trial.data_of("after") == {"stage": 2}


def test_a_branch_counts_as_arrived_with_its_last_token() -> None:
    trial = Trial(NESTED).complete("y", {"note": "y"}).complete("z", {"note": "z"}).complete("x")
    assert trial.data_of("after") == {"stage": 1, "note": "y"}


def test_a_second_token_on_one_flow_waits_for_the_next_turn() -> None:
    xml = bpmn(
        process(
            "p",
            start(),
            parallel("f"),
            user("x"),
            boundary("b", "x", timer("R/PT1H", "timeCycle"), False),
            user("y"),
            parallel("j"),
            user("after"),
            end(),
            flow("s f x j after e"),
            flow("f y j"),
            flow("b y"),
        )
    )
    trial = Trial(xml)
    trial.fire("b").complete("y").complete("y")
    assert trial.open_elements() == ["b", "j", "j", "x"]
    trial.complete("x")
    assert trial.open_elements() == ["after", "j"]


def test_long_loop_inside_one_branch_stays_small() -> None:
    xml = bpmn(
        process(
            "p",
            start(),
            parallel("f"),
            user("x"),
            script("inc", "n = n + 1"),
            exclusive("again", "out"),
            user("y"),
            parallel("j"),
            end(),
            flow("s f x inc again"),
            flow("again x", "n < 40"),
            flow("again j", element="out"),
            flow("f y j e"),
        )
    )
    trial = Trial(xml, data={"n": 0})
    trial.complete("x")
    count = trial.task_count
    for _ in range(38):
        trial.complete("x")
        assert trial.task_count == count
    trial.complete("y", {"y": 1}).complete("x")
    assert trial.is_done
    assert trial.data == {"n": 40, "y": 1}


# a || (sub-process b, then c or d) under one inclusive split and join: stock runs `after` before b and again afterwards
INCLUSIVE = bpmn(
    process(
        "p",
        start(),
        inclusive("g1", "z0"),
        user("a"),
        sub("p2", start("s2"), user("b"), end("e2"), flow("s2 b e2")),
        inclusive("g3", "d0"),
        user("c"),
        user("d"),
        inclusive("j3"),
        user("z"),
        inclusive("j1"),
        user("after"),
        end(),
        flow("s g1"),
        flow("g1 a", "x >= 1"),
        flow("g1 p2", "x >= 1"),
        flow("g1 z", element="z0"),
        flow("p2 g3"),
        flow("g3 c", "x >= 2"),
        flow("g3 d", element="d0"),
        flow("c j3"),
        flow("d j3"),
        flow("a j1"),
        flow("j3 j1"),
        flow("z j1 after e"),
    )
)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(("x", "expected"), [(0, "z after"), (1, "a b d after"), (3, "a b c after")])
def test_inclusive_join_waits_for_an_open_sub_process(x: int, expected: str, seed: int) -> None:
    rnd = random.Random(seed)
    trial, done = Trial(INCLUSIVE, data={"x": x}), []
    while not trial.is_done:
        name = rnd.choice(trial.look(lambda case: [t.task_spec.bpmn_id for t in case.user_tasks()]))
        trial.complete(name)
        done.append(name)
    assert sorted(done) == sorted(expected.split())
    assert done[-1] == "after"


def test_inclusive_join_in_a_loop() -> None:
    xml = bpmn(
        process(
            "p",
            start(),
            exclusive("top"),
            inclusive("f", "no"),
            user("x"),
            user("y"),
            user("z"),
            inclusive("j"),
            script("inc", "n = n + 1"),
            exclusive("again", "out"),
            end(),
            flow("s top f"),
            flow("f x", "n != 1"),
            flow("f y", "n != 2"),
            flow("f z", element="no"),
            flow("x j inc again"),
            flow("y j"),
            flow("z j"),
            flow("again top", "n < 4"),
            flow("again e", element="out"),
        )
    )
    trial = Trial(xml, data={"n": 0})
    for wanted in (["x", "y"], ["y"], ["x"], ["x", "y"]):
        assert trial.open_elements() == wanted
        for name in reversed(wanted):
            trial.complete(name)
    assert trial.is_done


def test_no_condition_and_no_default_is_an_incident() -> None:
    for kind in ("exclusiveGateway", "inclusiveGateway"):
        xml = bpmn(
            process(
                "p",
                start(),
                node(kind, "g"),
                user("a"),
                user("b"),
                end(),
                flow("s g"),
                flow("g a", "n > 1"),
                flow("g b", "n > 2"),
                flow("a e"),
                flow("b e"),
            )
        )
        trial = Trial(xml, data={"n": 0})
        assert trial.open_elements() == ["g"]
        assert [element for element, _ in trial.host.incidents] == ["g"]


def shape(element: str, y: int) -> str:
    bounds = f'<dc:Bounds xmlns:dc="http://www.omg.org/spec/DD/20100524/DC" x="0" y="{y}" width="9" height="9"/>'
    attributes = f'xmlns:di="http://www.omg.org/spec/BPMN/20100524/DI" bpmnElement="{element}"'
    return f"<di:BPMNShape {attributes}>{bounds}</di:BPMNShape>"


@pytest.mark.parametrize("heights", [(1, 2), (2, 1)])
def test_first_condition_in_the_file_wins_however_it_is_drawn(heights: tuple[int, int]) -> None:
    ways = flow("s g") + flow("g b", "True") + flow("g a", "True") + flow("a e") + flow("b e")
    drawing = shape("a", heights[0]) + shape("b", heights[1])
    xml = bpmn(process("p", start(), exclusive("g"), user("a"), user("b"), end(), ways), extra=drawing)
    assert Trial(xml).open_elements() == ["b"]


@pytest.mark.parametrize("order", ["xy", "yx"])
def test_branches_that_end_each_for_itself(order: str) -> None:
    xml = bpmn(
        process("p", start(), parallel("f"), user("x"), user("y"), end(), end("e2"), flow("s f x e"), flow("f y e2"))
    )
    trial = Trial(xml, data={"both": 0, "x": 0, "y": 0})
    for name in order:
        trial.complete(name, {name: 1, "both": name})
    assert trial.is_done
    assert trial.data == {"both": order[-1], "x": 1, "y": 1}
    assert trial.outcome == {"x": "e", "y": "e2"}[order[-1]]


@pytest.mark.parametrize("kind", ["parallelGateway", "inclusiveGateway"])
def test_async_before_on_gateways(kind: str) -> None:
    """Each token is held in front of the gateway, and has arrived only when it was let go."""
    held = {"camunda__asyncBefore": "true"}
    condition = "True" if kind == "inclusiveGateway" else None
    xml = bpmn(
        process(
            "p",
            start("s", **held),
            node(kind, "f", **held),
            user("a"),
            user("b"),
            node(kind, "j", **held),
            node("exclusiveGateway", "x", **held),
            end(),
            flow("s f"),
            flow("f a", condition),
            flow("f b", condition),
            flow("a j"),
            flow("b j x e"),
        )
    )
    trial = Trial(xml)
    assert trial.open_elements() == ["s"]
    trial.release("s").release("f").complete("a", {"x": 1})
    assert trial.open_elements() == ["b", "j"]
    trial.release("j")
    assert trial.open_elements() == ["b", "j"]
    trial.complete("b", {"y": 2})
    assert trial.open_elements() == ["j", "j"]

    def release_held(case: Case) -> None:
        case.release(case.async_waits()[0])

    trial.step(release_held)
    assert trial.open_elements() == ["x"]
    assert trial.release("x").is_done
    assert trial.data == {"x": 1, "y": 2}


@pytest.mark.parametrize("compacting", [False, True])
def test_a_branch_that_only_inherited_a_value_does_not_set_it_back(compacting: bool) -> None:
    """Found by a random diagram: `reminder` parted from `first` after it wrote, `second` before; both end later."""
    xml = bpmn(
        process(
            "p",
            start(),
            parallel("f"),
            user("first"),
            user("held"),
            boundary("late", "held", timer(), False),
            user("reminder"),
            user("second"),
            end(),
            end("e2"),
            end("e3"),
            flow("s f first held e"),
            flow("f second e2"),
            flow("late reminder e3"),
        )
    )
    trial = Trial(xml, data={"n": 0}, compacting=compacting)
    trial.complete("first", {"n": 1}).fire("late").complete("held", {"n": 2})
    trial.complete("reminder").complete("second")
    assert trial.data == {"n": 2}
