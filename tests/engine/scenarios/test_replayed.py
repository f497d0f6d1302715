"""Whatever the shipped scenarios do, every case of them is the same when it is played again."""

import pytest

from engine.scenarios.definitions import Definitions
from engine.scenarios.runner import Runner
from engine.scenarios.stage import Stage
from tests.support.replays import replay_everything
from web.repository import read_definitions
from web.scenarios import read_shipped

FEWEST_CASES = 500  # seen: 516


@pytest.mark.long
def test_every_case_of_every_scenario_is_the_same() -> None:
    definitions, counts = Definitions(read_definitions()), list[int]()

    def look(stage: Stage) -> None:
        results = replay_everything(stage.engine)
        assert [one for one in results if not one.is_same] == []
        counts.append(len(results))

    with Runner(definitions, look) as runner:
        for scenario in read_shipped(definitions, []):
            assert runner.run(scenario).has_passed, scenario.place
    assert sum(counts) >= FEWEST_CASES
