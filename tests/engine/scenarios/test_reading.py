"""Scenario files are read strictly: whatever is misspelt or does not exist is said with file, line and path."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.scenarios.definitions import Definitions
from engine.scenarios.parts import ScenarioInvalid
from tests.engine.scenarios.small import BEGINNING, read, small
from tests.support.stage import ROOT
from web.repository import read_definitions

DEFINITIONS = Definitions(read_definitions())
SHIPPED = (ROOT / "bpmn/shared/scenarios/payout_overdue.yaml").read_text(encoding="utf-8")

WRONG = {
    "an unknown key": (BEGINNING + "opne: []\n", "8: opne: Expected one of", "(did you mean open?)"),
    "a key twice": (BEGINNING + "open: []\nopen: []\n", "9: open: Expected every name once", ""),
    "no end": (BEGINNING, "1: Expected outcome, or what is open at the end", ""),
    "no YAML": ("name: [1\nb: 2\n", "2: Expected YAML, but", ""),
    "nothing": ("# later\n", "1: Expected a scenario, but the file is empty", ""),
    "aliases without end": ("a: &a [*a]\n", "1: Expected at most 20000 values", ""),
    "too deep": ("a: " + "[" * 1_500, "1: Expected a file for people to read", ""),
    "a control character": ("name: \x00\n", "1: Expected YAML, but", ""),
    "an unknown process": (BEGINNING.replace("trial\n", "trail\n"), "2: process: Expected a process", "trail"),
    "an unknown element": (BEGINNING + "open: [fil]\n", "8: open[1]: Expected an element", "(did you mean fill?)"),
    "another kind of element": (BEGINNING + "open: [gw]\n", "8: open[1]: Expected a userTask", "exclusiveGateway"),
    "an unknown person": (
        BEGINNING + "steps:\n  - {complete: fill, by: anne}\nopen: []\n",
        "9: steps[1].by: Expected one of the people",
        "(did you mean ann?)",
    ),
    "an unknown field": (
        BEGINNING + "steps:\n  - complete: fill\n    by: ann\n    form: {nota: x}\nopen: []\n",
        "11: steps[1].form.nota: Expected a field of the form trial/note",
        "(did you mean note?)",
    ),
    "an unknown step": (BEGINNING + "steps:\n  - wiat: P1D\nopen: []\n", "9: steps[1]: Expected a step", "wait"),
    "no duration": (BEGINNING + "steps:\n  - wait: 3 days\nopen: []\n", "9: steps[1].wait: Expected an ISO 8601", ""),
    "no timer": (BEGINNING + "steps:\n  - wait_until_due: arrived\nopen: []\n", "9: steps[1].wait_until_due", "none"),
    "an unknown command": (
        BEGINNING + "steps:\n  - {command: take_ordre, by: ann}\nopen: []\n",
        "9: steps[1].command: Expected one of",
        "(did you mean take_order?)",
    ),
    "a parameter that is missing": (
        BEGINNING + "steps:\n  - {command: open_dispute, by: ann}\nopen: []\n",
        "9: steps[1]: Expected reason under `with`",
        "",
    ),
    "an unknown role": (BEGINNING.replace("rita: {as: platform", "rita: {as: plattform"), "5: people.rita.as", ""),
    "no organisation": (
        BEGINNING.replace("ann: person", "ann: {as: enterprise_finance, of: acme}"),
        "4: people.ann",
        "",
    ),
    "no amount": (
        BEGINNING + "ledger: {escrow: 1.005}\nopen: []\n",
        "8: ledger.escrow: Expected an amount in yuan",
        "",
    ),
    "an unknown table": (BEGINNING + "rows: {partys: []}\nopen: []\n", "8: rows.partys: Expected a table", "party?"),
    "an unknown column": (
        BEGINNING + "rows: {party: {nam: x}}\nopen: []\n",
        "8: rows.party.nam: Expected a column",
        "",
    ),
    "an unknown policy": (BEGINNING + "policy: {answer_day: P1D}\nopen: []\n", "8: policy.answer_day", ""),
    "an unknown beginning": ("name: {zh: a, en: b}\ncontinues: x\nopen: []\n", "2: continues: Expected a scenario", ""),
    "round and round": ("name: {zh: a, en: b}\ncontinues: trial\nopen: []\n", "1: continues: Expected scenarios", ""),
    "a start of what has begun": (
        "name: {zh: a, en: b}\ncontinues: base\nat: 2026-11-23T10:00\nopen: []\n",
        "3: at: Expected at only where the case begins, in base.yaml",
        "",
    ),
    "an unknown table of decisions": (
        "name: {zh: a, en: b}\ntable: x\ncases: []\n",
        "2: table: Expected a decision table, but there is no x",
        "",
    ),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong_is_said_with_file_line_and_path(tmp_path: Path, what: str) -> None:
    definitions = small()
    read(tmp_path, BEGINNING + "open: []\n", definitions, "base")
    text, beginning, more = WRONG[what]
    with pytest.raises(ScenarioInvalid) as refused:
        read(tmp_path, text, definitions)
    said = str(refused.value)
    assert said.startswith(f"scenarios/trial.yaml:{beginning}"), said
    assert more in said


def test_values_are_what_yaml_says_and_typed_texts_stay_as_they_are_written(tmp_path: Path) -> None:
    text = BEGINNING.replace("peer: x", 'peer: {a: no, b: "1", c: 1, d: [true, null, 1.5]}')
    typed = "steps:\n  - complete: fill\n    by: ann\n    form: {note: 0123, amount_fen: 1.50}\nopen: []\n"
    scenario = read(tmp_path, text + typed, small())
    assert scenario.start is not None
    assert scenario.start.values["peer"] == {"a": "no", "b": "1", "c": 1, "d": [True, None, 1.5]}
    assert getattr(scenario.steps[0], "form", None) == {"note": ("0123",), "amount_fen": ("1.50",)}


@settings(max_examples=150)
@given(st.integers(0, 10_000), st.integers(0, 12), st.text("{}[]:-#&*!|>'\n\t $0a", max_size=4))
def test_no_file_causes_anything_but_an_error_with_its_place(at: int, count: int, put: str) -> None:
    at %= len(SHIPPED)
    text = SHIPPED[:at] + put + SHIPPED[at + count :]
    with TemporaryDirectory() as folder:
        refused = None
        try:
            read(Path(folder), text, DEFINITIONS)
        except ScenarioInvalid as error:
            refused = error
    assert refused is None or (refused.file, refused.line > 0) == ("scenarios/trial.yaml", True)
