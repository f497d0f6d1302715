"""What a step writes down."""

from engine.storage.plain import PlainDict
from tests.engine.diagrams import (
    boundary,
    bpmn,
    end,
    flow,
    multi,
    node,
    parallel,
    parameters,
    process,
    script,
    service,
    start,
    sub,
    timer,
    user,
)
from tests.engine.language.trial import Trial


def shorten(events: list[PlainDict]) -> list[PlainDict]:
    """Without ids."""
    return [{k: v for k, v in event.items() if k not in ("task", "scope", "base")} for event in events]


def test_a_step_in_full() -> None:
    xml = bpmn(process("p", start(), user("u"), script("b", "n = n + 1"), user("v"), end(), flow("s u b v e")))
    trial = Trial(xml, data={"n": 1, "kept": [1]})
    assert shorten(trial.steps[0]) == [
        {"kind": "entered", "element": "s", "set": {"n": 1, "kept": [1]}},
        {"kind": "completed", "element": "s"},
        {"kind": "entered", "element": "u"},
    ]
    trial.complete("u", {"typed": True})
    assert shorten(trial.steps[1]) == [
        {"kind": "completed", "element": "u", "set": {"typed": True}},
        {"kind": "entered", "element": "b"},
        {"kind": "completed", "element": "b", "set": {"n": 2}},
        {"kind": "entered", "element": "v"},
    ]
    entered = trial.steps[1][1]
    assert entered["base"] == trial.steps[1][0]["task"]
    assert "scope" not in entered


def test_an_interruption() -> None:
    inner = sub("sp", start("ss"), user("x"), end("se"), flow("ss x se"))
    xml = bpmn(
        process("p", start(), inner, boundary("late", "sp", timer()), end(), end("e2"), flow("s sp e"), flow("late e2"))
    )
    trial = Trial(xml).fire("late")
    assert shorten(trial.steps[1]) == [
        {"kind": "completed", "element": "late"},
        {"kind": "cancelled", "element": "sp"},
        {"kind": "cancelled", "element": "x"},
        {"kind": "entered", "element": "e2"},
        {"kind": "completed", "element": "e2"},
    ]
    x = next(e for e in trial.events if e["element"] == "x")
    assert x["scope"] == next(e["task"] for e in trial.events if e["element"] == "sp")


def test_a_join() -> None:
    xml = bpmn(
        process(
            "p", start(), parallel("f"), user("x"), user("y"), parallel("j"), end(), flow("s f x j e"), flow("f y j")
        )
    )
    trial = Trial(xml).complete("x", {"a": 1}).complete("y", {"b": 2})
    assert shorten(trial.steps[1]) == [
        {"kind": "completed", "element": "x", "set": {"a": 1}},
        {"kind": "entered", "element": "j"},
    ]
    assert shorten(trial.steps[2])[:4] == [
        {"kind": "completed", "element": "y", "set": {"b": 2}},
        {"kind": "entered", "element": "j"},
        {"kind": "joined", "element": "j"},
        {"kind": "completed", "element": "j", "set": {"a": 1}},
    ]


def test_instances_have_an_index_and_a_body() -> None:
    xml = bpmn(process("p", start(), user("u", multi("items", "i", outputs=("out", "o"))), end(), flow("s u e")))
    trial = Trial(xml, data={"items": ["a", "b"]})
    assert shorten(trial.steps[0])[2:] == [
        {"kind": "entered", "element": "u", "body": True},
        {"kind": "entered", "element": "u", "index": 0, "set": {"out": [], "i": "a"}},
        {"kind": "entered", "element": "u", "index": 1, "set": {"out": [], "i": "b"}},
        {"kind": "data", "element": "u", "set": {"out": []}},
    ]
    trial.complete("u", {"o": 5}, 1)
    assert shorten(trial.steps[1]) == [
        {"kind": "completed", "element": "u", "set": {"o": 5}},
        {"kind": "data", "element": "u", "set": {"out": [5]}},
    ]


def test_what_an_operator_gives_is_told_as_he_gave_it() -> None:
    """Also a long list that has all the former values, which may be the very same objects: small numbers are."""

    def act(numbers: list[int]) -> PlainDict:
        if len(numbers) < 21:
            raise ZeroDivisionError
        return {}

    asked = service("v", "act", parameters(inputs={"numbers": "${numbers}"}))
    trial = Trial(
        bpmn(process("p", start(), asked, end(), flow("s v e"))), data={"numbers": [*range(20)]}, topics={"act": act}
    )
    trial.step(lambda case: case.fix(case.find("v"), {"numbers": [*range(21)]}, {"reason": "one more"}))
    [told] = [one for one in trial.steps[1] if one["kind"] == "fixed"]
    assert (told["set"], "grown" in told) == ({"numbers": [*range(21)]}, False)
    assert trial.retry("v").is_done


def test_a_failure_keeps_the_token() -> None:
    def act() -> PlainDict:
        raise ZeroDivisionError

    xml = bpmn(process("p", start(), service("v", "act"), node("task", "t"), end(), flow("s v t e")))
    trial = Trial(xml, topics={"act": act})
    assert shorten(trial.steps[0])[2:] == [
        {"kind": "entered", "element": "v"},
        {"kind": "failed", "element": "v", "error": "ZeroDivisionError"},
    ]


def test_nothing_happens_nothing_is_written() -> None:
    trial = Trial(bpmn(process("p", start(), user("u"), end(), flow("s u e"))))
    trial.step(lambda case: case.do_engine_steps())
    assert trial.steps[1] == []
