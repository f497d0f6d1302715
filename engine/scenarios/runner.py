"""Plays scenarios, each on a database of its own: a copy of one in which the definitions are deployed."""

import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from time import process_time
from types import TracebackType

import orjson

from engine.commands.deployments import deploy
from engine.definitions.catalogue import Catalogue
from engine.language.decisions import decide
from engine.language.sandbox import Sandbox
from engine.runtime.engine import Engine
from engine.scenarios.clock import START, ManualClock
from engine.scenarios.coverage import Coverage, cover_rows, cover_story
from engine.scenarios.definitions import Definitions
from engine.scenarios.failures import ScenarioFailed
from engine.scenarios.model import Place, Scenario
from engine.scenarios.playing import play
from engine.scenarios.stage import Stage
from engine.storage.actor import SYSTEM
from engine.storage.schema import upgrade_schema
from engine.storage.settings import Settings

MEMORY_DISK = Path("/dev/shm")  # where a commit does not wait for a disk


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
class _Left:
    """What a scenario left behind for those that continue it."""

    run: Run
    folder: Path | None
    at: datetime
    case_id: str | None


class Runner:
    """Deploys once and plays many scenarios; use it as a context manager, it cleans up after itself.

    The sandbox and whatever was parsed are shared by all databases, as in one server.
    """

    def __init__(self, definitions: Definitions, *, shared: "Runner | None" = None) -> None:
        self.definitions = definitions
        self._parent = shared
        self._home = Path(tempfile.mkdtemp(prefix="scenarios-", dir=_find_folder()))
        self._sandbox = shared._sandbox if shared else Sandbox()
        self._catalogue = shared._catalogue if shared else Catalogue()
        self._bases: dict[bytes, Path] = {}
        self._left: dict[str, _Left] = {}
        self._count = 0

    def __enter__(self) -> "Runner":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._parent is None:
            self._sandbox.close()
        shutil.rmtree(self._home, ignore_errors=True)

    def changed(self, files: Mapping[str, bytes]) -> "Runner":
        """A runner on which these files are deployed over the others; it shares everything that can be shared."""
        return Runner(self.definitions.with_files(files), shared=self)

    def run(self, scenario: Scenario) -> Run:
        """Plays a scenario; what it continues is played once for all that do."""
        return self._play(scenario).run

    def _play(self, scenario: Scenario) -> _Left:
        if scenario.key not in self._left:
            before = self._play(scenario.continues) if scenario.continues else None
            if before and not before.run.has_passed:
                self._left[scenario.key] = _fail_before(scenario, before)
            else:
                self._left[scenario.key] = (
                    self._play_case(scenario, before) if scenario.process else self._ask(scenario)
                )
        return self._left[scenario.key]

    def _ask(self, scenario: Scenario) -> _Left:
        """The cases of a decision table."""
        started, coverage, table = process_time(), Coverage(), self.definitions.tables[scenario.table]
        place, differences = None, list[str]()
        for case in scenario.cases:
            decision = decide(table, case.given, self._sandbox)
            coverage |= cover_rows(table.key, decision.matched)
            if decision.result != case.gives:
                differences.append(f"Expected {case.gives!r}, but got {decision.result!r}")
            if case.rows is not None and case.rows != decision.matched:
                differences.append(f"Expected row {', '.join(case.rows)}, but got {', '.join(decision.matched)}")
            if differences:
                place = case.place
                break
        run = Run(scenario, place, tuple(differences), coverage, process_time() - started)
        return _Left(run, None, START, None)

    def _play_case(self, scenario: Scenario, before: _Left | None) -> _Left:
        started = process_time()
        folder = self._copy(before.folder if before and before.folder else self._base(scenario.policy))
        clock = ManualClock(before.at if before else scenario.at or START)
        engine = self._open(folder, clock)
        stage = Stage(engine, clock, self.definitions, scenario.process, before.case_id if before else None)
        place, differences, coverage = None, tuple[str, ...](), Coverage()
        try:
            play(stage, scenario)
            coverage = cover_story(stage.story())
        except ScenarioFailed as failed:
            place, differences = failed.place, failed.differences
        finally:
            _close(engine)
        run = Run(scenario, place, differences, coverage, process_time() - started)
        return _Left(run, folder, clock(), stage.case_id)

    # --- databases --------------------------------------------------------------------------------------------------
    def _base(self, policy: Mapping[str, object]) -> Path:
        """A database in which the definitions are deployed, with another policy if one is wanted."""
        key = orjson.dumps(policy, option=orjson.OPT_SORT_KEYS)
        if key not in self._bases:
            if policy:
                path = self.definitions.policy_path
                assert path is not None
                folder = self._copy(self._base({}))
                self._deploy(folder, {path: orjson.dumps({**self.definitions.policy, **policy})})
            else:
                folder = self._make_base()
            self._bases[key] = folder
        return self._bases[key]

    def _make_base(self) -> Path:
        if self._parent is not None:
            folder = self._copy(self._parent._base({}))
            theirs = self._parent.definitions.files
            self._deploy(folder, {p: c for p, c in self.definitions.files.items() if theirs.get(p) != c})
            return folder
        folder = self._new_folder()
        engine = self._open(folder, ManualClock())
        upgrade_schema(engine.database)
        _close(engine)
        self._deploy(folder, self.definitions.files)
        return folder

    def _deploy(self, folder: Path, files: Mapping[str, bytes]) -> None:
        engine = self._open(folder, ManualClock())
        try:
            deploy(engine, SYSTEM, files)
            engine.database.transact(
                lambda unit: engine.catalogue.pin_newest(unit.connection)
            )  # the same for every copy
        finally:
            _close(engine)

    def _copy(self, folder: Path) -> Path:
        target = self._new_folder()
        shutil.copytree(folder, target, dirs_exist_ok=True)
        return target

    def _new_folder(self) -> Path:
        self._count += 1
        folder = self._home / str(self._count)
        folder.mkdir()
        return folder

    def _open(self, folder: Path, clock: ManualClock) -> Engine:
        engine = Engine(Settings(data_dir=folder), clock)
        engine.catalogue, engine.sandbox, engine.form_sandbox = self._catalogue, self._sandbox, self._sandbox
        return engine


def _close(engine: Engine) -> None:
    """All of an engine but the sandbox, which the others go on using."""
    engine.changes.close()
    engine.database.close()


def _find_folder() -> Path | None:
    return MEMORY_DISK if MEMORY_DISK.is_dir() and os.access(MEMORY_DISK, os.W_OK) else None


def _fail_before(scenario: Scenario, before: _Left) -> _Left:
    difference = f"{before.run.place}: the scenario it continues fails: {'; '.join(before.run.differences)}"
    run = Run(scenario, scenario.place, (difference,), Coverage(), 0.0)
    return _Left(run, None, before.at, None)
