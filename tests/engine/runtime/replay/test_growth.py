"""Lists that only grew: told as what came in, in older cases whole; both are the same case."""

from collections.abc import Iterator
from copy import deepcopy

import pytest

from bench import world
from bench.diagrams import many_people
from bench.multi_instance import begin, list_waiting
from engine.records.rebuild import TOKEN_KINDS, change_data
from engine.runtime.engine import Engine
from engine.runtime.replay import RecordedCase, Target, read_cases, replay
from engine.storage.plain import PlainDict

SEATS = 24


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with world.open_engine(many_people()) as engine:
        yield engine


@pytest.fixture(scope="module")
def played(engine: Engine) -> RecordedCase:
    """A case of many seats, all of them answered."""
    instance_id = begin(engine, SEATS, "active")
    for task_id in list_waiting(engine, instance_id):
        world.complete(engine, task_id)
    with engine.database.read() as connection:
        [case] = read_cases(connection, [instance_id])
    return case


def test_it_is_the_same_however_history_told_it(engine: Engine, played: RecordedCase) -> None:
    assert any("grown" in event for step in played.steps for event in step.events)
    older = tell_whole(played)
    assert not any("grown" in event for step in older.steps for event in step.events)
    for case in (played, older):
        found = replay(case, Target(engine), engine.sandbox)
        assert found.is_same, found.difference


def test_another_value_would_be_noticed(engine: Engine, played: RecordedCase) -> None:
    other = deepcopy(played)
    step, event = [(step, event) for step in other.steps for event in step.events if "grown" in event][2]
    grown = event["grown"]
    assert isinstance(grown, dict)
    results = grown["results"]
    assert isinstance(results, dict)
    event["grown"] = {"results": dict.fromkeys(results, "something else")}
    found = replay(other, Target(engine), engine.sandbox).difference
    assert found is not None
    assert found.seq == step.seq
    assert found.before == "something else"


def tell_whole(case: RecordedCase) -> RecordedCase:
    """The case as it was written down before."""
    case, data = deepcopy(case), dict[str, PlainDict]()
    for step in case.steps:
        for event in step.events:
            if event["kind"] in TOKEN_KINDS:
                change_data(data, event)
                if grown := event.pop("grown", None):
                    assert isinstance(grown, dict)
                    whole = data[str(event["task"])]
                    changed = event.get("set", {})
                    assert isinstance(changed, dict)
                    event["set"] = changed | {name: whole[name] for name in grown}
    return case
