"""The saved state: plain, small, without specs; and what compaction may drop."""

import orjson
import pytest
import zstandard

from engine.language.parser import parse_process
from engine.language.script_engine import SandboxEngine
from engine.language.state import compact, freeze, read_task_data, thaw
from engine.storage.plain import PlainDict
from tests.engine.diagrams import (
    boundary,
    bpmn,
    call,
    end,
    flow,
    mapping,
    parallel,
    process,
    script,
    start,
    sub,
    timer,
    user,
)
from tests.engine.language.trial import SANDBOX, Trial, TrialHost

FIVE = bpmn(
    process(
        "p",
        start(),
        user("a"),
        script("b", "x = 1"),
        user("c"),
        script("d", "y = 2"),
        user("f"),
        end(),
        flow("s a b c d f e"),
    )
)
AWKWARD: PlainDict = {
    "typename": "timedelta",
    "nested": {"typename": "Case", "days": 1, "$vault": "x"},
    "order": [{"typename": None}, [[]], {}],
    "text": "审核 \u2028 ‹personal›",
    "big": 2**62,
    "tiny": 1e-300,
    "flags": [True, False, None, 0, 1, 0.0],
    "": 1,
    "data": {},
    "tasks": [],
}


@pytest.mark.parametrize("compacting", [False, True])
def test_any_key_is_harmless(compacting: bool) -> None:
    trial = Trial(FIVE, data=AWKWARD, compacting=compacting)
    trial.complete("a", {"typename": {"typename": "UUID"}}).complete("c").complete("f")
    assert trial.is_done
    assert trial.data == AWKWARD | {"typename": {"typename": "UUID"}, "x": 1, "y": 2}
    assert trial.outcome == "e"


def test_values_that_python_takes_for_equal_are_kept_apart() -> None:
    trial = Trial(FIVE, data={"n": 1, "f": 0})
    trial.complete("a", {"n": True, "f": 0.0})
    for data in (trial.data_of("c"), trial.look(lambda case: case.find("c").data)):
        assert orjson.dumps(data, option=orjson.OPT_SORT_KEYS) == b'{"f":0.0,"n":true,"x":1}'


def test_size_of_an_open_case_of_five_steps() -> None:
    trial = Trial(FIVE, data={"order_id": "0" * 32, "amount_fen": 12300})
    for element in ("a", "c"):
        trial.complete(element, {"note": "hello"})
        assert len(trial.state) < 400
    assert b"script" not in zstandard.decompress(trial.state)


def test_data_of_a_task_without_bringing_the_case_to_life() -> None:
    inner = sub("sp", start("ss"), user("x"), end("se"), flow("ss x se"))
    trial = Trial(bpmn(process("p", start(), inner, end(), flow("s sp e"))), data={"k": 1})
    task = trial.look(lambda case: case.find("x").id)
    assert read_task_data(trial.state, task) == {"k": 1}
    with pytest.raises(LookupError):
        read_task_data(trial.state, "0" * 32)


def test_a_state_of_the_first_version_goes_on_as_it_would_have() -> None:
    """It kept one value that open branches hold; the newer one keeps all of them."""
    ways = flow("s f x e") + flow("f y e2")
    trial = Trial(
        bpmn(process("p", start(), parallel("f"), user("x"), user("y"), end(), end("e2"), ways)), data={"n": 0}
    )
    trial.complete("x", {"n": 1, "x": 1})
    content = orjson.loads(zstandard.decompress(trial.state))
    assert content["ended"] == {"n": [[[0]], [1]], "x": [[[]], [1]]}
    content |= {"version": 1, "ended": {"n": [[0], [1]], "x": [[], [1]]}}
    trial.state = zstandard.compress(orjson.dumps(content))
    trial.complete("y", {"y": 1})
    assert trial.data == {"n": 1, "x": 1, "y": 1}


def test_a_state_of_another_version_is_refused() -> None:
    trial = Trial(FIVE)
    other = zstandard.compress(zstandard.decompress(trial.state).replace(b'"version":4', b'"version":99'))
    with pytest.raises(ValueError, match="Expected a state of version 4, but got 99"):
        thaw(other, trial.specs, SandboxEngine(SANDBOX), TrialHost())


def test_compaction_keeps_forks_and_drops_what_has_ended() -> None:
    called = process("called", start("cs"), user("look"), end("ce"), flow("cs look ce"))
    xml = bpmn(
        process(
            "p",
            start(),
            script("one", "a = 1"),
            parallel("f"),
            script("two", "b = 2"),
            call("c", "called", mapping({"n": "b"}, {"m": "k"})),
            script("three", "d = 3"),
            user("x"),
            boundary("late", "x", timer(), False),
            user("y"),
            parallel("j"),
            user("z"),
            end(),
            end("e2"),
            flow("s one f two c three x j z e"),
            flow("f y j"),
            flow("late e2"),
        ),
        called,
    )
    trial = Trial(xml, called=("called",))
    trial.complete("look", {"k": 1})
    assert trial.look(lambda case: list(case.subprocesses)) == []
    specs = trial.look(lambda case: [task.task_spec.name for task in case.tasks.values()])
    assert specs == ["Start", "f", "y", "x.BoundaryEventSplit", "x", "late"]
    trial.fire("late").complete("y", {"a": 5}).complete("x")
    assert trial.data_of("z") == {"a": 5, "b": 2, "m": 1, "d": 3}


def test_compaction_changes_nothing_but_the_size() -> None:
    specs = parse_process({"p": FIVE}, "p")
    trial = Trial(FIVE, specs=specs, compacting=False).complete("a", {"k": 1}).complete("c")
    case = thaw(trial.state, specs, SandboxEngine(SANDBOX), TrialHost())
    before = [(task.id, task.data) for task in case.tokens()]
    compact(case)
    once = freeze(case)
    compact(case)
    assert freeze(case) == once
    assert len(once) < len(trial.state)
    assert [(task.id, task.data) for task in case.tokens()] == before
