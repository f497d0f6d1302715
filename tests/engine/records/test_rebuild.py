"""Tokens and data at any event, from the events alone."""

import sys

from engine.records.rebuild import Picture, rebuild
from engine.storage.plain import PlainDict
from tests.engine.language.test_workflow import big
from tests.engine.language.trial import Trial, check_every_event, describe_tokens


def test_a_change_counts_against_the_base_and_then_against_itself() -> None:
    events: list[PlainDict] = [
        {"kind": "entered", "task": "1", "element": "a", "set": {"x": 1, "y": [1]}},
        {"kind": "data", "task": "1", "element": "a", "set": {"x": 2}},
        {"kind": "completed", "task": "1", "element": "a", "gone": ["y"], "set": {"z": 3}},
        {"kind": "entered", "task": "2", "element": "b", "base": "1", "scope": "9", "index": 4, "body": True},
        {"kind": "failed", "task": "2", "element": "b", "error": "boom"},
    ]
    pictures = [rebuild(events[:n]) for n in range(6)]
    assert pictures[0].tokens() == []
    assert pictures[1].tokens()[0].data == {"x": 1, "y": [1]}
    assert pictures[2].tokens()[0].data == {"x": 2, "y": [1]}
    assert pictures[3].tokens() == []
    assert pictures[3].data_of("1") == {"x": 2, "z": 3}
    [token] = pictures[5].tokens()
    assert (token.element, token.scope, token.index, token.is_body, token.is_failed) == ("b", "9", 4, True, True)
    assert token.data == {"x": 2, "z": 3}
    assert not pictures[4].tokens()[0].is_failed


def test_a_picture_in_between_is_that_of_the_step() -> None:
    trial = Trial(big(wrapped=True), called=("called",))
    seen, counts = [describe_tokens(trial.picture.tokens())], [len(trial.events)]
    for index in (2, 0):
        trial.complete("review", {"vote": index}, index)
        seen.append(describe_tokens(trial.picture.tokens()))
        counts.append(len(trial.events))
    for tokens, count in zip(seen, counts, strict=True):
        assert describe_tokens(rebuild(trial.events[:count]).tokens()) == tokens
    check_every_event(trial)


def test_a_keyframe_needs_only_what_is_in_the_state() -> None:
    trial = Trial(big(wrapped=False), called=("called",))
    for _ in range(2):
        for index in (0, 1, 2):
            trial.complete("review", {"vote": index}, index)
        trial.complete("check")
    kept = trial.look(lambda case: [task_id for scope in case.scopes for task_id in scope.tasks])
    frame, cut = rebuild(trial.events).keyframe(kept), len(trial.events)
    assert len(str(frame)) < 6000
    trial.complete("check").fire("late").complete("escalate")
    assert rebuild(trial.events[cut:], frame).tokens() == trial.picture.tokens()
    assert isinstance(Picture(frame), Picture)


def test_it_knows_nothing_of_the_engine() -> None:
    names = vars(sys.modules["engine.records.rebuild"]).values()
    assert not any(getattr(value, "__module__", "").startswith(("SpiffWorkflow", "engine.language")) for value in names)
