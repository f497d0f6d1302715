"""How scenarios went, as text for people and as JSON for machines."""

from collections.abc import Iterator

from engine.scenarios.coverage import FLOWS, NODES, ROWS, FileCoverage, Target
from engine.scenarios.runner import Run
from engine.scenarios.suite import Suite
from engine.storage.plain import Plain, PlainDict

_KINDS = (NODES, FLOWS, ROWS)


def write_runs(suite: Suite) -> Iterator[str]:
    """A line for each scenario, and of those that fail where and why."""
    for run in suite.runs:
        yield f"{'ok  ' if run.has_passed else 'FAIL'}  {run.scenario.key}  {run.scenario.name_en}"
        if not run.has_passed:
            yield f"      {run.place}"
            yield from (f"      {difference}" for difference in run.differences)
    seconds = sum(run.seconds for run in suite.runs)
    yield f"{len(suite.runs) - len(suite.failures)} of {len(suite.runs)} scenarios pass ({seconds:.1f} s of work)"


def write_coverage(suite: Suite) -> Iterator[str]:
    """A line for each process and table, and one for each gap."""
    for one in suite.files:
        counts = [(kind, *one.count(kind)) for kind in _KINDS]
        yield f"{one.key}: " + ", ".join(f"{kind} {passed}/{total}" for kind, passed, total in counts if total)
        for target in one.targets:
            if not target.is_passed:
                yield f"  {_describe(target)}"
    yield from (f"{name} is an exception, but it is passed, or it is not there" for name in suite.stale)


def to_json(suite: Suite) -> PlainDict:
    """The whole as plain data."""
    return {
        "scenarios": [_run(run) for run in suite.runs],
        "coverage": [_file(one) for one in suite.files],
        "stale_exceptions": [*suite.stale],
    }


def _describe(target: Target) -> str:
    name = target.label_en or target.label_zh
    if target.exception is not None:
        return f"left out: {target.name[1]} ({name}): {target.exception}"
    return f"no scenario passes {target.name[1]} ({name})"


def _run(run: Run) -> Plain:
    facts: PlainDict = {
        "key": run.scenario.key,
        "name": {"zh": run.scenario.name_zh, "en": run.scenario.name_en},
        "passed": run.has_passed,
        "seconds": round(run.seconds, 3),
    }
    if run.place is not None:
        facts |= {"file": run.place.file, "line": run.place.line, "path": run.place.path}
        facts["differences"] = [*run.differences]
    return facts


def _file(one: FileCoverage) -> Plain:
    counts: PlainDict = {}
    for kind in _KINDS:
        passed, total = one.count(kind)
        if total:
            counts[kind] = {"passed": passed, "total": total}
    parts: list[Plain] = [
        {
            "id": target.name[1],
            "kind": target.kind,
            "name": {"zh": target.label_zh, "en": target.label_en},
            "exception": target.exception,
        }
        for target in one.targets
        if not target.is_passed
    ]
    return {"key": one.key, "file": one.path, **counts, "not_passed": parts}
