"""Every element of BPMN with its variants: each diagram runs as the table says, or is refused as it says."""

import json
from itertools import chain
from pathlib import Path

import pytest

from engine.definitions.drawing import NotDrawable, check_drawing
from engine.definitions.findings import Finding, has_errors
from engine.definitions.lint import lint_files
from tests.engine.definitions.lint.build import CONTEXT
from tests.engine.language.support.page import TABLE, write_page
from tests.engine.language.support.rows import FILES, Row, find_path, find_sent, run_row
from tests.engine.language.trial import check_every_event

ROOT = Path(__file__).parents[3]
ROWS = {row.file: row for row in chain.from_iterable(TABLE.values())}
RUNNING = [row for row in ROWS.values() if not row.rule]
REFUSED = [row for row in ROWS.values() if row.rule]
# What the forms of the diagrams ask for.
FIELDS = {
    "ask": ("answer", "more"),
    "pay": ("paid", "amount", "more"),
    "each": ("answer", "vote"),
    **{name: (f"{name}_note",) for name in ("check", "ship", "note", "handle", "remind", "after")},
}


def make_form(name: str) -> bytes:
    asked = [{"type": "textfield", "key": key, "label": key, "i18n": {"en": {"label": key}}} for key in FIELDS[name]]
    return json.dumps({"type": "default", "schemaVersion": 19, "id": name, "components": asked}).encode()


AROUND = {**CONTEXT, **{f"forms/elements/{name}.form": make_form(name) for name in FIELDS}}


def lint(row: Row) -> list[Finding]:
    return lint_files({f"bpmn/elements/{row.file}.bpmn": row.xml}, context=AROUND)


def name_of(row: Row) -> str:
    return row.file


@pytest.mark.parametrize("row", RUNNING, ids=name_of)
def test_it_runs(row: Row) -> None:
    findings = lint(row)
    assert not has_errors(findings), findings
    for compacting, fresh_specs in ((True, False), (False, True)):
        trial = run_row(row, compacting=compacting, fresh_specs=fresh_specs)
        assert trial.host.incidents == []
        assert trial.is_done, trial.open_elements()
        assert find_path(trial) == row.path
        assert trial.data == row.data
        assert trial.outcome == row.outcome
        assert find_sent(trial) == row.sent
        check_every_event(trial)


@pytest.mark.parametrize("row", REFUSED, ids=name_of)
def test_it_is_refused(row: Row) -> None:
    named = [finding for finding in lint(row) if finding.rule == row.rule and finding.element == row.element]
    assert named
    for finding in named:
        assert finding.severity == "error"
        assert finding.message
        assert finding.message_zh


@pytest.mark.parametrize("row", RUNNING, ids=name_of)
def test_it_is_drawn_without_a_fault(row: Row) -> None:
    try:
        faults = [finding for finding in check_drawing(row.xml) if finding.severity == "error"]
    except NotDrawable as error:
        pytest.fail(str(error))
    assert faults == []


def test_every_diagram_has_a_row() -> None:
    assert {path.stem for path in FILES.glob("*.bpmn")} == set(ROWS)


def test_the_page_is_what_the_table_says() -> None:
    assert (ROOT / "docs" / "bpmn-support.md").read_text("utf-8") == write_page()
