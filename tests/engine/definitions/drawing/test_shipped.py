"""Every diagram that ships passes the checker; sources that are there to be drawn have no shapes at all."""

from pathlib import Path

import pytest

from engine.definitions.drawing import check_drawing, complete_drawing

ROOT = Path(__file__).parents[4]
FOLDERS = ("bpmn", "docs", "tests")
# What other products wrote, and files that are no BPMN.
FOREIGN = ROOT / "tests" / "engine" / "definitions" / "intake" / "data"
# Refused for a flow into another scope, which no drawing has.
CROSSING = ROOT / "tests" / "engine" / "language" / "elements" / "flow_into_a_sub_process.bpmn"
FILES = sorted(
    path
    for folder in FOLDERS
    for path in (ROOT / folder).rglob("*.bpmn")
    if not path.is_relative_to(FOREIGN) and path != CROSSING
)


def test_the_processes_are_among_them() -> None:
    assert len([path for path in FILES if path.is_relative_to(ROOT / "bpmn")]) >= 6


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_its_drawing_has_no_errors(path: Path) -> None:
    content = path.read_bytes()
    if b"BPMNShape" not in content and not path.is_relative_to(ROOT / "bpmn"):
        content = complete_drawing(content)
    errors = [f"{found.element}: {found.message}" for found in check_drawing(content) if found.severity == "error"]
    assert errors == []
