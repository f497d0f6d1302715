"""What the verbs of `./run` say."""

import io
import json
import shutil
from pathlib import Path

import pytest

from tests.support.stage import ROOT
from web.cli import main


def test_a_deployment_of_what_is_deployed_says_so(
    deployed_sqlite: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(deployed_sqlite, tmp_path / "data")
    monkeypatch.setenv("BATON_DATA_DIR", str(tmp_path / "data"))
    table = next((ROOT / "bpmn").rglob("*.dmn"))
    assert main(["deploy", str(table)]) == 0
    assert capsys.readouterr().out.startswith("Nothing new")


def test_a_diagram_outside_the_repository_knows_the_forms_that_ship(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stray = tmp_path / "stray.bpmn"
    shutil.copyfile(ROOT / "bpmn" / "shared" / "secure_funds.bpmn", stray)
    assert main(["lint", str(stray)]) == 0, capsys.readouterr().out


def test_expressions_are_answered_line_by_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = b'{"kind": "expr", "code": "a + 1", "data": {"a": 1}}\n\nnonsense\n{"kind": "script", "code": "b = 2"}\n'
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(lines)))
    assert main(["expr"]) == 0
    value, refusal, data = map(json.loads, capsys.readouterr().out.splitlines())
    assert (value, data) == ({"ok": True, "value": 2}, {"ok": True, "data": {"b": 2}})
    assert refusal["ok"] is False


@pytest.mark.parametrize("verb", ["web", "worker"])
def test_many_processes_are_refused_on_sqlite(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    monkeypatch.setenv("BATON_DATA_DIR", str(tmp_path))
    assert main([verb]) == 1
    assert "PostgreSQL" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
