"""Return to an earlier step."""

import pytest

from engine.language.moves import MoveRefused, move_token
from engine.storage.plain import PlainDict
from tests.engine.diagrams import (
    boundary,
    bpmn,
    catch,
    declare,
    end,
    flow,
    message,
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
from tests.engine.language.trial import Trial


def move(trial: Trial, source: str, target: str, data: PlainDict | None = None, index: int | None = None) -> Trial:
    values = trial.data_of(source) if data is None else data
    return trial.step(lambda case: move_token(case, case.find(source, index), target, values))


LINE = bpmn(
    process(
        "p",
        start(),
        user("a"),
        boundary("ba", "a", timer()),
        user("x"),
        script("m", "k = a1 + 1"),
        user("b"),
        user("q", multi("[1, 2]", "item")),
        boundary("bq", "q", timer(), False),
        user("y"),
        sub("sp", start("ss"), user("v"), user("w"), end("se"), flow("ss v w se")),
        user("c"),
        end(),
        end("e2"),
        end("e3"),
        flow("s a m b q sp c e"),
        flow("ba x e2"),
        flow("bq y e3"),
    )
)


def test_back_along_a_line_as_often_as_one_likes() -> None:
    trial = Trial(LINE).complete("a", {"a1": 1})
    for turn in range(20):
        trial.complete("b", {"b1": turn})
        move(trial, "q", "b", {"a1": 1, "k": 2}, index=0)
        assert trial.open_elements() == ["b"]
    assert trial.data_of("b") == {"a1": 1, "k": 2}
    for turn in range(20):
        move(trial, "b", "a", {})
        assert trial.open_elements() == ["a", "ba"]
        assert trial.data_of("ba") == {}
        trial.complete("a", {"a1": turn})
    assert trial.task_count < 6
    trial.complete("b").complete("q", {}, 0).complete("q", {}, 1).complete("v", {"v1": 1})
    move(trial, "w", "v")
    assert trial.open_elements() == ["sp", "v"]
    trial.complete("v", {"v1": 2})
    move(trial, "sp", "b", {"a1": 7, "k": 8})
    assert trial.open_elements() == ["b"]
    assert trial.log("cancelled")[-2:] in (
        [("cancelled", "w"), ("cancelled", "sp")],
        [("cancelled", "sp"), ("cancelled", "w")],
    )
    trial.complete("b", {"b1": "z"}).complete("q", {}, 0).complete("q", {}, 1).complete("v", {"v1": 3}).complete(
        "w"
    ).complete("c")
    assert trial.is_done
    assert trial.data == {"a1": 7, "k": 8, "b1": "z", "v1": 3}


def test_inside_a_branch_others_stay_and_the_join_counts_against_the_fork() -> None:
    xml = bpmn(
        process(
            "p",
            start(),
            parallel("f"),
            user("x1"),
            user("x2"),
            user("y"),
            parallel("j"),
            user("z"),
            end(),
            flow("s f x1 x2 j z e"),
            flow("f y j"),
        )
    )
    for order in ("first", "last"):
        trial = Trial(xml, data={"x": 0, "y": 0}).complete("x1", {"x": 1})
        if order == "first":
            trial.complete("y", {"y": 1})
        for k in range(3):
            move(trial, "x2", "x1", {"x": 0, "y": 0})
            trial.complete("x1", {"x": k})
        with pytest.raises(MoveRefused, match="open fork"):
            move(trial, "x2", "f")
        trial.complete("x2")
        if order == "last":
            trial.complete("y", {"y": 1})
        assert trial.open_elements() == ["z"]
        assert trial.data_of("z") == {"x": 2, "y": 1}
        move(trial, "z", "f", {"x": 0, "y": 0})
        assert trial.open_elements() == ["x1", "y"]


def test_what_is_refused() -> None:
    trial = Trial(LINE).complete("a", {"a1": 1}).complete("b").fire("bq")
    with pytest.raises(MoveRefused, match="y is open"):
        move(trial, "q", "b", index=0)
    for target in ("v", "nowhere", "Start", "q [child]"):
        with pytest.raises(MoveRefused, match="Expected an element of the same scope"):
            move(trial, "y", target)
    move(trial, "y", "y", {"fresh": True})
    assert trial.data_of("y") == {"fresh": True}
    assert trial.open_elements() == ["q", "q", "y"]


def test_off_an_event_gateway() -> None:
    xml = bpmn(
        process(
            "p",
            start(),
            user("a"),
            node("eventBasedGateway", "g"),
            catch("m", message("m_M"), baton__correlationKey="1"),
            catch("t", timer()),
            end(),
            end("e2"),
            flow("s a g m e"),
            flow("g t e2"),
        ),
        extra=declare("M"),
    )
    trial = move(Trial(xml).complete("a"), "m", "a")
    assert trial.open_elements() == ["a"]
    trial.complete("a").fire("t")
    assert trial.is_done
