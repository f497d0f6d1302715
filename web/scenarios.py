"""`./run scenarios`: plays scenario files and tells how they went, and what they leave out."""

import json
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from zoneinfo import ZoneInfo

from engine.commands.deployments import DefinitionInvalid
from engine.language.errors import EngineError
from engine.scenarios.definitions import Definitions
from engine.scenarios.model import Scenario
from engine.scenarios.reading import EXCEPTIONS, find_scenarios, read_exceptions, read_scenarios
from engine.scenarios.reporting import to_json, write_coverage, write_runs
from engine.scenarios.runner import Runner
from engine.scenarios.suite import Suite, list_all, list_named, run_suite
from engine.storage.settings import Settings
from web.repository import ROOT, read_definitions

JOBS_LOG = "engine.commands.work"


def run_scenarios(paths: list[Path], *, coverage: bool, as_json: bool) -> int:
    """Plays the scenarios at these paths, without any all of the repository; 1 if one fails, or with `coverage` if
    something is not passed.
    """
    try:
        suite = _play(Definitions(read_definitions()), paths)
    except DefinitionInvalid as refused:
        print("\n".join(f"{one.file}: {one.element}: {one.message}" for one in refused.findings), file=sys.stderr)
        return 1
    except EngineError as error:  # a scenario, a diagram or a table that cannot be read
        print(error, file=sys.stderr)
        return 1
    if not suite.runs:
        print("Expected scenarios, but there are none at these paths.", file=sys.stderr)
        return 1
    print("\n".join(_tell(suite, coverage=coverage, as_json=as_json)))
    return 1 if suite.failures or (coverage and not suite.is_covered) else 0


def _play(definitions: Definitions, paths: list[Path]) -> Suite:
    scenarios = read_shipped(definitions, paths)
    keys = list_named(scenarios) if paths else list_all(definitions)
    exceptions = {name: reason for name, reason in read_shipped_exceptions().items() if name.partition("/")[0] in keys}
    with _quietly(), Runner(definitions) as runner:
        return run_suite(runner, scenarios, keys, exceptions)


def read_shipped(definitions: Definitions, paths: list[Path]) -> list[Scenario]:
    """The scenarios at these paths, without any those of the repository. Raises ScenarioInvalid."""
    found = find_scenarios(paths or [ROOT / "bpmn"])
    return read_scenarios(found, definitions, ZoneInfo(Settings().timezone), ROOT)


def read_shipped_exceptions() -> dict[str, str]:
    """What the repository leaves out of the coverage, and why. Raises ScenarioInvalid."""
    files = sorted((ROOT / "bpmn").rglob(EXCEPTIONS))
    return {name: reason for path in files for name, reason in read_exceptions(path, ROOT).items()}


@contextmanager
def _quietly() -> Iterator[None]:
    """Without the log of jobs that fail: a provider that does not answer is part of a scenario."""
    log, level = logging.getLogger(JOBS_LOG), logging.getLogger(JOBS_LOG).level
    log.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        log.setLevel(level)


def _tell(suite: Suite, *, coverage: bool, as_json: bool) -> Iterator[str]:
    if as_json:
        yield json.dumps(to_json(suite), ensure_ascii=False, indent=1)
        return
    yield from write_runs(suite)
    if coverage:
        yield from write_coverage(suite)
