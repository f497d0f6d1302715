"""Bombs of XML and JSON are refused at once, in bounded memory, and nothing outside the file is read."""

import subprocess
import sys
from contextlib import suppress

import pytest

from engine.definitions.drawing import NotDrawable, complete_drawing
from engine.definitions.findings import Finding, has_errors
from engine.definitions.lint import lint_files
from engine.language.model import MAX_BYTES
from tests.engine.definitions.intake.bombs import BPMN, DMN, JSON, XML
from tests.support.effort import takes_at_most

LIMIT_SECONDS = 0.1
GROW_LITTLE = """
import resource
from engine.definitions.lint import lint_files
from tests.engine.definitions.intake.test_bombs import FILES
pages = int(open("/proc/self/statm").read().split()[0])
most = pages * resource.getpagesize() + 100_000_000
resource.setrlimit(resource.RLIMIT_AS, (most, most))
for path, content in FILES.values():
    lint_files({path: content})
"""
FILES = {
    **{f"bpmn: {name}": ("bpmn/a/a.bpmn", content) for name, content in XML.items()},
    **{f"dmn: {name}": ("bpmn/a/a.dmn", content.replace(BPMN.encode(), DMN.encode())) for name, content in XML.items()},
    **{f"form: {name}": ("forms/a/a.form", content) for name, content in JSON.items()},
    **{f"policy: {name}": ("bpmn/shared/policy.json", content) for name, content in JSON.items()},
}
# Odd, but a policy may hold them.
ALLOWED = {"policy: many components"}


@pytest.mark.parametrize("name", FILES)
def test_a_bomb_is_refused_at_once(name: str) -> None:
    path, content = FILES[name]
    lint_files({path: b""})  # imports and caches are not its fault
    reports: list[list[Finding]] = []
    assert takes_at_most(LIMIT_SECONDS, lambda: reports.append(lint_files({path: content})))
    findings = reports[-1]
    assert has_errors(findings) != (name in ALLOWED)
    _check(findings)


@pytest.mark.parametrize("name", XML)
def test_it_is_not_drawn_either(name: str) -> None:
    content = XML[name]
    if len(content) > MAX_BYTES:  # refused before
        return

    def draw() -> None:
        with suppress(NotDrawable):
            assert complete_drawing(content) == content

    assert takes_at_most(2 * LIMIT_SECONDS, draw)


def test_memory_is_bounded() -> None:
    """All of them, one after the other, in a process that may not grow much."""
    done = subprocess.run([sys.executable, "-c", GROW_LITTLE], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def _check(findings: list[Finding]) -> None:
    for finding in findings:
        assert finding.element
        assert len(finding.message) < 1_000
        assert "root:" not in finding.message  # /etc/passwd
