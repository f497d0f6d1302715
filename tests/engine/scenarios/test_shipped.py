"""The scenarios beside the shipped diagrams: they hold, they leave nothing out, and they notice every fault."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.language.expressions import unwrap
from engine.scenarios.coverage import FileCoverage, list_reached
from engine.scenarios.definitions import Definitions
from engine.scenarios.model import Scenario
from engine.scenarios.mutants import Mutant, find_survivors, list_mutants
from engine.scenarios.reporting import write_coverage, write_runs
from engine.scenarios.runner import Runner
from engine.scenarios.suite import Suite, list_all, list_named, run_suite
from tests.support.stage import ROOT
from web.repository import read_definitions
from web.scenarios import read_shipped, read_shipped_exceptions


@pytest.fixture(scope="module")
def definitions() -> Definitions:
    return Definitions(read_definitions())


@pytest.fixture(scope="module")
def scenarios(definitions: Definitions) -> list[Scenario]:
    return read_shipped(definitions, [])


def test_scenarios_hold_cover_everything_and_notice_every_fault(
    definitions: Definitions, scenarios: list[Scenario], pytestconfig: pytest.Config
) -> None:
    """One test, for each part needs the one before: the runs, what they pass together, and what they notice.

    Faults are every flipped condition of a gateway, every row of a table that is gone, and every test of a row that is
    opened to anything. A condition flipped as a whole sends every scenario that passes it another way; without
    `--long` only what is easier to miss is tried: its parts, and the tables.
    """
    with Runner(definitions) as runner:
        suite = run_suite(runner, scenarios, list_all(definitions), read_shipped_exceptions())
        assert suite.failures == [], "\n".join(write_runs(suite))
        assert suite.is_covered, "\n".join(write_coverage(suite))
        _check_hire_order(definitions, suite)
        mutants = list_mutants(definitions, list_all(definitions))
        assert {mutant.name for mutant in mutants} >= set(_list_conditions(definitions))
        if not pytestconfig.getoption("long"):
            mutants = [mutant for mutant in mutants if mutant.gateway is None or not _is_whole(mutant)]
        survivors = find_survivors(runner, suite.runs, mutants)
    assert [str(mutant) for mutant in survivors] == []


def _is_whole(mutant: Mutant) -> bool:
    """Whether a condition was flipped as a whole."""
    return mutant.fault.endswith(f"not ({unwrap(mutant.fault.split(' → ')[0]).strip()})")


def _check_hire_order(definitions: Definitions, suite: Suite) -> None:
    """The hire order and all it calls and asks, without a single exception."""
    wanted = list_reached(definitions, ["hire_order"])
    assert set(wanted) >= {"hire_order", "service_case", "secure_funds", "platform_review", "payout", "cancel_hire"}
    files: list[FileCoverage] = [one for one in suite.files if one.key in wanted]
    assert [target.name for one in files for target in one.targets if not target.is_passed] == []


def _list_conditions(definitions: Definitions) -> Iterator[tuple[str, str]]:
    """Every flow out of an exclusive or inclusive gateway that is not its default."""
    for (process, flow_id), flow in definitions.elements.items():
        source = definitions.elements.get((process, flow.source or ""))
        if flow.kind == "sequenceFlow" and source and source.kind in ("exclusiveGateway", "inclusiveGateway"):
            xml = definitions.files[definitions.paths[process]].decode()
            if f'default="{flow_id}"' not in xml and xml.count(f'sourceRef="{source.id}"') > 1:
                yield process, flow_id


def test_every_shipped_process_and_table_has_scenarios_of_its_own(
    definitions: Definitions, scenarios: list[Scenario]
) -> None:
    assert set(list_named(scenarios)) == set(list_all(definitions))


def test_scenarios_lie_beside_what_they_are_of(definitions: Definitions, scenarios: list[Scenario]) -> None:
    for scenario in scenarios:
        folder = Path(definitions.paths[scenario.process or scenario.table]).parent
        assert Path(scenario.place.file).parent == folder / "scenarios"
        assert (ROOT / scenario.place.file).is_file()
