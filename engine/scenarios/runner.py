"""Plays scenarios, each on a database of its own, and tells how they went."""

from collections.abc import Callable
from copy import copy
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from time import process_time
from types import TracebackType

from engine.language.decisions import decide
from engine.language.errors import EngineError
from engine.scenarios.clock import START, ManualClock
from engine.scenarios.comparing import compare_decision
from engine.scenarios.coverage import Coverage, cover_rows, cover_stories
from engine.scenarios.databases import Databases
from engine.scenarios.definitions import Definitions, Name
from engine.scenarios.failures import ScenarioFailed
from engine.scenarios.model import Place, Scenario
from engine.scenarios.playing import play
from engine.scenarios.stage import Stage


@dataclass(frozen=True)
class Run:
    """How a scenario went: what is wrong, with where it is written; what it passed; its seconds of work, without
    those of the scenario it continues.
    """

    scenario: Scenario
    place: Place | None
    differences: tuple[str, ...]
    coverage: Coverage
    seconds: float

    @property
    def has_passed(self) -> bool:
        """Whether everything was as expected."""
        return not self.differences


@dataclass(frozen=True)
class _Played:
    """A scenario that was played, and where those that continue it go on; no folder: it was not kept."""

    run: Run
    folder: Path | None = None
    at: datetime = START
    case_id: str | None = None


def _nothing(_stage: Stage) -> None:
    return None


class Runner:
    """Deploys definitions once and plays many scenarios; a context manager that cleans up after itself.

    `look` sees the stage of every scenario that was played as it is written.
    """

    def __init__(self, definitions: Definitions, look: Callable[[Stage], None] = _nothing) -> None:
        self.definitions = definitions
        self._look = look
        self._databases = Databases(definitions)
        self._played: dict[str, _Played] = {}

    def __enter__(self) -> "Runner":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._databases.close()

    def with_table(self, path: str, content: bytes) -> "Runner":
        """The same with another decision table, for the scenarios of tables. It is not to be closed."""
        others = copy(self)
        others.definitions, others._played = self.definitions.with_files({path: content}), {}
        return others

    def with_diagram(self, path: str, content: bytes, gateway: Name) -> "Runner":
        """The same with other conditions at a gateway. It is not to be closed.

        What was played and did not pass the gateway would go as it went; those that continue it go on from there.
        """
        others = copy(self)
        others._databases = self._databases.spoiled(path, content)
        others._played = {key: one for key, one in self._played.items() if gateway not in one.run.coverage.passed}
        return others

    def run(self, scenario: Scenario, *, keep: bool = True) -> Run:
        """Plays a scenario. What it continues is played once for all that do, if it is kept."""
        return self._find(scenario, keep=keep).run

    def _find(self, scenario: Scenario, *, keep: bool) -> _Played:
        played = self._played.get(scenario.key)
        if played is None or (keep and played.folder is None and played.run.has_passed and scenario.process):
            played = self._play(scenario, keep=keep) if scenario.process else self._ask(scenario)
            self._played[scenario.key] = played
        return played

    def _play(self, scenario: Scenario, *, keep: bool) -> _Played:
        before = self._find(scenario.continues, keep=True) if scenario.continues else None
        if before and not before.run.has_passed:
            text = f"{before.run.place}: the scenario it continues fails: {'; '.join(before.run.differences)}"
            return _Played(Run(scenario, scenario.place, (text,), Coverage(), 0.0))
        started, databases = process_time(), self._databases
        folder = databases.copy(before.folder if before and before.folder else databases.base(scenario.policy))
        clock = ManualClock(before.at if before else scenario.at or START)
        engine = databases.open(folder, clock)
        stage = Stage(engine, clock, self.definitions, scenario.process, before.case_id if before else None)
        place, differences, coverage = None, tuple[str, ...](), Coverage()
        try:
            play(stage, scenario)
            coverage = cover_stories(stage.stories())
            self._look(stage)
        except ScenarioFailed as failed:
            place, differences = failed.place, failed.differences
        finally:
            databases.put_away(engine)
        run = Run(scenario, place, differences, coverage, process_time() - started)
        if keep:
            return _Played(run, folder, clock(), stage.case_id)
        databases.drop(folder)
        return _Played(run)

    def _ask(self, scenario: Scenario) -> _Played:
        """The cases of a decision table."""
        started, coverage, table = process_time(), Coverage(), self.definitions.tables[scenario.table]
        place, differences = None, list[str]()
        for case in scenario.cases:
            place = case.place
            try:
                decision = decide(table, case.given, self._databases.sandbox)
            except EngineError as error:
                differences.append(str(error))
                break
            coverage |= cover_rows(table.key, decision.matched)
            differences += compare_decision(case, decision)
            if differences:
                break
        seconds = process_time() - started
        return _Played(Run(scenario, place if differences else None, tuple(differences), coverage, seconds))
