"""`./run scenarios`: what it prints, and its exit code."""

import json
from pathlib import Path

import pytest

from tests.support.stage import ROOT
from web.cli import main

FUNDS = ROOT / "bpmn/shared/scenarios"


def play(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Exit code, output and error output."""
    code = main(["scenarios", *arguments])
    printed = capsys.readouterr()
    return code, printed.out, printed.err


def test_scenarios_that_pass_are_counted_and_leave_gaps(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = play(capsys, str(FUNDS / "funds_there.yaml"))
    assert code == 0
    assert out.splitlines()[0].startswith("ok    bpmn/shared/scenarios/funds_there  Money that is there")
    assert "1 of 1 scenarios pass" in out
    code, out, _ = play(capsys, str(FUNDS / "funds_there.yaml"), "--coverage")
    assert code == 1
    assert "secure_funds: nodes 9/22" in out
    assert "no scenario passes top_up (Top up)" in out


def test_what_fails_is_told_with_its_place_and_as_json(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "funds.yaml"
    text = (FUNDS / "funds_there.yaml").read_text(encoding="utf-8")
    path.write_text(text.replace("escrow: 100.00", "escrow: 99.99"), encoding="utf-8")
    code, out, _ = play(capsys, str(path))
    assert code == 1
    assert "Expected the escrow to hold 99.99, but it holds 100.00" in out
    code, out, _ = play(capsys, str(path), "--json")
    found = json.loads(out)
    assert code == 1
    (one,) = found["scenarios"]
    assert (one["passed"], one["path"], one["differences"][0][:19]) == (False, "ledger", "Expected the escrow")
    (funds,) = found["coverage"]
    assert funds["file"] == "bpmn/shared/secure_funds.bpmn"


def test_what_cannot_be_read_or_is_not_there_is_said(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "wrong.yaml").write_text("nmae: x\n", encoding="utf-8")
    code, _, err = play(capsys, str(tmp_path / "wrong.yaml"))
    assert code == 1
    assert "wrong.yaml:1: nmae: Expected one of" in err
    code, _, err = play(capsys, str(tmp_path))
    assert (code, err) == (1, "Expected scenarios, but there are none at these paths.\n")
