"""Many scenarios at once: how each went, and what all of them together have passed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from engine.scenarios.coverage import Coverage, FileCoverage, find_stale, measure
from engine.scenarios.definitions import Definitions
from engine.scenarios.model import Scenario
from engine.scenarios.runner import Run, Runner


@dataclass(frozen=True)
class Suite:
    """How scenarios went. `files` tell what of each process and table they passed; `stale` are exceptions for what is
    passed all the same, or is not there.
    """

    runs: list[Run]
    files: list[FileCoverage]
    stale: list[str]

    @property
    def failures(self) -> list[Run]:
        """The scenarios that did not go as written."""
        return [run for run in self.runs if not run.has_passed]

    @property
    def is_covered(self) -> bool:
        """Whether nothing is left that no scenario passes."""
        return not self.stale and not any(one.gaps for one in self.files)


def run_suite(
    runner: Runner, scenarios: Iterable[Scenario], keys: Iterable[str], exceptions: Mapping[str, str]
) -> Suite:
    """Plays scenarios and measures the coverage of processes and tables, by key."""
    wanted = list(scenarios)
    continued = {scenario.continues.key for scenario in wanted if scenario.continues}
    runs = [runner.run(scenario, keep=scenario.key in continued) for scenario in wanted]
    passed = Coverage()
    for run in runs:
        passed |= run.coverage
    files = measure(runner.definitions, keys, passed, exceptions)
    return Suite(runs, files, find_stale(exceptions, files))


def list_all(definitions: Definitions) -> list[str]:
    """Every process and every table."""
    return [*definitions.processes, *definitions.tables]


def list_named(scenarios: Iterable[Scenario]) -> list[str]:
    """The processes and tables that scenarios are of, and the processes that take part beside them."""
    return list(dict.fromkeys(key for one in scenarios for key in (one.process or one.table, *one.beside)))
