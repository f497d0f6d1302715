"""The command line: files are drawn in place, errors set the exit status."""

from pathlib import Path

import pytest

from engine.definitions.drawing import has_drawing, lay_out
from engine.definitions.drawing.__main__ import main
from tests.engine.definitions.drawing.models import LINE, SUB_PROCESS


def test_files_are_drawn_in_place_and_pass_the_check(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first, second = tmp_path / "first.bpmn", tmp_path / "second.bpmn"
    first.write_bytes(LINE)
    second.write_bytes(SUB_PROCESS)
    assert main(["lay-out", str(first), str(second)]) == 0
    assert has_drawing(first.read_bytes())
    assert second.read_bytes() == lay_out(SUB_PROCESS)
    assert main(["check", str(first), str(second)]) == 0
    assert "warning aspect_ratio process: Expected aspect ratio of at most 4.3" in capsys.readouterr().out


def test_the_sub_processes_to_collapse_are_named(tmp_path: Path) -> None:
    file = tmp_path / "file.bpmn"
    file.write_bytes(SUB_PROCESS)
    assert main(["lay-out", str(file), "--collapse", "phase"]) == 0
    assert file.read_bytes() == lay_out(SUB_PROCESS, ["phase"])


def test_errors_are_printed_and_set_the_exit_status(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "file.bpmn"
    file.write_bytes(LINE)
    assert main(["check", str(file)]) == 1
    assert f"{file}: error missing_di start: Expected start to be drawn" in capsys.readouterr().out


def test_a_file_that_cannot_be_drawn_stays_as_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "file.bpmn"
    file.write_bytes(b"<a/>")
    assert main(["lay-out", str(file)]) == 1
    assert file.read_bytes() == b"<a/>"
    assert f"{file}: Expected a BPMN document" in capsys.readouterr().err
