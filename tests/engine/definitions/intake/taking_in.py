"""What a deployment does with one file, and what happens to it afterwards: checked, and run where it may run."""

import json
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from random import Random

from engine.commands.deployments import read_candidates
from engine.definitions.drawing import NotDrawable, complete_drawing
from engine.definitions.findings import Finding, has_errors
from engine.definitions.forms import parse_form
from engine.definitions.lint import lint_files
from engine.language.decisions import DecisionError, decide, parse_decisions
from engine.language.parser import parse_process
from engine.language.sandbox import SandboxBudgetExceeded
from engine.language.workflow import Case
from engine.storage.plain import Plain
from tests.engine.definitions.forms.support import fill
from tests.engine.language.trial import SANDBOX, Trial

STEPS = 3


def take_in(path: str, content: bytes, context: Mapping[str, bytes], chance: Random) -> list[Finding]:
    """The findings. A file without errors is run a little; anything but findings or success raises."""
    findings = lint_files({path: content}, context=context)
    for finding in findings:
        assert finding.file == path, finding
        assert finding.element, finding
        assert finding.message.strip(), finding
        assert finding.message_zh.strip(), finding
        json.dumps(finding.to_json()).encode()
        str(finding).encode()  # no half characters: it goes to pages and terminals
    if path.endswith(".bpmn"):
        with suppress(NotDrawable):
            complete_drawing(content)
    if not has_errors(findings):
        _run(path, content, context, chance)
    return findings


def _run(path: str, content: bytes, context: Mapping[str, bytes], chance: Random) -> None:
    for candidate in read_candidates(path, content):
        json.dumps([candidate.key, candidate.name_zh, candidate.name_en]).encode()
        if path.endswith(".bpmn"):
            _play(candidate.key, {**context, path: content})
        elif path.endswith(".form"):
            _fill_in(candidate.key, content, chance)
    if path.endswith(".dmn"):
        _decide(content, chance)


def _play(key: str, files: Mapping[str, bytes]) -> None:
    """Starts a case and takes a few steps, each through the saved state; what fails is an incident of the case."""
    sources = {
        candidate.key: content
        for path, content in files.items()
        if path.endswith(".bpmn")
        for candidate in read_candidates(path, content)
    }
    specs = parse_process(sources, key)
    starts = [each.name for each in specs.spec.start.outputs]
    trial = Trial(b"", key, specs=specs, start_event=starts[-1] if len(starts) > 1 else None)
    for _ in range(STEPS):
        open_ids = trial.look(lambda case: [task.id for task in case.tokens() if task.task_spec.manual])
        if open_ids:
            trial.step(partial(_complete, open_ids[0]))
        elif due := trial.dues():
            trial.fire(min(due))


def _complete(task_id: str, case: Case) -> None:
    case.complete(case.get_task_from_id(task_id), {})


def _decide(content: bytes, chance: Random) -> None:
    samples: list[Plain] = [None, True, 0, 7, -1.5, "", "x", "2026-01-01", [], {}, ["x"]]
    for table in parse_decisions(content):
        for _ in range(STEPS):
            try:
                decide(table, {name: chance.choice(samples) for name in table.names}, SANDBOX)
            except (DecisionError, SandboxBudgetExceeded) as error:
                str(error).encode()


def _fill_in(key: str, content: bytes, chance: Random) -> None:
    """Shown empty, then sent with answers nobody would give."""
    form = parse_form(key, content)
    fill(form)
    answers = ["", "x", "0", "-1", "1e9", "on", "2026-02-30", "😀", "x" * 5_000, "\x00"]
    fill(form, {name: chance.choice(answers) for name in form.variables}).validate()
